"""Long work, one piece after the other: pages go on meanwhile, everybody sees how far it is, and results stay a day.

A job is a row of the home, so that the command line shows it, too, and a job whose process was killed is named. What
it makes are files in a private folder of its own.
"""

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from attendance.access import ALL_GROUPS, needs
from attendance.faults import refusal_of
from attendance.service_errors import JobUnknown, ServiceBusy
from gallery.errors import AddressInvalid, GalleryError
from gallery.locations import pointer
from gallery.repositories import jobs as rows
from gallery.repositories.events import ACCOUNT_CHANGED, history

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.access import Actor, Visitor
    from attendance.clock import Clock
    from gallery.ports import Database
    from gallery.servicevalues import Job, JobState

FOLDER: Final = "jobs"
"""The folder of the home in which each job has one for its results."""
PROBLEM: Final = "problem.txt"
"""The file that says in words why a job failed; the row says it without names, by the error's id."""
KEPT: Final = timedelta(days=1)
"""How long results stay."""
REACH: Final = frozenset({"groups", "role"})
"""What of an account decides whose people it sees."""
MOST_OPEN: Final = 20
STALE: Final = timedelta(seconds=30)
"""Who does a job shows it at least so often that it lives."""
_BEAT_S, _SHOWN_S, _PATIENCE_S, _TIDY_S = 0.5, 5.0, 3.0, 3600.0
_LARGEST: Final = 1 << 63

Work = Callable[["Progress"], Mapping[str, Any]]
"""What a job does; it returns counts, ids of errors and names of its files, never anybody's name."""


class StoppedError(Exception):
    """The service stops, and with it what it does."""


@dataclass(slots=True)
class Progress:
    """What a job's work is given: it tells how far it is, and puts what it makes into ``folder``."""

    number: int
    folder: Path
    total: int | None = None
    done: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    ended: bool = False

    def step(self, done: int, total: int | None = None) -> None:
        """So much is done (of so much, once that is known). Raises StoppedError where the service stops."""
        self.done, self.total = done, self.total if total is None else total
        if self.closing.is_set():
            raise StoppedError

    def advance(self, by: int = 1) -> None:
        """So much more is done. Raises as `step`."""
        self.step(self.done + by)

    def file(self, name: str) -> Path:
        """The path of a file of results of this name, to be written."""
        self.folder.parent.mkdir(mode=0o700, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder / Path(name).name


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job has made."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class _Task:
    work: Work
    progress: Progress


class Jobs:
    """The jobs of a home; those begun here are done in one thread, in the order in which they were begun."""

    def __init__(self, store: "Database", clock: "Clock", tidy_too: Callable[[], object] = lambda: None) -> None:
        self._store, self._clock, self._tidy_too = store, clock, tidy_too
        self._folder = store.home / FOLDER
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open: dict[int, Progress] = {}
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._runs = False

    # What runs

    def start(self) -> None:
        """Name those that were interrupted, and from now on once an hour forget results that are older than a day."""
        self.tidy()
        thread = threading.Thread(target=self._tidy, name="attendance-jobs-tidy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def tidy(self) -> None:
        """Name those that nobody does any more, and forget old results, and what was sent and never decided about."""
        now = self._clock.utc()
        with self._store.atomic() as transaction:
            rows.interrupt_stale(transaction, now - STALE, now)
        self._forget(now)
        self._tidy_too()

    def _tidy(self) -> None:
        while not self._closing.wait(_TIDY_S):
            with suppress(GalleryError, OSError):
                self.tidy()

    def close(self) -> None:
        """Stop: what is not done in some seconds is interrupted."""
        self._closing.set()
        self._tasks.put(None)
        for each in self._threads:
            each.join(_PATIENCE_S)
        for progress in list(self._open.values()):
            self._ended(progress, "interrupted", {})

    @needs("jobs.begin")
    def begin(self, actor: "Actor", kind: str, work: Work, total: int | None = None) -> "Job":
        """Do this work when those before it are done; returns at once. Raises ServiceBusy where too many wait."""
        with self._lock:
            if self._closing.is_set() or len(self._open) >= MOST_OPEN:
                raise ServiceBusy(kind, "the service stops" if self._closing.is_set() else "too many jobs wait")
            with self._store.atomic() as transaction:
                made = rows.begin(transaction, kind, by=actor.name, at=self._clock.utc(), total=total)
            progress = Progress(made.id, self._folder / str(made.id), total, closing=self._closing)
            self._open[made.id] = progress
            self._tasks.put(_Task(work, progress))
            self._run()
        return made

    def wait(self, number: int, timeout_s: float = 60) -> "Job":
        """The job once it has ended, or as it is after this time. Raises JobUnknown."""
        pause, slept = threading.Event(), 0.0
        while number in self._open and slept < timeout_s:
            pause.wait(_BEAT_S / 10)
            slept += _BEAT_S / 10
        return self.numbered(number)

    def _run(self) -> None:
        if not self._runs:
            self._runs = True
            for work in (self._work, self._beat):
                thread = threading.Thread(target=work, name=f"attendance-jobs{work.__name__}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None and not self._closing.is_set():
            try:
                told = dict(task.work(task.progress))
            except StoppedError:
                self._ended(task.progress, "interrupted", {})
            except Exception as error:  # noqa: BLE001 - the next job is done whatever befalls this one
                self._failed(task.progress, error)
            else:
                self._ended(task.progress, "done", told)

    def _failed(self, progress: Progress, error: Exception) -> None:
        found = refusal_of(error, f"job {progress.number}")
        told = without_folders(f"{found}. {found.help}\n", self._store.home)
        with suppress(OSError):
            progress.file(PROBLEM).write_text(told, encoding="utf-8", errors="backslashreplace")
        self._ended(progress, "failed", {"error": found.id})

    def _ended(self, progress: Progress, state: "JobState", told: Mapping[str, Any]) -> None:
        """Write how it ended, once; where the home cannot be written, it is found interrupted later."""
        with self._lock:
            if progress.ended:
                return
            progress.ended = True
        try:
            self._show(progress, self._clock.utc())
            with suppress(GalleryError), self._store.atomic() as transaction:
                rows.end(transaction, progress.number, state, told, self._clock.utc())
        finally:
            self._open.pop(progress.number, None)

    def _beat(self) -> None:
        """Write how far the jobs are, and that they live."""
        shown: dict[int, tuple[int, float]] = {}
        while not self._closing.wait(_BEAT_S):
            now = self._clock.monotonic()
            for progress in list(self._open.values()):
                done, at = shown.get(progress.number, (-1, now))
                if not progress.ended and (done != progress.done or now - at >= _SHOWN_S):
                    shown[progress.number] = progress.done, now
                    self._show(progress, self._clock.utc())

    def _show(self, progress: Progress, now: "datetime") -> None:
        with suppress(GalleryError), self._store.atomic() as transaction:
            rows.progress(transaction, progress.number, done=progress.done, total=progress.total, at=now)

    def _forget(self, now: "datetime") -> None:
        """Delete the folders of jobs that ended long ago, or that there are no rows of."""
        if not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name.isdecimal() and self._over(int(folder.name), now):
                shutil.rmtree(folder, ignore_errors=True)

    def _over(self, number: int, now: "datetime") -> bool:
        with self._store.reading() as transaction:
            found = rows.numbered(transaction, number) if number < _LARGEST else None
        return found is None or (found.ended or found.seen) < now - KEPT

    # What is there

    def all(self, *, limit: int = 50) -> "list[Job]":
        """The latest, newest first; those that nobody does any more as interrupted."""
        with self._store.reading() as transaction:
            found = rows.all_jobs(transaction, limit=limit)
        return [self._present(each) for each in found]

    def numbered(self, number: int) -> "Job":
        """The job of this number. Raises JobUnknown."""
        with self._store.reading() as transaction:
            found = rows.numbered(transaction, number) if 0 < number < _LARGEST else None
        if found is None:
            raise JobUnknown(str(number), "there is no job of this number")
        return self._present(found)

    def of(self, who: "Visitor", *, limit: int = 50) -> "list[Job]":
        """Those that a visitor may look at: an admin all, others what they have begun, in the groups that they have."""
        since = self._since(who)
        return [each for each in self.all(limit=limit) if _may_see(who, each, since)]

    def seen_by(self, who: "Visitor", number: int) -> "Job":
        """The job, if this visitor may look at it, as `of`. Raises JobUnknown, also for those of others."""
        found = self.numbered(number)
        if not _may_see(who, found, self._since(who)):
            raise JobUnknown(str(number), "there is no job of this number")
        return found

    def _since(self, who: "Visitor") -> "datetime | None":
        """From when on the visitor is who they are, with the groups that they have; None: always.

        What was made before may be of people whom they do not see any more, or of another account of this name.
        """
        if who.account is None:
            return None
        with self._store.reading() as transaction:
            changes = history(transaction, subject=who.account.id, action=ACCOUNT_CHANGED)
        reached = [each.at for each in changes if not REACH.isdisjoint(each.details.get("changed", ()))]
        return max([who.account.created, *reached])

    def files(self, number: int) -> list[JobFile]:
        """What a job has made, by name; nothing once that was forgotten."""
        return sorted(self._files(number), key=lambda each: each.name)

    def file(self, number: int, name: str) -> Path:
        """The path of a file that a job has made. Raises JobUnknown where there is none, or none any more."""
        if name not in {each.name for each in self._files(number)}:
            raise JobUnknown(str(number), f"it has no file {name}, or not any more: results are kept for a day")
        return self._folder / str(number) / name

    def problem(self, number: int) -> str | None:
        """In words why a job has failed, as long as that is kept."""
        try:
            return (self._folder / str(number) / PROBLEM).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return None

    def _files(self, number: int) -> Iterator[JobFile]:
        folder = self._folder / str(number)
        if folder.is_dir():
            for each in folder.iterdir():
                if each.is_file() and not each.is_symlink() and each.name != PROBLEM:
                    yield JobFile(each.name, each.stat().st_size)

    def _present(self, found: "Job") -> "Job":
        """As it is now: how far it is if it is done here, and interrupted if nobody has shown lately that it lives."""
        here = self._open.get(found.id)
        if found.state != rows.RUNNING:
            return found
        if here is not None:
            return replace(found, done=here.done, total=here.total)
        return replace(found, state="interrupted") if found.seen < self._clock.utc() - STALE else found


def without_folders(text: str, home: Path) -> str:
    """What is told, without where the service keeps its files and its database: that is nothing to who is elsewhere."""
    where = re.escape(str(home))
    sent = rf"{where}[/\\]{FOLDER}[/\\](?:incoming|uploads)[/\\][\w-]+"
    plain = re.sub(sent, "what was sent", re.sub(rf"{sent}[/\\]", "", text))
    told = re.sub(rf"{where}(?![\w.-])", "the home", re.sub(rf"{where}[/\\]", "", plain))
    with suppress(AddressInvalid):
        address = pointer(home)
        return told if address is None else told.replace(address.shown, "database")
    return told


def _may_see(who: "Visitor", job: "Job", since: "datetime | None") -> bool:
    return who.role in ALL_GROUPS or (job.by == who.actor.name and (since is None or job.begun >= since))
