"""The day as it stands: who is there, late, missing or excused, in what takes place, and what waits to be looked at.

All of it is read from the gallery in one view and derived as reports are, so that a page and a report never differ.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from attendance.access import may_see
from attendance.errors import GroupUnknown
from attendance.timetable.attended import THERE, Attended, Status
from attendance.timetable.reasons import Reason
from attendance.zones import day_bounds, day_start, local_day
from gallery.repositories import coverage, events, marks, news, sessions, sightings

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.statuses import Statuses
    from attendance.timetable.occurrence import Occurrence
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Direction, Method, PersonInfo, StoredSession, TimedMark

MISSING: Final = "missing"
"""Of somebody who should be there, whom nobody has seen, while it goes on."""
EXPECTED: Final = "expected"
NOT_SEEN: Final = "not seen"
"""Of somebody whom no timetable expects, and who has no mark."""
FRESH_S: Final = 10
"""A board is made anew after so long although nothing was written, as time goes on."""
MOST_MADE: Final = 64


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of somebody in one ``meeting`` (its number): a status, or a word from above; times that are known."""

    meeting: int
    word: str
    arrived: datetime | None = None
    left: datetime | None = None
    late_min: int = 0
    pending: bool = False


@dataclass(frozen=True, slots=True)
class DayMark:
    """A mark of the day that counts, or waits for approval; ``session`` is the name of a named one."""

    id: str
    at: datetime
    time_known: bool
    direction: "Direction | None"
    method: "Method"
    session: str | None
    pending: bool


@dataclass(frozen=True, slots=True)
class PersonDay:
    """One person's day; ``word`` is how it stands now: in what goes on, else in what was last, else in what comes."""

    person: "PersonInfo"
    word: str
    cells: Mapping[int, Cell] = field(default_factory=dict)
    marks: tuple[DayMark, ...] = ()

    @property
    def came(self) -> datetime | None:
        """When they were first marked, if that is known."""
        return min((each.at for each in self.marks if each.time_known), default=None)


@dataclass(frozen=True, slots=True)
class Meeting:
    """What takes place once today; ``state`` is coming, running or over, ``counts`` how many people have each word."""

    number: int
    rule: int
    name: str
    whom: str
    begins: datetime
    ends: datetime
    state: str
    counts: Mapping[str, int]
    people: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many it concerns."""
        return len(self.people)

    @property
    def there(self) -> int:
        """How many were there, or are."""
        return sum(self.counts.get(str(word), 0) for word in THERE)


@dataclass(frozen=True, slots=True)
class NamedSession:
    """A session that somebody has opened, and which of the people shown are marked in it."""

    number: int
    name: str
    group: str | None
    opens: datetime
    open: bool
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """The day: people by internal id in order of their names, what takes place, counts by word, and what waits.

    ``groups`` are those the visitor sees, with how many people each has; ``group`` the one that was chosen.
    ``unknown`` counts today's faces of nobody enrolled; ``looked`` is when somebody was last looked for.
    """

    day: date
    now: datetime
    groups: Mapping[str, int]
    group: str | None
    people: Mapping[int, PersonDay]
    meetings: tuple[Meeting, ...]
    sessions: tuple[NamedSession, ...]
    counts: Mapping[str, int]
    reviews: int
    unknown: int
    looked: datetime | None

    def of(self, meeting: Meeting, *words: str) -> list[PersonDay]:
        """The people of a meeting who have one of these words in it, by name."""
        found = [self.people[key] for key in meeting.people]
        return [each for each in found if each.cells[meeting.number].word in words]

    @property
    def there(self) -> int:
        """How many people are there, or were."""
        return sum(self.counts.get(str(word), 0) for word in THERE)


class DayBoards:
    """Makes the board of the present day; what many ask for at once is made once."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", statuses: "Statuses", clock: "Clock") -> None:
        self._gallery, self._sessions, self._statuses, self._clock = gallery, sessions, statuses, clock
        self._lock = threading.Lock()
        self._made: dict[tuple[frozenset[str] | None, str | None], tuple[object, Board]] = {}

    def today(self, scope: Collection[str] | None = None, group: str | None = None) -> Board:
        """The board for one who sees the people of the groups ``scope`` (None: all), of one group where it is given.

        Where nothing was written since, it may be some seconds old. Raises GroupUnknown, also for a group that is
        there but beyond the scope.
        """
        asked = (None if scope is None else frozenset(scope), group)
        with self._lock, self._gallery.store.reading() as transaction:
            now = self._clock.utc()
            state = (_state(transaction), int(now.timestamp()) // FRESH_S)
            known = self._made.get(asked)
            if known is not None and known[0] == state:
                return known[1]
            board = self._board(transaction, *asked, now)
            self._made.pop(asked, None)
            self._made[asked] = state, board
            while len(self._made) > MOST_MADE:
                del self._made[next(iter(self._made))]
            return board

    def _board(
        self, transaction: "Transaction", scope: Collection[str] | None, group: str | None, now: datetime
    ) -> Board:
        zone = self._sessions.zone
        day = local_day(now, zone)
        seen = _seen(self._statuses.people_again(day).values(), scope)
        groups = _sizes(seen, scope)
        if group is not None and group not in groups:
            raise GroupUnknown.among(group, groups)
        people = {each.id: each for each in seen if group is None or group in each.groups}
        among = None if scope is None and group is None else frozenset(people)
        rows = self._statuses.derive_again(day, among).rows
        marked, named = self._marks(transaction, day, zone, now, among)
        meetings, cells = _meetings([each for each in rows if each.person in people], people, now)
        timetabled = bool(rows) or self._statuses.any()
        days = {
            key: _person_day(each, meetings, cells[key], marked[key], timetabled=timetabled)
            for key, each in people.items()
        }
        return Board(
            day,
            now,
            groups,
            group,
            days,
            tuple(meetings),
            _named(named, marked, people, group, scope, now),
            Counter(each.word for each in days.values()),
            _waiting(transaction, None if among is None else people),
            sightings.count_unknown(transaction, day_start(day, zone)),
            coverage.latest(transaction),
        )

    def _marks(
        self, transaction: "Transaction", day: date, zone: str, now: datetime, among: Collection[int] | None
    ) -> "tuple[dict[int, list[DayMark]], list[StoredSession]]":
        """The day's marks by person, in order of time, and the named sessions that are open or were opened today."""
        begin, end = day_bounds(day, zone)
        named = sessions.named_within(transaction, begin, min(now, end))
        names = {each.id: each.name for each in named}
        found: dict[int, list[DayMark]] = defaultdict(list)
        for each in marks.timeline(transaction, begin, end, among):
            found[each.person].append(_mark(each, names))
        return found, named


def _state(transaction: "Transaction") -> tuple[object, ...]:
    """What is another whenever anything was written that a board tells of."""
    return events.latest_but(transaction, events.AT_DOORS), news.latest(transaction), coverage.latest(transaction)


def _seen(people: "Iterable[PersonInfo]", scope: Collection[str] | None) -> "list[PersonInfo]":
    return [each for each in people if each.active and may_see(scope, each)]


def _sizes(people: "Iterable[PersonInfo]", scope: Collection[str] | None) -> dict[str, int]:
    counted = Counter(group for each in people for group in each.groups if scope is None or group in scope)
    return dict(sorted(counted.items()))


def _mark(each: "TimedMark", names: Mapping[int, str]) -> DayMark:
    return DayMark(
        each.id, each.at, each.time_known, each.direction, each.method, names.get(each.session), each.pending
    )


def _meetings(
    rows: Sequence[Attended], people: "Mapping[int, PersonInfo]", now: datetime
) -> tuple[list[Meeting], dict[int, dict[int, Cell]]]:
    """What takes place, in order of time, and by person the cells of it."""
    held: dict[tuple[int, datetime], list[Attended]] = defaultdict(list)
    for each in rows:
        held[each.occurrence.entry.key, each.occurrence.begins].append(each)
    order = sorted(
        held.values(), key=lambda found: (found[0].occurrence.begins, found[0].occurrence.name, found[0].person)
    )
    places = {key: place for place, key in enumerate(people)}
    meetings, cells = [], defaultdict[int, dict[int, Cell]](dict)
    for number, found in enumerate(order):
        for each in found:
            cells[each.person][number] = _cell(number, each, now)
        keys = sorted((each.person for each in found), key=places.__getitem__)
        counts = Counter(cells[key][number].word for key in keys)
        meetings.append(_meeting(number, found[0].occurrence, people, now, counts, tuple(keys)))
    return meetings, cells


def _meeting(
    number: int,
    held: "Occurrence",
    people: "Mapping[int, PersonInfo]",
    now: datetime,
    counts: Mapping[str, int],
    keys: tuple[int, ...],
) -> Meeting:
    entry = held.entry
    whom = entry.group or ("everybody" if entry.person is None else people[entry.person].name)
    state = "coming" if now < held.begins else "running" if now < held.ends else "over"
    return Meeting(number, entry.key, held.name, whom, held.begins, held.ends, state, counts, keys)


def _cell(number: int, row: Attended, now: datetime) -> Cell:
    pending = Reason.AWAITS_APPROVAL in row.reasons
    return Cell(number, _word(row, now), row.arrived, row.left, row.late_s // 60, pending)


def _word(row: Attended, now: datetime) -> str:
    """The status, but for what is not over: who is not there is missing, and expected before it begins."""
    held = row.occurrence
    if row.status in {Status.ABSENT, Status.NO_LOG} and now < held.ends:
        if now < held.begins:
            return EXPECTED
        return MISSING if row.status is Status.ABSENT else str(row.status)
    return str(row.status)


def _person_day(
    person: "PersonInfo",
    meetings: Sequence[Meeting],
    cells: Mapping[int, Cell],
    found: Sequence[DayMark],
    *,
    timetabled: bool,
) -> PersonDay:
    word = _now(meetings, cells)
    if word is None or (word == EXPECTED and found):
        counting = any(not each.pending for each in found)
        word = str(Status.PRESENT) if counting else word or (EXPECTED if found and timetabled else NOT_SEEN)
    return PersonDay(person, word, cells, tuple(found))


def _now(meetings: Sequence[Meeting], cells: Mapping[int, Cell]) -> str | None:
    """How it stands in what goes on, else in what was last, else in what comes next; None where nothing is."""
    running = [number for number in cells if meetings[number].state == "running"]
    over = [number for number in cells if meetings[number].state == "over"]
    for number in (*reversed(running), *reversed(over), *cells):
        return cells[number].word
    return None


def _named(
    found: "Iterable[StoredSession]",
    marked: Mapping[int, Sequence[DayMark]],
    people: Mapping[int, object],
    group: str | None,
    scope: Collection[str] | None,
    now: datetime,
) -> tuple[NamedSession, ...]:
    """The named sessions that concern those shown: for all, for a group of theirs, or with marks of theirs."""
    there: dict[str, list[int]] = defaultdict(list)
    for key in people:
        for name in dict.fromkeys(each.session for each in marked.get(key, ()) if each.session is not None):
            there[name].append(key)
    wanted = scope if group is None else {group}
    return tuple(
        NamedSession(each.id, each.name, each.group, each.opens, each.closes is None or now < each.closes, tuple(keys))
        for each in found
        if wanted is None or each.group is None or each.group in wanted or there[each.name]
        for keys in [there[each.name]]
    )


def _waiting(transaction: "Transaction", people: Collection[int] | None) -> int:
    """How many reviews nobody has looked at, of all or of these people."""
    if people is None:
        return sightings.count_waiting(transaction)
    return sum(each in people for each in sightings.waiting_people(transaction))
