"""Check files and folders: read, judge, mark; one bad file never stops the others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import OutputFailed
from attendance.faults import Problem, only_here, problem_of
from attendance.parallel import as_iterator, in_order, worker_count
from attendance.records import Decision
from attendance.sources import PassedOver, Source, expand

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from attendance.access import Actor
    from attendance.scope import Scope
    from attendance.services.desk import Desk
    from enroll.face import Face

ShowPicture = Callable[[Source, Any, Sequence[Decision]], None]
Complain = Callable[[Problem], None]


NOT_ASKED: Final = "liveness is not asked of files (setting liveness_files)"


def silent(_: object) -> None:
    """Hear, and say nothing."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who hears of a check besides whoever takes its decisions.

    ``complain`` hears of every source that could not be used, ``show`` gets every picture (H, W, 3) uint8 RGB with
    its decisions, ``status`` a video's progress, ``done`` each source that was looked at; ``annotated`` tells where
    the annotated copy of a video goes (None: nowhere).
    """

    complain: Complain | None = None
    show: ShowPicture | None = None
    status: Callable[[str], object] = silent
    done: Callable[[Source], object] = silent
    annotated: "Callable[[Source], Path | None]" = silent


class Checks:
    """Checks pictures, folders and videos."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk

    @needs("faces.judge")
    def run(
        self,
        actor: "Actor",
        sources: "Sequence[Path | str | bytes]",
        scope: "Scope",
        hooks: Hooks | None = None,
        *,
        workers: int | None = None,
        covers: "tuple[datetime, datetime] | None" = None,
    ) -> Iterator[Decision]:
        """Judge every face of the sources, and mark who is present unless it is a dry run; one decision a face.

        A source that cannot be used goes to ``hooks.complain``; without one, the first such error is raised at the
        end, when all the others are done. Bytes are a picture, named "bytes" with its number. The sources together
        show the time that they ``cover`` of a day gone by: it is noted once all of them have been looked through.
        """
        wanted, problems = hooks or Hooks(), list[Problem]()
        heard = replace(wanted, complain=wanted.complain or problems.append)
        desk = self._desk.by(actor)
        check = _Check(desk, scope, heard, worker_count(workers, desk.settings.threads), covers)
        return _then_raise(check.run(sources), problems)


def _then_raise(decisions: Iterator[Decision], problems: "list[Problem]") -> Iterator[Decision]:
    yield from decisions
    for problem in problems:
        if problem.error is not None:
            raise problem.error


class _Check:
    """One run over files."""

    def __init__(
        self,
        desk: "Desk",
        scope: "Scope",
        hooks: Hooks,
        workers: int,
        covers: "tuple[datetime, datetime] | None" = None,
    ) -> None:
        self._desk, self._scope, self._hooks, self._workers = desk, scope, hooks, workers
        self._covers, self._whole = covers, True
        self._warned = False

    def run(self, paths: "Sequence[Path | str | bytes]") -> Iterator[Decision]:
        """One decision a face, in the order of the files."""
        if not self._scope.dry_run:
            self._desk.purge()
        found = []
        for each in expand(paths):
            if isinstance(each, PassedOver):
                self._hooks.status(each.line)
            else:
                found.append(each)
        for item, faces in in_order(self._faces, found, min(self._workers, len(found))):
            where = item.shown if isinstance(item, Source) else item.where
            try:
                yield from self._one(item, faces)
                if isinstance(item, Source):
                    self._hooks.done(item)
            except Exception as error:  # noqa: BLE001 - one bad file never stops the others
                self._whole = False
                self._complain(problem_of(error, where))
        if self._covers is not None and found and not self._scope.dry_run:
            self._cover(*self._covers)

    def _cover(self, begins: "datetime", ends: "datetime") -> None:
        """Note the time that the sources have shown; what was not looked through whole shows nobody absent."""
        if not self._whole:
            self._hooks.status("not all of it could be looked through, so the time given with --covers is not noted")
        elif not self._desk.cover_shown(self._scope, begins, ends):
            self._hooks.status("nobody could be recognised, so the time given with --covers is not noted")

    def _complain(self, problem: Problem) -> None:
        if self._hooks.complain is not None:
            self._hooks.complain(problem)

    def _one(self, item: "Source | Exception", faces: "Callable[[], tuple[Any, list[Face]]]") -> Iterable[Decision]:
        if isinstance(item, Exception):
            raise item
        return self._video(item) if item.kind == "video" else self._picture(item, *faces())

    def _faces(self, item: "Source | Exception") -> "tuple[Any, list[Face]]":
        if isinstance(item, Exception) or item.kind == "video":
            return None, []
        from enroll.photo import decode_photo, read_photo

        photo = read_photo(item.path) if item.data is None else decode_photo(item.data, item.shown)
        models = self._desk.pipeline
        with only_here(item.shown):
            return photo.pixels, models.faces(photo.pixels)

    def _picture(self, source: Source, pixels: Any, faces: "list[Face]") -> list[Decision]:
        judge = self._desk.judge if self._scope.dry_run else self._desk.settle
        decisions = judge(faces, self._scope, source=source.shown)
        self._drawn(source, pixels, decisions)
        if not faces:
            self._complain(_no_face(source.shown, pixels))
        return decisions

    def _drawn(self, source: Source, pixels: Any, decisions: Sequence[Decision]) -> None:
        """Show the picture; where that fails the marks are made already, so the decisions come out all the same."""
        if self._hooks.show is None:
            return
        try:
            self._hooks.show(source, pixels, decisions)
        except OutputFailed as error:
            self._complain(problem_of(error, source.shown))

    def _video(self, source: Source) -> Iterator[Decision]:
        from attendance.services.watching import check_video

        if self._desk.settings.liveness_files == "off" and not self._warned:
            self._warned = True
            self._hooks.status(NOT_ASKED)

        def run(emit: Callable[[Decision], None], stop: Callable[[], bool]) -> None:
            self._desk.pipeline  # noqa: B018 - models that do not load end the run, not this video alone
            with only_here(source.shown):
                summary = check_video(
                    self._desk,
                    source.path,
                    self._scope,
                    annotate=self._hooks.annotated(source),
                    emit=emit,
                    status=self._hooks.status,
                    stop=stop,
                )
            self._whole = self._whole and summary.is_whole

        return as_iterator(run)


def _no_face(where: str, pixels: Any) -> Problem:
    from enroll.pipeline import no_face

    return problem_of(no_face(where, pixels), where)
