"""A video file or a camera, from its first frame to its last, with whoever is to see and hear of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from attendance.cameras import Address, Camera, ProcessCamera, parse_address
from attendance.errors import SourceCut
from attendance.live import Asking, CameraFeed, Decided, Event, FileFeed, LiveSummary, Place, Run
from attendance.live.ports import Desk as LiveDesk
from attendance.parallel import as_iterator
from attendance.paths import shown_path
from attendance.records import Decision
from attendance.scope import ANYWHERE, Scope
from attendance.show.status import CameraStatus, FileStatus, Say, in_words
from attendance.show.viewers import Canvas, FilmViewer, WindowViewer
from attendance.writing import refuse_source

if TYPE_CHECKING:
    from attendance.judge.decision import Policy
    from attendance.live.living import Wanted
    from attendance.services.desk import Desk
    from attendance.settings import Settings
    from attendance.show.window import Window

Emit = Callable[[Decision], object]
Stop = Callable[[], bool]

CAMERA_FILM_FPS: Final = 12.5  # of the annotated film of a camera, which has no rate of its own


class CameraDesk(LiveDesk, Protocol):
    """A desk before cameras, whose settings also tell how to treat them."""

    @property
    def settings(self) -> "Settings":
        """The settings in force."""
        ...

    def policy(self, scope: Scope, /, *, track: bool = False) -> "Policy":
        """The numbers to judge by, photos or tracks."""
        ...


def video_run(desk: "Desk", path: Path, scope: Scope = ANYWHERE) -> Run:
    """A run over every frame of a video file; one decision a track.

    Unless it is a dry run, the session's report counts as absent whom nobody saw. It fails with SourceMissing,
    SourceUnsupported, SourceNoFrames, what the models, judging and marking raise, and, when all that could be read
    is judged and told, SourceCut. Of its tracks is asked what the setting `liveness_files` says.
    """
    asking = asking_of(desk.settings, desk.settings.liveness_files)
    return Run(Place(shown_path(path), "file"), scope, FileFeed(path, desk.clock), desk, asking)


def camera_run(
    desk: CameraDesk,
    address: str | Address,
    scope: Scope = ANYWHERE,
    *,
    camera: Camera | None = None,
    distrust: tuple[str, ...] = (),
) -> Run:
    """A run before a camera, until it ends or the run is stopped; `camera` stands in for the one of the address.

    Of its tracks is asked what the setting `liveness` says; `distrust` are reasons against the camera itself.

    Unless it is a dry run, the session's report counts as absent whom nobody saw, from the first picture on. It fails
    with a CameraError, and with what judging and marking raise. Raises CameraAddress at once.
    """
    found = parse_address(address) if isinstance(address, str) else address
    settings = desk.settings
    camera = camera or ProcessCamera(
        found, desk.clock, stall_s=settings.camera_stall_s, retry_max_s=settings.camera_retry_max_s
    )
    name = found.shown if scope.place is None else scope.place.name
    place = Place(name, repeat_s=settings.duplicate_window_s)
    return Run(place, scope, CameraFeed(camera), desk, asking_of(settings, settings.liveness, distrust))


def asking_of(settings: "Settings", wanted: str, distrust: tuple[str, ...] = ()) -> Asking:
    """What is asked of tracks nobody can be told to turn their head by: `liveness` or `liveness_files`."""
    return Asking(cast("Wanted", wanted), settings.liveness_wait_s, distrust=distrust)


def check_video(
    desk: "Desk",
    path: Path,
    scope: Scope = ANYWHERE,
    *,
    annotate: Path | None = None,
    emit: Emit,
    status: Say,
    stop: Stop,
) -> LiveSummary:
    """Do a `video_run`; each decision goes to `emit`. Raises what it fails with, and OutputFailed."""
    if annotate is not None:
        refuse_source(annotate, path, "video")
    run = video_run(desk, path, scope)
    name = shown_path(path.name)
    progress = FileStatus(name, status, desk.clock)
    with ExitStack() as stack:
        _hear(run, emit, stop)
        if annotate is not None:
            run.subscribe(stack.enter_context(FilmViewer(annotate, Canvas())), vital=True)
        run.subscribe(progress)
        try:
            run.run()
        except SourceCut:
            status(f"{name}: {in_words(replace(run.summary, state='ended'))}")
            raise
        _warn_if_short(name, run.summary, status)
    status(f"{name}: {in_words(run.summary)}")
    return run.summary


def run_camera(
    desk: CameraDesk,
    address: str | Address,
    scope: Scope = ANYWHERE,
    *,
    window: bool = True,
    annotate: Path | None = None,
    emit: Emit,
    status: Say,
    stop: Stop,
    camera: Camera | None = None,
) -> LiveSummary:
    """Do a `camera_run` until it ends, the user closes the window, or `stop` says so; decisions go to `emit`.

    Raises what it fails with, and OutputFailed. Whatever ends it, Ctrl-C included, the capture process is killed;
    unless judging or marking failed, the tracks seen are reported.
    """
    run = camera_run(desk, address, scope, camera=camera)
    name, canvas = run.place.name, Canvas()
    with ExitStack() as stack:
        _hear(run, emit, stop)
        if annotate is not None:
            run.subscribe(stack.enter_context(FilmViewer(annotate, canvas, CAMERA_FILM_FPS)), vital=True)
        if window and (pane := stack.enter_context(_window(status))) is not None:
            run.subscribe(WindowViewer(pane, canvas, run.stop))
        run.subscribe(CameraStatus(name, status, desk.clock, lambda: _opening_words(desk, scope)))
        run.run()
    status(f"{name}: {in_words(run.summary)}")
    return run.summary


def decisions_of(
    desk: "CameraDesk | Callable[[], AbstractContextManager[CameraDesk]]",
    address: str | Address,
    scope: Scope = ANYWHERE,
    *,
    status: Say | None = None,
    device: Camera | None = None,
) -> Iterator[Decision]:
    """Do a `run_camera` without a window, as an iterator; left, it ends. Raises CameraAddress at once.

    A desk that holds for a while is entered for the time of the run.
    """
    found = parse_address(address) if isinstance(address, str) else address

    def run(emit: Emit, stop: Stop) -> None:
        say = status or (lambda _: None)
        with desk() if callable(desk) else nullcontext(desk) as working:
            run_camera(working, found, scope, window=False, emit=emit, status=say, stop=stop, camera=device)

    return as_iterator(run)


def _hear(run: Run, emit: Emit, stop: Stop) -> None:
    """Hand decisions to `emit`, whose failure ends the run, and ask `stop` after each event."""

    def hear(event: Event) -> None:
        if isinstance(event, Decided):
            emit(event.decision)
        if stop():
            run.stop()

    run.subscribe(hear, vital=True)


def _warn_if_short(name: str, summary: LiveSummary, status: Say) -> None:
    if summary.state == "ended" and not summary.is_whole:
        status(f"{name}: the file ends after {summary.frames} of {summary.declared} frames; it may be cut")


@contextmanager
def _window(status: Say) -> "Iterator[Window | None]":
    from attendance.show.window import Window, why_no_window

    if reason := why_no_window():
        status(f"no window: {reason}")
        yield None
        return
    window = Window()
    try:
        yield window
    finally:
        window.close()


def _opening_words(desk: CameraDesk, scope: Scope) -> str:
    """What tracks are judged by there: their threshold lies above that of photos."""
    policy = desk.policy(scope, track=True)
    people = "1 person" if policy.gallery_size == 1 else f"{policy.gallery_size} people"
    target = f"for a target FPIR of {100 * policy.target_fpir:.2g}% a track"
    origin = "set by hand" if policy.overridden else target
    judged = f"encoder {desk.pipeline.encoder.id}, {people} enrolled, threshold {policy.threshold:.3f} {origin}"
    return f"{judged}, liveness {desk.settings.liveness}"
