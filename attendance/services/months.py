"""Months that are closed: nothing of them is changed any more, and their statuses can be proved to be as they were."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import MonthInvalid
from attendance.errors import MonthState as MonthSettled
from attendance.records import instant
from attendance.register.months import AROUND
from attendance.services.reach import by_person, month_days
from attendance.services.statuses import StatusesWanted
from attendance.timetable.attended import Status
from attendance.timetable.digest import digest, digests
from attendance.timetable.settling import awaited, settles
from attendance.zones import FIRST_DAY, day_start, local_day
from gallery.repositories import approvals, months, purging, sightings
from gallery.repositories.events import MONTH_CLOSED, MONTH_OPENED, history, record
from refusal import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.records import PersonRef
    from attendance.register.sessions import Sessions
    from attendance.services.statuses import Derived, Statuses
    from attendance.timetable.attended import Attended
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.timetablevalues import MonthState

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MonthLook:
    """What a month comes to: statuses by their words, and what is still open of it."""

    month: str
    totals: Mapping[str, int]
    reviews: int
    approvals: int
    automatic: int
    unfinished: int

    @property
    def rows(self) -> int:
        """How many statuses it has."""
        return sum(self.totals.values())

    @property
    def unseen(self) -> int:
        """How many of them nobody can tell, as nobody looked."""
        return self.totals.get(Status.NO_LOG, 0)

    def lines(self) -> Iterator[str]:
        """The totals in one line, then what is open, one line each."""
        told = ", ".join(f"{count} {word}" for word, count in self.totals.items() if count) or "nobody was expected"
        yield f"{self.month}: {told}"
        first, last = month_days(self.month)
        days = f"--from {first} --to {last}"
        for count, one, more, look in (
            (self.reviews, "review waits", "reviews wait", "attendance review list"),
            (self.approvals, "entry waits for approval", "entries wait for approval", "attendance approve"),
            (
                self.automatic,
                "status has an automatic end",
                "statuses have an automatic end",
                f"attendance report {days}",
            ),
            (self.unseen, "status is no log", "statuses are no log", f"attendance coverage list {days}"),
        ):
            if count:
                yield f"open: {counted(count, one, more)}: '{look}'"


@dataclass(frozen=True, slots=True)
class MonthCheck:
    """Whether a closed month is as it was when it was closed.

    Of one that is ``purged`` nothing is kept that could be compared. ``removed`` counts those whose data was erased
    since, as it may be. ``people`` and ``days`` are those of whom, and of which, something differs now, as far as that
    can be told; ``rows`` is what is there of them now.
    """

    state: "MonthState"
    found: str
    removed: int = 0
    people: "tuple[PersonRef, ...]" = ()
    days: tuple[str, ...] = ()
    rows: "tuple[Attended, ...]" = ()
    purged: bool = False

    @property
    def same(self) -> bool:
        """Whether nothing differs, but for those who were erased; of a purged month nothing does."""
        return self.purged or self.state.digest == self.found or not (self.people or self.days)

    def lines(self) -> Iterator[str]:
        """What was found, in words."""
        month = self.state.month
        if self.purged:
            yield f"{month} was closed at {instant(self.state.at)}, and purged since: nothing is kept to compare"
            return
        if self.same:
            rest = "" if self.state.digest == self.found else f", but for {_people(self.removed)} erased since"
            yield f"{month} is as it was when it was closed at {instant(self.state.at)}{rest}"
            return
        yield f"{month} differs from what it was when it was closed at {instant(self.state.at)}: {self.found}"
        days = counted(len(self.days), "day")
        yield f"differing: {_people(len(self.people))} on {days}; above is what is there of them now"
        if self.removed:
            yield f"{_people(self.removed)} of that month were erased since"

    def to_dict(self) -> dict[str, Any]:
        """As ``month verify --json`` shows it; ``purged`` is there where nothing is kept any more."""
        return ({"purged": True} if self.purged else {}) | {
            "month": self.state.month,
            "same": None if self.purged else self.same,
            "closed": instant(self.state.at),
            "by": self.state.by,
            "digest": self.state.digest,
            "found": self.found,
            "removed": self.removed,
            "people": [each.to_dict() for each in self.people],
            "days": list(self.days),
            "rows": [{**self.row(each), "reasons": list(each.reasons)} for each in self.rows],
        }

    def row(self, found: "Attended") -> dict[str, Any]:
        """One line of the table: a status as it is now."""
        who = next((each for each in self.people if each.key == found.person), None)
        return {
            "day": found.occurrence.day.isoformat(),
            "entry": found.occurrence.name,
            "id": None if who is None else who.id,
            "name": None if who is None else who.name,
            "status": str(found.status),
            "reasons": found.reasons,
        }


class Months:
    """Closes months and opens them again; every word stands in the log and in the table of months."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock", statuses: "Statuses") -> None:
        self._gallery, self._sessions, self._clock, self._statuses = gallery, sessions, clock, statuses

    # What is there

    def all(self) -> "list[MonthState]":
        """Every word on every month, in the order in which it was said."""
        with self._gallery.store.reading() as transaction:
            return months.history(transaction)

    def closed(self) -> "list[MonthState]":
        """The months that are closed now, in order."""
        with self._gallery.store.reading() as transaction:
            return [each for each in months.states(transaction).values() if each.closed]

    def look(self, month: str) -> MonthLook:
        """What a month that is over comes to, closed or not. Raises MonthInvalid."""
        first, last = self._days(month)
        with self._gallery.store.reading() as transaction:
            _refuse_purged(transaction, month, last)
            derived = self._statuses.derive(StatusesWanted(first, last))
            return self._looked(transaction, month, derived)

    def verify(self, month: str) -> MonthCheck:
        """Derive a closed month again, and compare. Raises MonthInvalid, and MonthState where it is not closed."""
        first, last = self._days(month)
        with self._gallery.store.reading() as transaction:
            state = months.states(transaction).get(month)
            if state is None or not state.closed:
                raise MonthSettled(month, "this month is not closed")
            kept_from = purging.kept_from(transaction)
            if kept_from is not None and last < kept_from:
                return MonthCheck(state, "", purged=True)
            derived = self._statuses.derive(StatusesWanted(first, last))
            found = digest(derived.rows)
            if found == state.digest:
                return MonthCheck(state, found)
            return self._differing(transaction, state, found, derived)

    # What is changed

    @needs("months.change")
    def close(self, actor: "Actor", month: str, *, reason: str = "") -> "MonthState":
        """Close a month that is over. Raises MonthInvalid, MonthState where it is closed already."""
        first, last = self._days(month)
        with self._gallery.store.atomic() as transaction:
            _refuse_purged(transaction, month, last)
            state = months.states(transaction).get(month)
            if state is not None and state.closed:
                raise MonthSettled(month, f"this month was closed at {instant(state.at)}")
            derived = self._statuses.derive(StatusesWanted(first, last))
            look = self._looked(transaction, month, derived)
            if look.unfinished:
                raise MonthInvalid(
                    month, f"{look.unfinished} of its statuses are not settled yet, as marks still count"
                )
            now, found = self._clock.utc(), digest(derived.rows)
            details = {
                "rows": look.rows,
                "totals": dict(look.totals),
                "people": digests(derived.rows, "person"),
                "days": digests(derived.rows, "day"),
            }
            record(transaction, at=now, by=actor.name, action=MONTH_CLOSED, subject=month, details=details)
            return months.add(transaction, month, closed=True, at=now, by=actor.name, reason=reason, digest=found)

    @needs("months.change")
    def open(self, actor: "Actor", month: str, *, reason: str) -> "MonthState":
        """Open a closed month again. Raises MonthInvalid, MonthState where it is not closed."""
        _, last = self._days(month)
        with self._gallery.store.atomic() as transaction:
            _refuse_purged(transaction, month, last)
            state = months.states(transaction).get(month)
            if state is None or not state.closed:
                raise MonthSettled(month, "this month is not closed")
            now = self._clock.utc()
            record(transaction, at=now, by=actor.name, action=MONTH_OPENED, subject=month)
            return months.add(transaction, month, closed=False, at=now, by=actor.name, reason=reason)

    def _days(self, month: str) -> tuple[date, date]:
        try:
            first, last = month_days(month)
        except (ValueError, OverflowError):
            raise MonthInvalid(month, "this is no month") from None
        if first.isoformat()[:7] != month or first < FIRST_DAY:
            raise MonthInvalid(month, f"this is no month, or one before {FIRST_DAY}")
        today = local_day(self._clock.utc(), self._sessions.zone)
        if last >= today:
            raise MonthInvalid(month, f"this month is not over: today is {today} ({self._sessions.zone})")
        return first, last

    def _looked(self, transaction: "Transaction", month: str, derived: "Derived") -> MonthLook:
        first, last = month_days(month)
        zone = self._sessions.zone
        begin, end = day_start(first, zone), day_start(last + _DAY, zone)
        counts = Counter(each.status for each in derived.rows)
        waiting = [each.at for each in approvals.waiting_marks(transaction)]
        excused = [each for each in approvals.waiting_excuses(transaction) if each.begins < end and begin < each.ends]
        return MonthLook(
            month,
            {str(status): counts[status] for status in Status},
            reviews=_within(begin, end, (each.at for each in sightings.waiting(transaction))),
            approvals=_within(begin, end, waiting) + len(excused),
            automatic=sum(each.automatic for each in derived.rows),
            unfinished=self._unfinished(last, derived),
        )

    def _unfinished(self, last: date, derived: "Derived") -> int:
        """How many statuses time, or a mark from now on, may still change."""
        around = by_person(self._statuses.derive(StatusesWanted(last - AROUND, last + AROUND)).rows)
        open_ones = {_which(each) for rows in around.values() for each in awaited(rows, derived.now)}
        return sum(settles(each) > derived.now or _which(each) in open_ones for each in derived.rows)

    def _differing(self, transaction: "Transaction", state: "MonthState", found: str, derived: "Derived") -> MonthCheck:
        """Of whom and of which days something differs, by the short digests that closing left in the log."""
        words = history(transaction, subject=state.month, action=MONTH_CLOSED)
        details = words[-1].details if words else {}  # the log may have been purged
        here = {str(each.id) for each in self._gallery.people(active=None)}
        known: dict[str, str] = details.get("people", {})
        removed = known.keys() - here
        people = _changed({key: each for key, each in known.items() if key in here}, digests(derived.rows, "person"))
        days = _changed(details.get("days", {}), digests(derived.rows, "day")) if people or not removed else []
        rows = [each for each in derived.rows if str(each.person) in people and each.occurrence.day.isoformat() in days]
        refs = tuple(self._called(int(key), derived) for key in people)
        return MonthCheck(state, found, len(removed), refs, tuple(days), tuple(rows))

    def _called(self, key: int, derived: "Derived") -> "PersonRef":
        from attendance.records import PersonRef

        known = derived.people.get(key)
        if known is not None:
            return known
        person = self._gallery.find(key)
        return PersonRef(person.external_id, person.name, key)


def _refuse_purged(transaction: "Transaction", month: str, last: date) -> None:
    kept_from = purging.kept_from(transaction)
    if kept_from is not None and last < kept_from:
        raise MonthInvalid(month, f"its marks were purged: what is kept begins on {kept_from}")


def _people(count: int) -> str:
    return counted(count, "person", "people")


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _within(begin: "datetime", end: "datetime", instants: "Iterator[datetime] | Sequence[datetime]") -> int:
    return sum(begin <= each < end for each in instants)


def _which(row: "Attended") -> "tuple[int, int, datetime]":
    occurrence = row.occurrence
    return row.person, occurrence.entry.key, occurrence.begins
