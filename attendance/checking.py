"""Check files and folders: read, judge, mark; one bad file never stops the others."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attendance.faults import Problem, problem_of
from attendance.parallel import in_order
from attendance.records import Decision
from attendance.sources import Source, expand

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.app import Attendance
    from enroll.face import Face

ShowPicture = Callable[[Source, Any, Sequence[Decision]], None]
Complain = Callable[[Problem], None]


class Check:
    """One run over files; makes marks in ``session`` (None: the day's own) unless it is a dry run.

    ``show`` gets every picture (H, W, 3) uint8 RGB with its decisions, ``complain`` every source that could
    not be used; ``video`` checks one video file.
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
        video: Callable[[Source], Iterator[Decision]],
        workers: int,
    ) -> None:
        self._app = app
        self._session = session
        self._group = group
        self._dry_run = dry_run
        self._complain = complain
        self._show = show
        self._video = video
        self._workers = workers

    def run(self, paths: "Sequence[Path]") -> Iterator[Decision]:
        """One decision a face, in the order of the files."""
        found = list(expand(paths))
        for item, faces in in_order(self._faces, found, min(self._workers, len(found))):
            where = item.label if isinstance(item, Source) else item.where
            try:
                if isinstance(item, Exception):
                    raise item
                yield from self._video(item) if item.kind == "video" else self._picture(item, *faces())
            except Exception as error:  # noqa: BLE001 - one bad file never stops the others
                self._complain(problem_of(error, where))

    def _faces(self, item: "Source | Exception") -> "tuple[Any, list[Face]]":
        if isinstance(item, Exception) or item.kind == "video":
            return None, []
        from enroll.photo import read_photo

        pixels = read_photo(item.path).pixels
        return pixels, self._app.pipeline.faces(pixels)

    def _picture(self, source: Source, pixels: Any, faces: "list[Face]") -> list[Decision]:
        decisions = self._app.judge(faces, source=source.label, group=self._group)
        if not self._dry_run:
            self._app.note_check("file", self._session)
            decisions = [self._app.record(decision, self._session, how="file") for decision in decisions]
        if self._show is not None:
            self._show(source, pixels, decisions)
        if not faces:
            self._complain(_no_face(source.label))
        return decisions


def _no_face(where: str) -> Problem:
    from enroll.errors import NoFace

    return problem_of(NoFace(where, "no face was found"), where)
