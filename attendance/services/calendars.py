"""The calendar: days that are closed, open all the same, or in term, each with where it is from; nothing is deleted."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import CalendarDays, CalendarFile, CalendarUnknown
from attendance.records import instant
from attendance.register.sessions import group_number
from attendance.services.reach import refuse_reach
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import EntryKind
from attendance.zones import FIRST_DAY, LAST_DAY, days_of, local_day
from gallery.names import clean
from gallery.repositories import calendar as rows
from gallery.repositories.events import CALENDAR_ADDED, CALENDAR_WITHDRAWN, record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.statuses import Statuses
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.timetablevalues import CalendarDays as StoredDays

BY_HAND: Final = "by hand"
MOST_DAYS: Final = 366 * 40
"""Days of one entry: a lifetime of terms, and no slip of the keyboard."""
AROUND: Final = timedelta(days=366), timedelta(days=3 * 366)
"""How far back and ahead of today is told what a calendar file lets come again and again."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """An entry that is to be made: its kind, first and last day, and what it is called."""

    kind: EntryKind
    first: date
    last: date
    name: str

    @property
    def told(self) -> str:
        """Its days in words."""
        return span_told(self.first, self.last)


@dataclass(frozen=True, slots=True)
class ShownDays:
    """Days in a row on which the same decides; ``entry`` is None where no term runs."""

    first: date
    last: date
    closed: bool
    entry: "StoredDays | None"
    site: str | None
    group: str | None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``calendar list --json``."""
        entry = self.entry
        return {
            "number": None if entry is None else entry.id,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "state": "closed" if self.closed else "open",
            "kind": "no term" if entry is None else entry.kind,
            "name": "no term runs" if entry is None else entry.name,
            "source": None if entry is None else entry.source,
            "site": self.site,
            "group": self.group,
            "by": None if entry is None else entry.by,
            "entered": None if entry is None else instant(entry.entered),
            "withdrawn": None if entry is None or entry.withdrawn is None else entry.withdrawn.reason,
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a library or a file says beside what is stored of the same source.

    ``renamed`` are stored entries with their new names, ``gone`` those that are not told any more, ``held`` those
    that stay. ``remarks`` say what was decided, ``refused`` what cannot be taken over and why.
    """

    source: str
    new: tuple[Days, ...]
    gone: "tuple[StoredDays, ...]" = ()
    renamed: "tuple[tuple[StoredDays, str], ...]" = ()
    held: "tuple[StoredDays, ...]" = ()
    site: str | None = None
    group: str | None = None
    remarks: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether all of it is stored already, and nothing else."""
        return not (self.new or self.gone or self.renamed)

    def choices(self) -> list[tuple[str, date, str]]:
        """Each difference by a key of its own, with its first day and in words, in the order of the days."""
        found = [(f"new {each.told}", each.first, f"New: {each.told}, {each.name}") for each in self.new]
        found += [
            (f"gone {each.id}", each.first, f"Not told any more: {span_told(each.first, each.last)}, {each.name}")
            for each in self.gone
        ]
        found += [
            (f"renamed {each.id}", each.first, f"Renamed: {span_told(each.first, each.last)}, {each.name}: now {name}")
            for each, name in self.renamed
        ]
        return sorted(found, key=lambda each: each[1:])

    def only(self, keys: Collection[str]) -> "Proposal":
        """The proposal with the differences of these keys alone."""
        return replace(
            self,
            new=tuple(each for each in self.new if f"new {each.told}" in keys),
            gone=tuple(each for each in self.gone if f"gone {each.id}" in keys),
            renamed=tuple(pair for pair in self.renamed if f"renamed {pair[0].id}" in keys),
        )

    def lines(self) -> Iterator[str]:
        """The differences, one a line, in the order of the days."""
        found = [(each.first, f"new      {each.told} {each.kind} {each.name}") for each in self.new]
        found += [(each.first, f"gone     {span_told(each.first, each.last)} {each.name}") for each in self.gone]
        found += [
            (each.first, f"renamed  {span_told(each.first, each.last)} {each.name}: now {name}")
            for each, name in self.renamed
        ]
        yield from (line for _, line in sorted(found))
        yield from (f"note: {each}" for each in self.remarks)
        yield from (f"left out: {each}" for each in self.refused)


class Calendars:
    """The calendar of a home; what is stored decides, whatever a library says later."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock", statuses: "Statuses") -> None:
        self._gallery, self._sessions, self._clock, self._statuses = gallery, sessions, clock, statuses

    @property
    def today(self) -> date:
        """The site's day."""
        return local_day(self._clock.utc(), self._sessions.zone)

    # What is there

    def entries(self, *, withdrawn_too: bool = False) -> "list[StoredDays]":
        """Every entry that counts, by its days; those taken back where wanted."""
        with self._gallery.store.reading() as transaction:
            return rows.entries(transaction, withdrawn=withdrawn_too)

    def decided(self, first: date | None = None, last: date | None = None) -> list[ShownDays]:
        """What decides on each day of a span (None: all that anything is said of), days in a row as one.

        Of a site or group only that which is said of it and not of all. Raises CalendarDays.
        """
        if first is not None and last is not None:
            _refuse_order(first, last)
        stored = {each.id: each for each in self.entries()}
        if not stored:
            return []
        begin = max(FIRST_DAY, first or min(each.first for each in stored.values()))
        end = min(LAST_DAY, last or max(each.last for each in stored.values()))
        calendar = Calendar(self._statuses.plan().calendar)
        scopes = {(each.site, each.group) for each in stored.values()} | {(None, None)}
        found = [one for scope in scopes for one in _stretches(calendar, stored, begin, end, scope)]
        return sorted(found, key=lambda each: (each.first, each.site or "", each.group or ""))

    def every(self, first: date | None = None, last: date | None = None) -> list[ShownDays]:
        """Every entry with a day in the span, those taken back or that decide nothing, too. Raises as `decided`."""
        if first is not None and last is not None:
            _refuse_order(first, last)
        return [
            _shown(each)
            for each in self.entries(withdrawn_too=True)
            if (first is None or first <= each.last) and (last is None or each.first <= last)
        ]

    def entry(self, number: int) -> ShownDays:
        """The entry of this number, also one taken back. Raises CalendarUnknown."""
        found = next((each for each in self.entries(withdrawn_too=True) if each.id == number), None)
        if found is None:
            raise CalendarUnknown(str(number), "there is no calendar entry of this number")
        return _shown(found)

    def holidays(
        self, country: str, subdivision: str | None, first_year: int, last_year: int, *, site: str | None = None
    ) -> Proposal:
        """The public holidays of some years beside those that are stored of the same country and part.

        Raises CalendarCountry, CalendarDays, ReportsMissing.
        """
        from attendance.timetable.holidays import proposed

        found = proposed(country, subdivision, range(first_year, last_year + 1))
        told = [Days("closed", day, day, name) for day, name in found.days]
        span = date(first_year, 1, 1), date(last_year, 12, 31)
        return self._against(found.source, told, span, (_site(site), None))

    def read_file(self, file: Path, *, site: str | None = None, group: str | None = None) -> Proposal:
        """The days off of a calendar file (.ics) beside those that are stored of a file of this name.

        Raises CalendarFile, ReportsMissing, GroupUnknown.
        """
        from attendance.services.ruleimport import read_bytes
        from attendance.timetable.files.ics_days import read_days

        span = self.today - AROUND[0], self.today + AROUND[1]
        with self._gallery.store.reading() as transaction:
            if group:
                group_number(transaction, group)
        found = read_days(read_bytes(file, CalendarFile), file.name, first=span[0], last=span[1])
        told = [Days("closed", each.first, each.last, each.name) for each in found.days]
        proposal = self._against(f"file {file.name}", told, span, (_site(site), group or None))
        remarks = (f"{name}: not of whole days, passed over" for name in found.passed_over)
        return replace(proposal, remarks=tuple(remarks), refused=tuple(each.detail for each in found.refused))

    def _against(
        self, source: str, told: "Sequence[Days]", span: tuple[date, date], scope: tuple[str | None, str | None]
    ) -> Proposal:
        """What is told beside what is stored of this source, whichever version of it; what is gone only in the span."""
        wanted = {(each.first, each.last): each for each in told}
        stored = {
            (each.first, each.last): each
            for each in self.entries()
            if _family(each.source) == _family(source) and (each.site, each.group) == scope
        }
        return Proposal(
            source,
            new=tuple(each for key, each in sorted(wanted.items()) if key not in stored),
            gone=tuple(
                each
                for key, each in sorted(stored.items())
                if key not in wanted and span[0] <= each.first and each.last <= span[1]
            ),
            renamed=tuple(
                (each, wanted[key].name)
                for key, each in sorted(stored.items())
                if key in wanted and clean(wanted[key].name, "calendar entry") != each.name
            ),
            held=tuple(each for key, each in sorted(stored.items()) if key in wanted),
            site=scope[0],
            group=scope[1],
        )

    # What is changed

    @needs("timetable.change")
    def add(
        self, actor: "Actor", told: Days, *, site: str | None = None, group: str | None = None, source: str = BY_HAND
    ) -> "StoredDays":
        """Close or open days, or tell of a term. Raises CalendarDays, PersonInvalid, GroupUnknown, MonthClosed."""
        with self._changing() as transaction:
            return self._added(transaction, actor, told, site, group, source)

    @needs("timetable.change")
    def take_in(self, actor: "Actor", proposal: Proposal) -> "list[StoredDays]":
        """Store what is proposed, all of it or nothing: what is gone or renamed is taken back, what is new is added.

        Raises as `add`.
        """
        with self._changing() as transaction:
            for each in proposal.gone:
                self._taken_back(transaction, actor, each, f"not in {proposal.source}")
            for each, name in proposal.renamed:
                self._taken_back(transaction, actor, each, f"renamed in {proposal.source}")
                self._added(
                    transaction,
                    actor,
                    Days(each.kind, each.first, each.last, name),
                    each.site,
                    each.group,
                    proposal.source,
                )
            return [
                self._added(transaction, actor, each, proposal.site, proposal.group, proposal.source)
                for each in proposal.new
            ]

    @needs("timetable.change")
    def withdraw(self, actor: "Actor", number: int, *, reason: str) -> "StoredDays":
        """Take an entry back: it counts no longer, and stays on record. Raises CalendarUnknown, MonthClosed."""
        with self._changing() as transaction:
            found = next((each for each in rows.entries(transaction, withdrawn=True) if each.id == number), None)
            if found is None:
                raise CalendarUnknown(str(number), "there is no calendar entry of this number")
            if found.withdrawn is not None:
                raise CalendarUnknown(str(number), f"it was withdrawn before, at {instant(found.withdrawn.at)}")
            self._taken_back(transaction, actor, found, reason)
            return found

    @contextmanager
    def _changing(self) -> "Iterator[Transaction]":
        """One step; raises MonthClosed where it changes what took place in a closed month."""
        with self._gallery.store.atomic() as transaction:
            before = self._statuses.plan()
            yield transaction
            after = self._statuses.plan()
            days = _days(set(before.calendar) ^ set(after.calendar))
            refuse_reach(transaction, self._statuses, before, after, self._sessions.zone, days)
            self._gallery.store.bump(transaction)

    def _added(
        self,
        transaction: "Transaction",
        actor: "Actor",
        told: Days,
        site: str | None,
        group: str | None,
        source: str,
    ) -> "StoredDays":
        _refuse_days(told.first, told.last)
        now = self._clock.utc()
        made = rows.insert(
            transaction,
            told.kind,
            told.first,
            told.last,
            name=clean(told.name, "calendar entry"),
            source=source,
            at=now,
            by=actor.name,
            site=_site(site),
            group_id=group_number(transaction, group) if group else None,
        )
        details = {"kind": told.kind, "days": (told.last - told.first).days + 1}
        record(transaction, at=now, by=actor.name, action=CALENDAR_ADDED, subject=made.id, details=details)
        return made

    def _taken_back(self, transaction: "Transaction", actor: "Actor", entry: "StoredDays", reason: str) -> None:
        now = self._clock.utc()
        rows.withdraw(transaction, entry.id, at=now, by=actor.name, reason=reason)
        record(transaction, at=now, by=actor.name, action=CALENDAR_WITHDRAWN, subject=entry.id)


def _shown(entry: "StoredDays") -> ShownDays:
    return ShownDays(entry.first, entry.last, entry.kind == "closed", entry, entry.site, entry.group)


def _site(text: str | None) -> str | None:
    return clean(text, "site") if text and text.strip() else None


def _family(source: str) -> str:
    """A source without the version of the library: "holidays DE-BY", so that a later one is compared with it."""
    kind, _, rest = source.partition(" ")
    return f"{kind} {rest.rpartition(' ')[2]}" if kind == "holidays" else source


def span_of(text: str) -> tuple[date, date]:
    """First and last day of a text such as 2026-12-24 or 2026-12-24..2027-01-06. Raises CalendarDays."""
    try:
        found = days_of(text)
    except ValueError:
        raise CalendarDays(text, "this is neither a day nor two with dots between them") from None
    _refuse_days(*found)
    return found


def span_told(first: date, last: date) -> str:
    """One day, or two with dots between them."""
    return first.isoformat() if first == last else f"{first}..{last}"


def _refuse_order(first: date, last: date) -> None:
    if last < first:
        raise CalendarDays(f"{first}..{last}", "the last day lies before the first")


def _refuse_days(first: date, last: date) -> None:
    _refuse_order(first, last)
    if not FIRST_DAY <= first <= last <= LAST_DAY:
        raise CalendarDays(f"{first}..{last}", f"no day before {FIRST_DAY} or after {LAST_DAY} is kept")
    if (last - first).days >= MOST_DAYS:
        raise CalendarDays(f"{first}..{last}", f"{MOST_DAYS // 366} years are more than anybody means")


def _days(entries: "Iterable[Any]") -> Iterator[date]:
    """All days of these entries."""
    for each in entries:
        yield from (each.first + _DAY * number for number in range((each.last - each.first).days + 1))


def _stretches(
    calendar: Calendar,
    stored: "dict[int, StoredDays]",
    first: date,
    last: date,
    scope: tuple[str | None, str | None],
) -> "Sequence[ShownDays]":
    """Days in a row that are decided alike in a scope, if by an entry of this very scope, or as no term runs in it."""
    found: list[ShownDays] = []
    termed = any(each.kind == "term" and (each.site, each.group) == scope for each in stored.values())
    for day in (first + _DAY * number for number in range((last - first).days + 1)):
        state = calendar.state(day, *scope)
        entry = None if state.entry is None else stored.get(state.entry.key)
        own = state.closed and termed if entry is None else (entry.site, entry.group) == scope
        if not own:
            continue
        before = found[-1] if found else None
        if before is not None and before.last == day - _DAY and (before.entry, before.closed) == (entry, state.closed):
            found[-1] = ShownDays(before.first, day, state.closed, entry, *scope)
        else:
            found.append(ShownDays(day, day, state.closed, entry, *scope))
    return found
