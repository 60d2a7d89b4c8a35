"""A video file or a camera, from its first frame to its last: watch it, mark, show and report."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.cameras import Address, Camera, CameraState, Frame, ProcessCamera, VideoReader, parse_address
from attendance.errors import SourceCut
from attendance.records import Decision
from attendance.watch import Watcher
from attendance.writing import refuse_source

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.film import Film
    from attendance.marks import How
    from attendance.window import Window

Emit = Callable[[Decision], None]
Say = Callable[[str], None]
Stop = Callable[[], bool]

STATUS_S: Final = 5.0
POLL_S: Final = 0.1
NOTE_S: Final = 30.0  # the longest that a new day waits to be noted as one on which people were looked for
CAMERA_FILM_FPS: Final = 12.5  # of the annotated film of a camera, which has no rate of its own


@dataclass(frozen=True, slots=True)
class LiveSummary:
    """How a run went: frames seen, faces judged, people newly marked, tracks of strangers, and how it ended.

    `marked` counts, in a dry run, those who would have been. `state` is "ended" or "stopped".
    """

    frames: int
    judged: int
    marked: int
    unknown: int
    fps: float
    state: str


def check_video(
    app: "Attendance",
    path: Path,
    *,
    session: str | None = None,
    group: str | None = None,
    dry_run: bool = False,
    annotate: Path | None = None,
    emit: Emit,
    status: Say,
    stop: Stop,
) -> LiveSummary:
    """Check every frame of a video file; one decision a track goes to `emit`.

    Unless it is a dry run, the session's report counts as absent whom nobody saw. Raises SourceMissing,
    SourceUnsupported, SourceNoFrames, OutputFailed, what judging and marking raise, and, when all that could be
    read is judged and told, SourceCut.
    """
    name = _text(path)
    if annotate is not None:
        refuse_source(annotate, path, "video")
    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(path, app.clock))
        run = _Run(app, name, session, group, dry_run=dry_run, how="file", emit=emit, window_s=None)
        cut = None
        try:
            ended = _read(run, reader, stack, annotate, _text(path.name), status, stop)
        except SourceCut as error:
            ended, cut = True, error
        run.watcher.finish()
        summary = run.summary("ended" if ended else "stopped")
        if ended and cut is None and summary.frames < 0.9 * reader.declared:
            status(
                f"{_text(path.name)}: the file ends after {summary.frames} of {reader.declared} frames; it may be cut"
            )
    status(f"{_text(path.name)}: {_in_words(summary)}")
    if cut is not None:
        raise cut
    return summary


def _read(
    run: "_Run", reader: VideoReader, stack: ExitStack, annotate: Path | None, name: str, status: Say, stop: Stop
) -> bool:
    """Take frames until the file ends (True) or the user does (False)."""
    for frame in reader:
        if run.frames == 0 and annotate is not None:
            run.film = stack.enter_context(_film(annotate, reader.fps))
        run.see(frame)
        if run.due():
            status(f"{name}: frame {run.frames} of {reader.declared or '?'}, {run.recent_fps():.0f} frames/s")
        if stop():
            return False
    return True


def run_camera(
    app: "Attendance",
    address: str | Address,
    *,
    session: str | None = None,
    group: str | None = None,
    dry_run: bool = False,
    window: bool = True,
    annotate: Path | None = None,
    emit: Emit,
    status: Say,
    stop: Stop,
    camera: Camera | None = None,
) -> LiveSummary:
    """Watch a camera until it ends, the user closes the window, or `stop` says so.

    Unless it is a dry run, the session's report counts as absent whom nobody saw, from the first picture on.
    Raises a CameraError (as `ProcessCamera` does), OutputFailed, and what judging and marking raise. Whatever
    ends it, Ctrl-C included, the capture process is killed and the tracks seen are reported.
    """
    place = parse_address(address) if isinstance(address, str) else address
    camera = camera or ProcessCamera(
        place, app.clock, stall_s=app.settings.camera_stall_s, retry_max_s=app.settings.camera_retry_max_s
    )
    run = _Run(
        app, place.shown, session, group, dry_run=dry_run, how=None, emit=emit,
        window_s=app.settings.duplicate_window_s,
    )  # fmt: skip
    with ExitStack() as stack:
        stack.callback(camera.close)
        camera.open()
        if annotate is not None:
            run.film = stack.enter_context(_film(annotate, CAMERA_FILM_FPS))
        if window:
            run.window = stack.enter_context(_window(status))
        status(_opening_words(app, group))
        try:
            ended = _watch(run, camera, place.shown, status, stop)
        except KeyboardInterrupt:
            run.watcher.finish()
            raise
        run.watcher.finish()
    summary = run.summary("ended" if ended else "stopped")
    status(f"{place.shown}: {_in_words(summary)}")
    return summary


def _watch(run: "_Run", camera: Camera, name: str, status: Say, stop: Stop) -> bool:
    """Take frames until the camera ends (True) or the user does (False)."""
    said = (CameraState.CLOSED, "")
    while not stop():
        frame = camera.newest(POLL_S)
        state = (camera.state, camera.detail)
        if state != said:
            said = state
            status(f"camera {name} {': '.join(filter(None, state))}")
            if state[0] in (CameraState.OFFLINE, CameraState.FROZEN):
                run.watcher.finish()  # whoever was there is not seen any more
        if state[0] is CameraState.ENDED and frame is None:
            return True
        if not (run.idle() if frame is None else run.see(frame)):
            return False
        if frame is not None and run.due():
            status(f"camera {name} {state[0]}, {run.recent_fps():.0f} frames/s, {run.marked} marked")
    return False


class _Run:
    """What happens with each frame and each settled decision of one source."""

    def __init__(
        self,
        app: "Attendance",
        name: str,
        session: str | None,
        group: str | None,
        *,
        dry_run: bool,
        how: "How | None",
        emit: Emit,
        window_s: float | None,
    ) -> None:
        self._app, self._session, self._dry_run, self._how = app, session, dry_run, how
        self._emit, self._window_s = emit, window_s
        self.watcher = Watcher(app, source=name, group=group, report=self._report)
        self.film: Film | None = None
        self.window: Window | None = None
        self.frames = self.marked = self.unknown = 0
        self._noted = float("-inf")
        self._told: dict[str, float] = {}
        self._moments: list[str] = []
        self._begun = self._spoke = app.clock.monotonic()
        self._recent: deque[float] = deque(maxlen=60)

    def see(self, frame: Frame) -> bool:
        """Watch one frame; False when the window's user wants to stop."""
        self._note()
        self.frames += 1
        self._recent.append(self._app.clock.monotonic())
        self.watcher.see(frame)
        if self.film is None and self.window is None:
            return True
        from attendance.draw import draw

        picture = draw(frame.pixels, self.watcher.labels(frame.time))
        if self.film is not None:
            self.film.add(picture, frame.time)
            for moment in self._moments:
                self.film.still(picture, moment)
        self._moments.clear()
        return self.window is None or self.window.show(picture)

    def _note(self) -> None:
        """Note with the first picture, and again now and then as a new day is a new session, that we look."""
        now = self._app.clock.monotonic()
        if not self._dry_run and now - self._noted >= NOTE_S:
            self._noted = now
            self._app.note_check(self._how or "camera", self._session)

    def idle(self) -> bool:
        """Let the window answer while no frame comes; False when its user wants to stop."""
        return self.window is None or self.window.alive()

    def due(self) -> bool:
        """Whether it is time for a status line."""
        now = self._app.clock.monotonic()
        if now - self._spoke < STATUS_S:
            return False
        self._spoke = now
        return True

    def recent_fps(self) -> float:
        """Frames a second, of the last few."""
        span = self._recent[-1] - self._recent[0] if len(self._recent) > 1 else 0.0
        return (len(self._recent) - 1) / span if span > 0 else 0.0

    def summary(self, state: str) -> LiveSummary:
        """How it went."""
        seconds = self._app.clock.monotonic() - self._begun
        fps = self.frames / seconds if seconds > 0 else 0.0
        return LiveSummary(self.frames, self.watcher.judged, self.marked, self.unknown, fps, state)

    def _report(self, decision: Decision) -> Decision:
        """Mark, count, and tell; returns the decision as it was recorded."""
        if not self._dry_run:
            decision = self._app.record(decision, self._session, how=self._how)
        self.marked += decision.decision == "present"
        self.unknown += decision.decision == "unknown"
        if not self._is_repeat(decision):
            if decision.decision in {"present", "already"}:
                self._moments.append(f"track{decision.track}-{decision.decision}")
            self._emit(decision)
        return decision

    def _is_repeat(self, decision: Decision) -> bool:
        """Whether this person before this camera was told of a short while ago."""
        if self._window_s is None or decision.person is None or decision.decision not in {"present", "already"}:
            return False
        now = self._app.clock.monotonic()
        last = self._told.get(decision.person.id)
        if last is not None and now - last < self._window_s:
            return True
        self._told[decision.person.id] = now
        return False


@contextmanager
def _film(path: Path, fps: float) -> "Iterator[Film]":
    from attendance.film import Film

    with Film(path, fps) as film:
        yield film


@contextmanager
def _window(status: Say) -> "Iterator[Window | None]":
    from attendance.window import Window, why_no_window

    if reason := why_no_window():
        status(f"no window: {reason}")
        yield None
        return
    window = Window()
    try:
        yield window
    finally:
        window.close()


def _opening_words(app: "Attendance", group: str | None) -> str:
    policy = app.policy(group)
    people = "1 person" if policy.gallery_size == 1 else f"{policy.gallery_size} people"
    return (
        f"encoder {app.pipeline.encoder.id}, {people} enrolled, "
        f"threshold {policy.threshold:.3f} for a false alarm in {100 * policy.target_fpir:g} % of strangers"
    )


def _in_words(summary: LiveSummary) -> str:
    faces = f"{summary.marked} marked, {summary.unknown} unknown" if summary.judged else "no face that can be judged"
    return f"{summary.state} after {summary.frames} frames, {summary.fps:.0f} frames/s: {faces}"


def _text(path: Path | str) -> str:
    from attendance.sources import label

    return label(path)
