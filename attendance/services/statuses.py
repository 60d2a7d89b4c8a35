"""What became of everybody: all that is known is read from the gallery in one view, and statuses are derived from it.

Nothing of it is stored: the same records give the same statuses again, whoever asks and for whichever span.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from attendance.errors import RuleUnknown
from attendance.records import PersonRef
from attendance.register.months import month_of
from attendance.services.known import known_group
from attendance.timetable import memberships
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import CalendarEntry, Cover, Entry, Excuse, Mark, Person, Version
from attendance.timetable.occurrences import of_entries
from attendance.timetable.rule import Rule
from attendance.timetable.status import Coverage, derive
from attendance.timetable.whom import concerns
from attendance.zones import day_bounds
from gallery.repositories import aliases, calendar, coverage, events, excuses, groups, marks, months, purging, rules
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.timetable.attended import Attended
    from attendance.timetable.occurrence import Occurrence
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.timetablevalues import CalendarDays, StoredCoverage, StoredExcuse, StoredRule
    from gallery.values import PersonInfo, TimedMark

AROUND: Final = timedelta(days=2)
"""How far beyond the days asked for occurrences and marks are looked at: a mark belongs to the nearest of them."""
_Turns = Mapping[tuple[int, str], Sequence[memberships.Turn]]
"""By person and group the turns that hold, in order."""
_ELSEWHERE: Final = timedelta(days=1)
"""How far days of other zones are from the site's."""
_ENROLLED: Final = ("person.enroll", "template.add")
_ENTERED: Final = ("person.add", "person.enroll")
_NOT_OF_THE_BASIS: Final = ("mark.", "sighting.", "session.", *events.AT_DOORS)
"""What the actions begin with that change nothing of who is expected."""
_FOREVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Derived:
    """Statuses in order of day, beginning, entry and the person's id, with what they were derived from.

    ``people`` are those of the rows by the gallery's number, ``how`` is how each mark that counts was made, by its
    id, ``at`` when, where it is not the only one of its row, None where that is not known. ``zone`` is the site's.
    Days before ``kept_from`` have no rows, as their marks were purged; None where the days asked for are all kept.
    """

    rows: "list[Attended]"
    people: Mapping[int, PersonRef]
    how: Mapping[str, str]
    at: Mapping[str, datetime | None]
    entries: tuple[Entry, ...]
    calendar: tuple[CalendarEntry, ...]
    zone: str
    now: datetime
    kept_from: date | None = None


@dataclass(frozen=True, slots=True)
class StatusesWanted:
    """Of which days (first to last), and of whom and what alone: people of a group, one person, one entry's name.

    ``among`` are internal ids of people beyond whom nobody is asked for; None: everybody.
    """

    first: date
    last: date
    group: str | None = None
    person: int | None = None
    entry: str | None = None
    among: frozenset[int] | None = None

    @property
    def only(self) -> frozenset[int] | None:
        """The people who alone are asked for by their internal ids, None: everybody."""
        if self.person is None:
            return self.among
        return frozenset({self.person}) if self.among is None else self.among & {self.person}


@dataclass(frozen=True, slots=True)
class Plan:
    """The timetable and the calendar that statuses are derived by."""

    entries: tuple[Entry, ...]
    calendar: tuple[CalendarEntry, ...]


@dataclass(frozen=True, slots=True)
class _Basis:
    """What statuses are derived from beside marks, excuses and looks: who is expected, by person, at what."""

    plan: Plan
    people: "Mapping[int, PersonInfo]"
    expected: "tuple[tuple[Person, list[Occurrence]], ...]"


class Statuses:
    """Derives who was present, late, excused, absent, or never looked for."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock") -> None:
        self._gallery, self._sessions, self._clock = gallery, sessions, clock
        self._remembered: tuple[object, _Basis] | None = None

    def any(self) -> bool:
        """Whether there is a timetable at all."""
        with self._gallery.store.reading() as transaction:
            return rules.any_rule(transaction)

    def plan(self) -> Plan:
        """The timetable and the calendar as they are stored."""
        with self._gallery.store.reading() as transaction:
            entries = tuple(map(entry_of, rules.all_rules(transaction)))
            return Plan(entries, tuple(map(calendar_entry_of, calendar.entries(transaction))))

    def derive(self, wanted: StatusesWanted, plan: Plan | None = None) -> Derived:
        """The statuses wanted, by the stored timetable and calendar, or as they would be by another ``plan``.

        Raises GroupUnknown, RuleUnknown.
        """
        with self._gallery.store.reading() as transaction:
            known_group(self._gallery, wanted.group)
            plan = plan or self.plan()
            _known_entry(plan, wanted.entry)
            return self._derived(transaction, wanted, self._basis(transaction, wanted, plan))

    def derive_again(self, day: date, among: frozenset[int] | None = None) -> Derived:
        """As `derive`, of one day and these people (None: all), for who asks for it again and again.

        Who is expected at what is remembered until anything but a mark or a look is written. Not to be asked within
        a step that writes: what it has done may not stand in the log yet.
        """
        with self._gallery.store.reading() as transaction:
            basis = self._basis_again(transaction, day)
            return self._derived(transaction, StatusesWanted(day, day, among=among), basis)

    def people_again(self, day: date) -> "Mapping[int, PersonInfo]":
        """Everybody by name, those who left, too, by internal id; remembered as for `derive_again`."""
        with self._gallery.store.reading() as transaction:
            return self._basis_again(transaction, day).people

    def _basis_again(self, transaction: "Transaction", day: date) -> _Basis:
        key = (day, events.latest_but(transaction, _NOT_OF_THE_BASIS))
        remembered = self._remembered
        if remembered is None or remembered[0] != key:
            basis = self._basis(transaction, StatusesWanted(day, day), self.plan())
            remembered = self._remembered = key, basis
        return remembered[1]

    def _basis(self, transaction: "Transaction", wanted: StatusesWanted, plan: Plan) -> _Basis:
        people = {each.id: each for each in self._gallery.people(active=None)}
        turns = _turns(transaction)
        entered = _entered(transaction, people.values())
        closed = _closed_before(transaction, entered)
        expected = self._expected(transaction, people.values(), turns, entered, wanted.only)
        occurring = of_entries(plan.entries, wanted.first - AROUND, wanted.last + AROUND, Calendar(plan.calendar))
        return _Basis(plan, people, tuple(_by_person(expected, occurring, closed)))

    def _derived(self, transaction: "Transaction", wanted: StatusesWanted, basis: _Basis) -> Derived:
        now, zone, plan, people = self._clock.utc(), self._sessions.zone, basis.plan, basis.people
        known = _Known(transaction, _bounds(wanted, zone), wanted.only)
        kept_from = purging.kept_from(transaction)
        begun = wanted.first if kept_from is None else max(wanted.first, kept_from)
        wanted, days, purged = replace(wanted, first=begun), (begun, wanted.last), begun > wanted.first
        rows: list[Attended] = []
        how: dict[str, str] = {}
        at: dict[str, datetime | None] = {}
        for person, theirs in basis.expected:
            if wanted.only is not None and person.key not in wanted.only:
                continue
            seen, excused = known.marks_of(person.key), known.excuses.get(person.key, ())
            found = derive(person, theirs, list(map(mark_of, seen)), excused, known.coverage, now=now, days=days)
            kept = [each for each in found if _asked(wanted, person, each)]
            rows += kept
            how |= {each.id: each.method for each in seen}
            several = {key for each in kept if len(each.marks) > 1 for key in each.marks}
            at |= {each.id: each.at if each.time_known else None for each in seen if each.id in several}
        names = {each.person: people[each.person] for each in rows}
        rows.sort(
            key=lambda each: (
                each.occurrence.day,
                each.occurrence.begins,
                each.occurrence.name,
                names[each.person].external_id,
            )
        )
        refs = {key: PersonRef(each.external_id, each.name, key) for key, each in names.items()}
        return Derived(rows, refs, how, at, plan.entries, plan.calendar, zone, now, kept_from if purged else None)

    def _expected(
        self,
        transaction: "Transaction",
        people: "Iterable[PersonInfo]",
        turns: _Turns,
        entered: Mapping[int, datetime],
        only: frozenset[int] | None,
    ) -> list[Person]:
        standing, seen = self._gallery.standings(), _first_enrolled(transaction)
        told: dict[int, set[str]] = defaultdict(set)
        for person, group in turns:
            told[person].add(group)
        return [
            Person(
                key=each.id,
                spells=tuple(
                    spell
                    for group in sorted({*each.groups, *told[each.id]})
                    for spell in memberships.spells(group, turns.get((each.id, group), ()), member=group in each.groups)
                ),
                recognisable=seen.get(each.id, entered[each.id] if each.templates else None),
                away=tuple(memberships.away(standing.get(each.id, NEVER_LEFT).spells, _FOREVER)),
                known=None if told[each.id] else entered[each.id],  # whose groups of then were told was known by them
            )
            for each in sorted(people, key=attrgetter("id"))
            if only is None or each.id in only
        ]


class _Known:
    """What is stored of a span of time; marks are read one person after the other, in order of their numbers."""

    def __init__(
        self, transaction: "Transaction", span: tuple[datetime, datetime], only: frozenset[int] | None
    ) -> None:
        people = None if only is None else sorted(only)
        self.excuses: dict[int, list[Excuse]] = defaultdict(list)
        for excuse in excuses.of(transaction, people, within=span):
            if excuse.counts or excuse.pending:
                self.excuses[excuse.person].append(excuse_of(excuse))
        self.coverage = Coverage(map(cover_of, coverage.within(transaction, *span)))
        self._marks = groupby(marks.timeline(transaction, *span, people), key=attrgetter("person"))
        self._next = next(self._marks, None)

    def marks_of(self, person: int) -> "list[TimedMark]":
        """The marks of a person, who is asked for after everybody of a lower number."""
        while self._next is not None and self._next[0] < person:
            self._next = next(self._marks, None)
        if self._next is None or self._next[0] != person:
            return []
        found = list(self._next[1])
        self._next = next(self._marks, None)
        return found


def _turns(transaction: "Transaction") -> _Turns:
    turns: dict[tuple[int, str], list[memberships.Turn]] = defaultdict(list)
    for turn in groups.turns(transaction):
        turns[turn.person, turn.group].append((turn.from_day, turn.member))
    return turns


def _entered(transaction: "Transaction", people: "Iterable[PersonInfo]") -> dict[int, datetime]:
    """When each was entered in this home.

    Who comes from another home's archive brings along since when they were known there; that counts for nothing here.
    """
    told = _first(transaction, _ENTERED)
    return {each.id: told.get(each.id, each.created) for each in people}


def _closed_before(transaction: "Transaction", entered: Mapping[int, datetime]) -> dict[int, frozenset[str]]:
    """The months that were closed when somebody was entered: they are no part of what was settled without them."""
    shut = [each for each in months.states(transaction).values() if each.closed]
    if not shut:
        return {}
    found = {person: frozenset(each.month for each in shut if each.at < at) for person, at in entered.items()}
    return {person: theirs for person, theirs in found.items() if theirs}


def _by_person(
    people: "Iterable[Person]", occurring: "Iterable[Occurrence]", closed: Mapping[int, frozenset[str]]
) -> "Iterator[tuple[Person, list[Occurrence]]]":
    """Everybody with the occurrences that concern them, but for those of the months that are ``closed`` to them."""
    by_entry: dict[int, list[Occurrence]] = defaultdict(list)
    for each in occurring:
        by_entry[each.entry.key].append(each)
    of_group: dict[str, list[int]] = defaultdict(list)
    of_person: dict[int, list[int]] = defaultdict(list)
    of_all: list[int] = []
    for key, found in by_entry.items():
        entry = found[0].entry
        if entry.person is not None:
            of_person[entry.person].append(key)
        else:
            (of_all if entry.group is None else of_group[entry.group]).append(key)
    for person in people:
        named = {each.group for each in person.spells}
        keys = [
            *of_all,
            *of_person.get(person.key, ()),
            *(key for group in sorted(named) for key in of_group.get(group, ())),
        ]
        shut = closed.get(person.key, ())
        theirs = [
            each
            for key in keys
            for each in by_entry[key]
            if concerns(each.entry, person, each.day) and not (shut and month_of(each.day) in shut)
        ]
        if theirs:
            yield person, sorted(theirs, key=attrgetter("begins", "entry.key"))


def _asked(wanted: StatusesWanted, person: Person, row: "Attended") -> bool:
    day = row.occurrence.day
    if not wanted.first <= day <= wanted.last or wanted.entry not in {None, row.occurrence.name}:
        return False
    return wanted.group is None or person.belongs(wanted.group, day)


def _bounds(wanted: StatusesWanted, zone: str) -> tuple[datetime, datetime]:
    """The instants between which marks may matter, wherever the rules' zones are."""
    begin, end = day_bounds(wanted.first, zone)[0], day_bounds(wanted.last, zone)[1]
    return begin - AROUND - _ELSEWHERE, end + AROUND + _ELSEWHERE


def _first_enrolled(transaction: "Transaction") -> dict[int, datetime]:
    """Since when people can be recognised: their first photo, whatever became of its template or of their number."""
    found, heirs = _first(transaction, _ENROLLED), aliases.heirs(transaction)
    for before, now in heirs.items():
        if before in found:
            found[now] = min(found[before], found.get(now, found[before]))
    return found


def _first(transaction: "Transaction", actions: "Iterable[str]") -> dict[int, datetime]:
    """By internal id when one of these was first done with somebody."""
    found: dict[int, datetime] = {}
    for action in actions:
        for subject, times in events.times(transaction, action).items():
            found[int(subject)] = min(times[0], found.get(int(subject), times[0]))
    return found


def _known_entry(plan: Plan, name: str | None) -> None:
    if name is not None and name not in {each.name for each in plan.entries}:
        raise RuleUnknown.among(name, (each.name for each in plan.entries))


# From what is stored to what statuses are derived from


def entry_of(stored: "StoredRule") -> Entry:
    """An entry of the timetable as it is stored."""
    versions = (
        Version(each.id, each.from_day, None if each.spec is None else Rule.from_dict(each.spec))
        for each in stored.versions
    )
    return Entry(stored.id, stored.name, stored.group, stored.person, tuple(versions))


def calendar_entry_of(stored: "CalendarDays") -> CalendarEntry:
    """An entry of the calendar as it is stored."""
    return CalendarEntry(
        stored.id, stored.kind, stored.first, stored.last, stored.name, stored.source, stored.site, stored.group
    )


def mark_of(stored: "TimedMark") -> Mark:
    """A mark that counts, or waits for approval."""
    return Mark(stored.id, stored.at, stored.day, stored.direction, stored.method, stored.time_known, stored.pending)


def excuse_of(stored: "StoredExcuse") -> Excuse:
    """An excuse that counts, or waits for approval."""
    return Excuse(stored.id, stored.begins, stored.ends, stored.reason, stored.pending)


def cover_of(stored: "StoredCoverage") -> Cover:
    """A span in which people were looked for; all but a camera may tell of a time long gone."""
    searched = None if stored.kind == "camera" else stored.entered
    return Cover(stored.source, stored.kind, stored.begins, stored.ends, stored.group, stored.site, searched)
