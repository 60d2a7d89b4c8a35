"""Marks of other devices, from a list: each row is taken as it says, or named with its line and why it is not.

The same row again changes nothing, also where somebody has declared its mark wrong meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import CoverageSpan, MonthClosed, SessionDay
from attendance.records import instant
from attendance.roster.marks import DeviceMark, MarkList, read_marks
from attendance.roster.school import Remark
from attendance.services.called import Called
from attendance.zones import day_bounds, local_day
from gallery.standing import NEVER_LEFT
from refusal import counted

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.nights import Nights
    from gallery import Gallery
    from gallery.ports import Transaction

DEVICE: Final = "device"
FUTURE: Final = "mark.future"
UNREAD: Final = frozenset(
    {"row.cells", "row.person", "row.time", "row.direction", "person.unknown", "person.ambiguous"}
)
"""Rows that cannot be read, but may be of somebody who was there on any day of the list."""
_MANY: Final = 10  # one row in so many is reason to look at the device's clock


@dataclass(frozen=True, slots=True)
class MarksWanted:
    """What is asked for: the list, the zone of its times and the system of its ids, where they are told.

    ``covers`` are the first and the last day of which the list has everybody; ``anyway`` covers those days also where
    rows were refused.
    """

    path: Path
    zone: str | None = None
    system: str | None = None
    day_first: bool = False
    covers: tuple[date, date] | None = None
    anyway: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class MarksTaken:
    """What became of a list: how many rows are new, unchanged and passed over, and the days that are covered now."""

    new: int
    unchanged: int
    passed_over: int
    remarks: tuple[Remark, ...] = ()
    covered: tuple[tuple[date, date], ...] = ()

    @property
    def refused(self) -> tuple[Remark, ...]:
        """What was not taken, and why."""
        return tuple(each for each in self.remarks if each.refused)


@dataclass(slots=True)
class _Sorted:
    """The rows of a list: which to write, of whom and for which day, and what is said of the others."""

    marks: list[tuple[DeviceMark, int, date]] = field(default_factory=list)
    unchanged: int = 0
    passed_over: int = 0
    future: int = 0
    remarks: list[Remark] = field(default_factory=list)
    refused_on: set[date] = field(default_factory=set)

    def refuse(self, mark: DeviceMark, code: str, detail: str) -> None:
        self.remarks.append(Remark(code, mark.where, detail))


class MarkImport:
    """Takes in marks of other devices; ``nights`` tells for which days of closed months a mark counts, too."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock", nights: "Nights") -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._clock = clock
        self._nights = nights

    @needs("imports.run")
    def take_in(self, actor: "Actor", wanted: MarksWanted) -> MarksTaken:
        """Take in the rows that can be, in one step; with ``dry_run`` only say which they are.

        Raises MarksFile, ZoneUnknown, CoverageSpan for days that are not over or in the wrong order.
        """
        now = self._clock.utc()
        self._check_covers(wanted, now)
        found = read_marks(
            wanted.path,
            wanted.zone or self._sessions.zone,
            day_first=wanted.day_first,
            source=wanted.system or DEVICE,
        )
        store = self._gallery.store
        if wanted.dry_run:
            with store.reading() as transaction:
                done = self._sorted(transaction, wanted, found, now)
                covered = self._coverable(transaction, wanted, done, now)
        else:
            with store.atomic() as transaction:
                done = self._sorted(transaction, wanted, found, now)
                self._write(transaction, done, now, actor.name)
                covered = self._coverable(transaction, wanted, done, now)
                self._cover(transaction, wanted, covered, now, actor.name)
        remarks = (*done.remarks, *_warnings(wanted, found, done, self._sessions.zone))
        return MarksTaken(len(done.marks), done.unchanged, done.passed_over, remarks, tuple(covered))

    # Which rows

    def _sorted(self, transaction: "Transaction", wanted: MarksWanted, found: MarkList, now: datetime) -> _Sorted:
        who = Called(self._gallery, transaction, wanted.system)
        there, rules = _There(transaction, self._sessions.zone), self._rules(transaction, now)
        done = _Sorted()
        unread = [*found.remarks, *_timeless(found, there, done)]
        done.remarks += unread
        for mark in found.marks:
            day, person = local_day(mark.at, self._sessions.zone), who.of(mark.person)
            if there.is_known(mark.mark, day):
                done.unchanged += 1
            elif not mark.counts:
                done.passed_over += 1
            elif isinstance(person, Remark):
                done.refuse(mark, person.code, person.detail)
                done.refused_on.add(day)
            elif there.has(mark, person, day):
                done.unchanged += 1
            elif (told := rules(mark, person, day)) is not None:
                done.refuse(mark, *told)
                if told[0] == FUTURE:
                    done.future += 1
                    done.refused_on.add(day)
            else:
                there.add(mark, person)
                done.marks.append((mark, person, day))
        if wanted.covers is not None and any(each.code in UNREAD for each in unread):
            done.refused_on |= set(_days(*wanted.covers))
        return done

    def _rules(
        self, transaction: "Transaction", now: datetime
    ) -> "Callable[[DeviceMark, int, date], tuple[str, str] | None]":
        """What says of a mark why it cannot be taken, as code and words; None where it can."""
        standings, closed, also = self._gallery.standings(), _Closed(transaction), self._nights.of_many(transaction)

        def why(mark: DeviceMark, person: int, day: date) -> tuple[str, str] | None:
            if mark.at > now:
                return FUTURE, f"{instant(mark.at)} has not come yet"
            unkept = self._unkept(day, now)
            if unkept is not None:
                return "session.day", unkept
            month = closed.among((day,)) or closed.among(sorted(also(transaction, person, mark.at)))
            if month is not None:
                return MonthClosed.id, f"{month} is closed"
            if not standings.get(person, NEVER_LEFT).belongs_at(mark.at):
                return "person.inactive", f"{mark.person} was set inactive and did not belong then"
            return None

        return why

    def _unkept(self, day: date, now: datetime) -> str | None:
        try:
            self._sessions.begun(day, now)
        except SessionDay as problem:
            return problem.detail
        return None

    # Writing

    def _write(self, transaction: "Transaction", done: _Sorted, now: datetime, by: str) -> None:
        from gallery.repositories import news

        with news.together(transaction):
            self._write_each(transaction, done, now, by)

    def _write_each(self, transaction: "Transaction", done: _Sorted, now: datetime, by: str) -> None:
        from gallery.repositories import marks as rows
        from gallery.repositories.events import MARK_ADDED, record

        sessions = self._sessions.by(by)
        numbers: dict[date, int] = {}
        for mark, person, day in done.marks:
            if day not in numbers:
                numbers[day] = sessions.by_hand(day.isoformat(), now).id
            told = {"source": mark.source, "told_method": mark.told_method, "remark": mark.remark}
            made = rows.add(
                transaction,
                person,
                numbers[day],
                at=mark.at,
                entered=now,
                by=by,
                method=mark.method,
                details={key: value for key, value in told.items() if value is not None},
                direction=mark.direction,
                unless="none",
            )
            if made is not None:
                details = {"person": person, "session": made.session, "how": mark.method}
                record(transaction, at=now, by=by, action=MARK_ADDED, subject=made.id, details=details)

    # Coverage

    def _check_covers(self, wanted: MarksWanted, now: datetime) -> None:
        if wanted.covers is None:
            return
        first, last = wanted.covers
        today = local_day(now, self._sessions.zone)
        if first > last or last > today:
            why = f"{first} is after {last}" if first > last else f"{last} has not come yet: today is {today}"
            raise CoverageSpan("--covers", why)

    def _coverable(
        self, transaction: "Transaction", wanted: MarksWanted, done: _Sorted, now: datetime
    ) -> list[tuple[date, date]]:
        """The days of the list of which it is known who was there, as spans; of the others a remark says why not."""
        if wanted.covers is None:
            return []
        closed = _Closed(transaction)
        free: list[date] = []
        lost: list[date] = []
        for day in _days(*wanted.covers):
            if closed.among((day, *self._nights.of_look(transaction, *self._until(day, now)))):
                done.remarks.append(Remark(MonthClosed.id, str(day), "not covered: the month is closed"))
            elif day in done.refused_on and not wanted.anyway:
                lost.append(day)
            elif (why := self._unkept(day, now)) is not None:
                done.remarks.append(Remark("session.day", str(day), why))
            else:
                free.append(day)
        if lost:
            shown = ", ".join(f"{first} to {last}" if first != last else str(first) for first, last in _spans(lost))
            detail = f"not covered, as rows were refused: {shown}; correct them, or say --covers-anyway"
            done.remarks.append(Remark("coverage.refused", "--covers", detail))
        return _spans(free)

    def _until(self, day: date, now: datetime) -> tuple[datetime, datetime]:
        begins, ends = day_bounds(day, self._sessions.zone)
        return begins, min(ends, now)

    def _cover(
        self,
        transaction: "Transaction",
        wanted: MarksWanted,
        spans: Sequence[tuple[date, date]],
        now: datetime,
        by: str,
    ) -> None:
        from gallery.repositories import coverage
        from gallery.repositories.events import COVERAGE_ADDED, record

        for first, last in spans:
            begins, ends = day_bounds(first, self._sessions.zone)[0], day_bounds(last, self._sessions.zone)[1]
            until = min(ends, now)
            known = [
                each
                for each in coverage.within(transaction, begins, until)
                if each.kind == "device" and each.group is None and each.place is None and each.begins <= begins
            ]
            if any(each.ends >= until for each in known):
                continue
            source = wanted.system or DEVICE  # not the file's name, which may be a person's
            number = coverage.begin(transaction, "device", source, begins=begins, ends=until, at=now, by=by)
            details = {"kind": "device", "days": (last - first).days + 1}
            record(transaction, at=now, by=by, action=COVERAGE_ADDED, subject=number, details=details)


def _timeless(found: MarkList, there: "_There", done: _Sorted) -> Iterator[Remark]:
    """Count the rows of no known time whose marks are there or do not count; the remarks on the others."""
    for row in found.timeless:
        if there.has_id(row.mark):
            done.unchanged += 1
        elif not row.counts:
            done.passed_over += 1
        else:
            yield row.remark


class _There:
    """The marks that are there already, void ones too; a day's are read when the first row of that day comes."""

    def __init__(self, transaction: "Transaction", zone: str) -> None:
        self._transaction, self._zone = transaction, zone
        self._days: set[date] = set()
        self._keys: set[tuple[Any, ...]] = set()
        self._ids: set[str] = set()

    def is_known(self, mark: str | None, day: date) -> bool:
        """Whether there is a mark of this id: nearly always in the own session of its day."""
        if mark is None:
            return False
        self._read(day)
        return self.has_id(mark)

    def has_id(self, mark: str) -> bool:
        """The same, of a mark whose day is not known."""
        from gallery.repositories import marks

        return mark in self._ids or marks.by_id(self._transaction, mark) is not None

    def has(self, mark: DeviceMark, person: int, day: date) -> bool:
        """Whether a mark of the same person, instant, direction and source is there, or was added."""
        self._read(day)
        return (person, mark.at, mark.direction, mark.source) in self._keys

    def add(self, mark: DeviceMark, person: int) -> None:
        """From now on it is there."""
        self._keys.add((person, mark.at, mark.direction, mark.source))

    def _read(self, day: date) -> None:
        from gallery.repositories import marks, sessions

        if day in self._days:
            return
        self._days.add(day)
        found = sessions.of_day(self._transaction, day, self._zone)
        for each in () if found is None else marks.of_session(self._transaction, found.id):
            self._ids.add(each.id)
            self._keys.add((each.person, each.at, each.direction, each.details.get("source", "")))


class _Closed:
    """The closed months."""

    def __init__(self, transaction: "Transaction") -> None:
        from gallery.repositories import months

        self._closed = {month for month, state in months.states(transaction).items() if state.closed}

    def among(self, days: Iterable[date]) -> str | None:
        """The closed month that one of the days lies in, or None."""
        return next((month for day in days if (month := day.isoformat()[:7]) in self._closed), None)


def _warnings(wanted: MarksWanted, found: MarkList, done: _Sorted, zone: str) -> Iterator[Remark]:
    """What makes a person look at the device's clock, or at how the list was read."""
    name, number = wanted.path.name, len(found.marks)
    if found.doubt is not None:
        yield Remark("file.encoding", name, found.doubt, refused=False)
    if done.future * _MANY > number:
        detail = f"{done.future} of {number} rows lie in the future; look at the device's clock, and at --zone"
        yield Remark("marks.clock", name, detail, refused=False)
    if wanted.covers is not None:
        first, last = wanted.covers
        outside = sum(not first <= local_day(each.at, zone) <= last for each in found.marks)
        if outside * _MANY > number:
            detail = (
                f"{outside} of {number} rows lie outside {first} to {last}; look at the device's clock, and at --zone"
            )
            yield Remark("marks.clock", name, detail, refused=False)
    twice = sum(each.remark is not None for each, _, _ in done.marks)
    if twice:
        some = counted(twice, "row is", "rows are")
        detail = f"{some} of an hour that came twice, as clocks were put back: the first is taken"
        yield Remark("marks.twice", name, detail, refused=False)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _spans(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days in order as first and last of each run without a gap."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans
