"""What is let go when its time is over, by the rules of the settings: faces, sightings, months of marks, the log.

Each step is whole or not at all, and its receipt is an event in that very step. Nothing under a hold goes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attendance.access.rights import needs
from attendance.privacy_errors import PurgeClock
from attendance.records import instant
from attendance.register.months import AROUND
from attendance.services.clockguard import JUMP, before_leap, held_for_right
from attendance.services.statuses import StatusesWanted
from attendance.timetable.digest import digest
from attendance.zones import day_start, local_day
from gallery.repositories import carried, events, holds
from gallery.repositories import purging as rows
from gallery.repositories.events import record
from refusal import counted

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.retention import Retention
    from attendance.services.holds import Holds
    from attendance.services.statuses import Statuses
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.repositories.holds import Held
    from gallery.values import Event

PURGED: Final = "purge.run"
BATCH: Final = 20_000
"""Sightings that go in one step, so that cameras need not wait for long."""
MOST_SPARED: Final = 10_000
_DAY: Final = timedelta(days=1)
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "faces": ("face", "faces"),
    "sightings": ("sighting", "sightings"),
    "marks": ("mark", "marks"),
    "corrections": ("correction", "corrections"),
    "approvals": ("approval", "approvals"),
    "excuses": ("excuse", "excuses"),
    "withdrawals": ("withdrawn excuse", "withdrawn excuses"),
    "coverage": ("look", "looks"),
    "sessions": ("session", "sessions"),
    "events": ("entry of the log", "entries of the log"),
}
"""What receipts count, in words: of one, and of several."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in words: of what, how long, the setting that says so, and what it means today."""

    what: str
    keeps: str
    setting: str | None
    today: str


@dataclass(frozen=True, slots=True)
class Purged:
    """What went by the rules, or would go: counts by kind, and the first day whose marks are kept."""

    counts: Mapping[str, int]
    kept_from: date | None = None
    dry_run: bool = False
    held: str | None = None
    erased: bool = True

    @property
    def total(self) -> int:
        """All of it together."""
        return sum(self.counts.values())

    def lines(self) -> Iterator[str]:
        """In words, one line a kind."""
        does = "would go" if self.dry_run else "gone"
        if self.held:
            yield self.held
        for name, count in self.counts.items():
            yield f"{does}: {count} {WORDS[name][count != 1]}"
        if not self.counts:
            yield "nothing would go" if self.dry_run else "nothing was to go"
        if self.kept_from is not None and self.counts.get("marks"):
            yield f"marks {'would then be' if self.dry_run else 'are'} kept from {self.kept_from} on"
        if not self.erased:
            yield "another program is reading this home; the last traces go when the next writing command starts"

    def to_dict(self) -> dict[str, Any]:
        """As ``purge --json`` shows it."""
        return {
            "dry_run": self.dry_run,
            "counts": dict(self.counts),
            "kept_from": None if self.kept_from is None else self.kept_from.isoformat(),
            "held": self.held,
            "erased": self.erased,
        }


class _Undone(Exception):  # noqa: N818  no error: it takes a step back on purpose
    """What was only tried is taken back."""


@dataclass(slots=True)
class _Run:
    """One run: who asked for it, None for one that is only tried, when, and what has gone so far."""

    actor: "Actor | None"
    now: datetime
    gone: Counter[str] = field(default_factory=Counter)

    @property
    def by(self) -> str:
        """Who asked for it, as the log names them."""
        return "nobody" if self.actor is None else self.actor.name


class Purging:
    """Applies the rules; the service does it once a day."""

    def __init__(
        self,
        gallery: "Gallery",
        holds: "Holds",
        retention: "Retention",
        clock: "Clock",
        settings: "Settings",
        zone: str,
        statuses: "Callable[[], Statuses]",
    ) -> None:
        self._gallery, self._holds, self._retention = gallery, holds, retention
        self._clock, self._settings, self._zone, self._statuses = clock, settings, zone, statuses

    # What is there

    def rules(self) -> list[Rule]:
        """The rules in words, each with what it means today."""
        settings, today = self._settings, local_day(self._clock.utc(), self._zone)
        strangers, waiting = settings.keep_unknown_days, settings.keep_review_days
        return [
            _rule("Faces of strangers", strangers, "keep_unknown_days", today)
            if strangers
            else Rule("Faces of strangers", "not at all", "keep_unknown_days", "none are kept"),
            Rule(
                "Faces that wait for somebody to look",
                f"{_days(waiting)}, or until somebody has said who it is",
                "keep_review_days",
                _since(today, waiting),
            ),
            _rule("Sightings that led to no mark", settings.keep_sightings_days, "keep_sightings_days", today),
            self._months_rule(today),
            _rule("Entries of the log", settings.keep_audit_days, "keep_audit_days", today, "for ever"),
            Rule("News for pages and receivers", "30 days", None, _since(today, 30)),
        ]

    def _months_rule(self, today: date) -> Rule:
        keep, name = self._settings.keep_marks_days, "keep_marks_days"
        what = "Marks, with their corrections, approvals, excuses, looks and sessions"
        if keep is None:
            return Rule(what, "as long as their people", name, "all are kept")
        return Rule(what, f"{_days(keep)}, by whole months", name, f"from {_boundary(today, keep)} on they are kept")

    def kept_from(self) -> date | None:
        """The first day whose marks are kept, None where none were ever purged."""
        with self._gallery.store.reading() as transaction:
            return rows.kept_from(transaction)

    def receipts(self, most: int = 10) -> "list[Event]":
        """The last runs that took something, the newest first."""
        with self._gallery.store.reading() as transaction:
            return events.page(transaction, action=PURGED, limit=most)

    def tried(self) -> Purged:
        """What a run would let go now, see `run`; for whoever may look, as nothing goes."""
        return self._run(_Run(None, self._clock.utc()), dry_run=True)

    # What is done

    @needs("purge.run")
    def run(
        self, actor: "Actor", *, now: datetime | None = None, dry_run: bool = False, clock_is_right: bool = False
    ) -> Purged:
        """Let go what is due at that instant (now); with ``dry_run`` the same is counted, and nothing goes.

        Raises PurgeClock where the clock is far from where the log ends, unless told that it is right.
        """
        return self._run(_Run(actor, now or self._clock.utc()), dry_run=dry_run, clock_is_right=clock_is_right)

    def _run(self, run: _Run, *, dry_run: bool, clock_is_right: bool = False) -> Purged:
        with self._gallery.store.reading() as transaction:
            if not clock_is_right:
                self._refuse_jump(transaction, run.now)
            known = events.newest(transaction, until=run.now) is not None
            held = holds.held(transaction)
        if held.home:
            told = "a hold on the whole home keeps everything: 'attendance hold list'"
            return Purged({}, self.kept_from(), dry_run=dry_run, held=told)
        with self._perhaps(dry_run):
            self._steps(run)
            kept_from = self.kept_from()
            if known and not dry_run:  # a clock from before the first record tells nothing
                held_for_right(self._gallery.store, run.now)
        erased = dry_run or self._gallery.store.finish_erasure()
        people = _under_a_hold(len(held.people)) if held.people else None
        counts = {name: run.gone[name] for name in WORDS if run.gone[name]}
        return Purged(counts, kept_from, dry_run=dry_run, held=people, erased=erased)

    def _steps(self, run: _Run) -> None:
        self._step(run, "faces", lambda transaction, _: self._faces(transaction, run))
        self._sightings(run)
        self._all_months(run)
        self._step(run, "log", lambda transaction, held: self._log(transaction, held, run))

    @contextmanager
    def _perhaps(self, dry_run: bool) -> Iterator[None]:
        """Everything inside is taken back in the end where it is only tried."""
        if not dry_run:
            yield
            return
        try:
            with self._gallery.store.atomic():
                yield
                raise _Undone  # noqa: TRY301  it is caught by the step that it takes back
        except _Undone:
            pass

    def _step(self, run: _Run, what: str, work: "Callable[[Transaction, Held], Mapping[str, int]]") -> bool:
        """One step with its receipt; whether anything went. Holds are asked within it."""
        store = self._gallery.store
        with store.atomic() as transaction:
            held = holds.held(transaction)
            gone = {} if held.home else {name: count for name, count in work(transaction, held).items() if count}
            if gone:
                details = {"rule": what, **gone}
                record(transaction, at=run.now, by=run.by, action=PURGED, subject="gallery", details=details)
                store.plan_erasure()
        run.gone.update(gone)
        return bool(gone)

    def _faces(self, transaction: "Transaction", run: _Run) -> dict[str, int]:
        return {"faces": self._retention.due(transaction, run.now)}

    def _sightings(self, run: _Run) -> None:
        keep = self._settings.keep_sightings_days
        if keep is None:
            return
        before = run.now - timedelta(days=keep)

        def work(transaction: "Transaction", held: "Held") -> dict[str, int]:
            return _counted(transaction, lambda: rows.sightings(transaction, before, held, most=BATCH))

        while self._step(run, "sightings", work):
            pass

    def _all_months(self, run: _Run) -> None:
        """Month by month, the oldest first."""
        keep = self._settings.keep_marks_days
        if keep is None:
            return
        end = _boundary(local_day(run.now, self._zone), keep)
        with self._gallery.store.reading() as transaction:
            oldest = rows.oldest(transaction)
        first = end if oldest is None else _next_month(local_day(oldest, self._zone))
        while first <= end:
            self._step(run, "marks", partial(self._month, first))
            first = _next_month(first)

    def _month(self, first: date, transaction: "Transaction", held: "Held") -> dict[str, int]:
        """Let go all before the month that begins on ``first``, so that no status from then on is another."""
        boundary = day_start(first, self._zone)
        if not rows.any_before(transaction, boundary, first, held):
            return {}
        before, spared = self._told(first)

        def work() -> None:
            rows.months(transaction, boundary, first, held, spared)
            known = rows.kept_from(transaction)
            self._gallery.store.set_meta(rows.KEPT_FROM, max(first, known or first).isoformat())

        gone = self._unless_told_otherwise(transaction, work, first, before)
        if gone is None:  # somebody's night goes over the end of the month: its last days stay until the next run
            boundary -= AROUND
            gone = self._unless_told_otherwise(transaction, work, first, before) or {}
        return gone

    def _unless_told_otherwise(
        self, transaction: "Transaction", work: Callable[[], None], first: date, before: str
    ) -> dict[str, int] | None:
        """What went; None, and nothing has gone, where statuses that are kept would be others by it."""
        gone: dict[str, int] = {}
        try:
            with self._gallery.store.atomic():
                gone = _counted(transaction, work)
                if self._told(first)[0] != before:
                    raise _Undone  # noqa: TRY301
        except _Undone:
            transaction.expire_all()
            return None
        return gone

    def _told(self, first: date) -> tuple[str, list[str]]:
        """What the statuses of the first days that are kept come to, and the marks they count."""
        found = self._statuses().derive(StatusesWanted(first, first + AROUND)).rows
        marks = [mark for row in found for mark in row.marks]
        return digest(found), marks if len(marks) <= MOST_SPARED else []

    # The log

    def _log(self, transaction: "Transaction", held: "Held", run: _Run) -> dict[str, int]:
        """Let its oldest entries go; not while somebody is held, as they may be of them."""
        keep = self._settings.keep_audit_days
        if keep is None or held.anything:
            return {}
        before = run.now - timedelta(days=keep)
        return {"events": carried.cut(transaction, before, at=run.now, by=run.by)}

    # The clock

    def _refuse_jump(self, transaction: "Transaction", now: datetime) -> None:
        """Raise PurgeClock where nothing was recorded in so long a time that the clock was rather set ahead."""
        last = before_leap(self._gallery.store, transaction, now)
        if last is not None:
            told = (
                f"the clock shows {instant(now)}, but from {instant(last)} on nothing was recorded for {JUMP.days} days"
            )
            held_for_right(self._gallery.store, last)  # what the wrong clock records from now on makes it no right one
            raise PurgeClock("clock", told)


def in_words(counts: Mapping[str, Any]) -> str:
    """What a receipt counts, in words, such as "2 marks, 1 session"."""
    return ", ".join(f"{counts[name]} {words[counts[name] != 1]}" for name, words in WORDS.items() if counts.get(name))


def _under_a_hold(people: int) -> str:
    return f"{counted(people, 'person is', 'people are')} under a hold: what is theirs stays"


def _counted(transaction: "Transaction", work: Callable[[], object]) -> dict[str, int]:
    """By kind how many went by some work."""
    before = rows.counts(transaction)
    work()
    after = rows.counts(transaction)
    return {name: before[name] - after[name] for name in before}


def _boundary(today: date, keep: int) -> date:
    """The first day of the first month that is kept: all days of those before it are older than so many days."""
    return (today - timedelta(days=keep)).replace(day=1)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _rule(what: str, keep: int | None, setting: str, today: date, none: str = "as long as their people") -> Rule:
    if keep is None:
        return Rule(what, none, setting, "all are kept")
    return Rule(what, _days(keep), setting, _since(today, keep))


def _since(today: date, keep: int) -> str:
    return f"from {today - timedelta(days=keep)} on they are kept"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
