"""Check files and folders: read, judge, mark; one bad file never stops the others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attendance.errors import OutputFailed
from attendance.faults import Problem, only_here, problem_of
from attendance.parallel import as_iterator, in_order
from attendance.records import Decision
from attendance.register.recording import record_faces
from attendance.reviewing import purge
from attendance.sources import PassedOver, Source, expand

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.app import Attendance
    from enroll.face import Face

ShowPicture = Callable[[Source, Any, Sequence[Decision]], None]
Complain = Callable[[Problem], None]


class Check:
    """One run over files; makes marks in ``session`` (None: the day's own) unless it is a dry run.

    ``show`` gets every picture (H, W, 3) uint8 RGB with its decisions, ``complain`` every source that could
    not be used, ``done`` each one that was looked at; ``annotated`` tells where the annotated copy of a video goes
    (None: nowhere).
    """

    def __init__(
        self,
        app: "Attendance",
        *,
        session: str | None,
        group: str | None,
        dry_run: bool,
        complain: Complain,
        show: ShowPicture | None,
        status: Callable[[str], None],
        done: Callable[[Source], None],
        annotated: "Callable[[Source], Path | None]",
        workers: int,
    ) -> None:
        self._app = app
        self._session = session
        self._group = group
        self._dry_run = dry_run
        self._complain = complain
        self._show = show
        self._status = status
        self._done = done
        self._annotated = annotated
        self._workers = workers

    def run(self, paths: "Sequence[Path]") -> Iterator[Decision]:
        """One decision a face, in the order of the files."""
        if not self._dry_run:
            purge(self._app)
        found = []
        for each in expand(paths):
            if isinstance(each, PassedOver):
                self._status(each.line)
            else:
                found.append(each)
        for item, faces in in_order(self._faces, found, min(self._workers, len(found))):
            where = item.shown if isinstance(item, Source) else item.where
            try:
                yield from self._one(item, faces)
                if isinstance(item, Source):
                    self._done(item)
            except Exception as error:  # noqa: BLE001 - one bad file never stops the others
                self._complain(problem_of(error, where))

    def _one(self, item: "Source | Exception", faces: "Callable[[], tuple[Any, list[Face]]]") -> Iterable[Decision]:
        if isinstance(item, Exception):
            raise item
        return self._video(item) if item.kind == "video" else self._picture(item, *faces())

    def _faces(self, item: "Source | Exception") -> "tuple[Any, list[Face]]":
        if isinstance(item, Exception) or item.kind == "video":
            return None, []
        from enroll.photo import read_photo

        pixels = read_photo(item.path).pixels
        models = self._app.pipeline
        with only_here(item.shown):
            return pixels, models.faces(pixels)

    def _picture(self, source: Source, pixels: Any, faces: "list[Face]") -> list[Decision]:
        decisions = self._judged(source, faces) if self._dry_run else self._recorded(source, faces)
        self._drawn(source, pixels, decisions)
        if not faces:
            self._complain(_no_face(source.shown, pixels))
        return decisions

    def _judged(self, source: Source, faces: "list[Face]") -> list[Decision]:
        return self._app.judge(faces, source=source.shown, group=self._group)

    def _recorded(self, source: Source, faces: "list[Face]") -> list[Decision]:
        if not faces:
            return self._app.record_picture([], self._session, how="file")
        return record_faces(self._app, faces, source=source.shown, group=self._group, session=self._session)

    def _drawn(self, source: Source, pixels: Any, decisions: Sequence[Decision]) -> None:
        """Show the picture; where that fails the marks are made already, so the decisions come out all the same."""
        if self._show is None:
            return
        try:
            self._show(source, pixels, decisions)
        except OutputFailed as error:
            self._complain(problem_of(error, source.shown))

    def _video(self, source: Source) -> Iterator[Decision]:
        from attendance.services.watching import check_video

        def run(emit: Callable[[Decision], None], stop: Callable[[], bool]) -> None:
            self._app.pipeline  # noqa: B018 - models that do not load end the run, not this video alone
            with only_here(source.shown):
                check_video(
                    self._app,
                    source.path,
                    session=self._session,
                    group=self._group,
                    dry_run=self._dry_run,
                    annotate=self._annotated(source),
                    emit=emit,
                    status=self._status,
                    stop=stop,
                )

        return as_iterator(run)


def _no_face(where: str, pixels: Any) -> Problem:
    from enroll.pipeline import no_face

    return problem_of(no_face(where, pixels), where)
