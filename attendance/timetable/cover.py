"""Whether somebody looked: nobody is absent without it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Self

from attendance.timetable.days import bounds
from attendance.timetable.facts import Cover, Person, Span
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.reasons import Reason
from attendance.timetable.rule import Pairing

LONGEST_GAP = timedelta(minutes=5)
"""Sources start a moment late, and come back after a moment: shorter gaps are none."""

_BY_FACE = frozenset({"camera", "file"})


class Coverage:
    """What has been looked at, made once and asked for many people."""

    def __init__(self, covers: Iterable[Cover]) -> None:
        self._covers = sorted((each for each in covers if _looked(each)), key=_begins)
        self._groups = frozenset(each.group for each in self._covers if each.group is not None)
        self._counting: dict[tuple[frozenset[str], str | None], _Counting] = {}

    def of(self, person: Person) -> "Looked":
        """What of it counts for this person."""
        return Looked(self, person)

    def groups(self, person: Person, day: date) -> frozenset[str]:
        """The groups that somebody looked for and that the person belongs to on that day."""
        told = {spell.group for spell in person.spells} & self._groups if self._groups else ()
        return frozenset(group for group in told if person.belongs(group, day))

    def counting(self, groups: frozenset[str], site: str | None) -> "_Counting":
        """What counts for members of these groups at the site."""
        key = (groups, site)
        if key not in self._counting:
            self._counting[key] = _Counting([each for each in self._covers if _concerns(each, groups, site)])
        return self._counting[key]


class Looked:
    """What has been looked at for one person."""

    def __init__(self, coverage: Coverage, person: Person) -> None:
        self._coverage = coverage
        self._person = person
        self._days: dict[date, frozenset[str]] = {}

    def why_not(self, occurrence: Occurrence, expected: Sequence[Span], now: datetime) -> Reason | None:
        """Why nobody can say that the person was not there in what was expected of them; None: it can be said."""
        counting = self._counting(occurrence)
        missed = counting.missed(self._person)
        stretch = _Stretch.of(occurrence, expected)
        found = counting.united(missed)
        if found.cover(stretch, now):
            return None
        if now < max(stretch.until, stretch.last):
            return Reason.NOT_OVER
        if missed != _NONE and counting.united(_NONE).cover(stretch, now):
            return Reason.UNRECOGNISABLE
        day = bounds(occurrence.day, occurrence.rule.zone)
        return Reason.GAP if found.leave_a_gap(stretch, *day) else Reason.NOT_LOOKED

    def _counting(self, occurrence: Occurrence) -> "_Counting":
        day = occurrence.day
        if day not in self._days:
            self._days[day] = self._coverage.groups(self._person, day)
        return self._coverage.counting(self._days[day], occurrence.rule.site)


_Missed = tuple[int, int]
"""How many of the looks for faces, and of the others, somebody was not looked for in: the first ones of each."""
_NONE: Final[_Missed] = (0, 0)


class _Counting:
    """Covers that count for some people; a look for faces taken before somebody was enrolled does not see them."""

    def __init__(self, covers: Sequence[Cover]) -> None:
        self._covers = covers
        self._by_face = sorted(_searched(each) for each in covers if each.kind in _BY_FACE)
        self._others = sorted(_searched(each) for each in covers if each.kind not in _BY_FACE)
        self._united: dict[_Missed, _United] = {}

    def missed(self, person: Person) -> _Missed:
        """How many looks were taken before the person could be recognised, and how many told before they were known."""
        seen = person.recognisable
        faces = len(self._by_face) if seen is None else bisect_left(self._by_face, seen)
        return faces, 0 if person.known is None else bisect_left(self._others, person.known)

    def united(self, missed: _Missed) -> "_United":
        """All of them, less those."""
        if missed not in self._united:
            self._united[missed] = _United(self._without(*missed))
        return self._united[missed]

    def _without(self, faces: int, others: int) -> Iterator[Cover]:
        face = self._by_face[faces] if faces < len(self._by_face) else None
        other = self._others[others] if others < len(self._others) else None
        for each in self._covers:
            since = face if each.kind in _BY_FACE else other
            if since is not None and _searched(each) >= since:
                yield each


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is to be looked at: ``spans`` of what is expected, from ``first`` to ``last``.

    Who comes ``in_time`` is not late. Somebody has to look from the first instant ``until``: that one where one mark
    is enough, as the roll is taken at the beginning, else the last. Only ``by_roll`` is a picture of it enough, too:
    of a shift of hours it says who was there at one moment.
    """

    spans: Sequence[Span]
    first: datetime
    last: datetime
    in_time: datetime
    until: datetime
    by_roll: bool

    @classmethod
    def of(cls, occurrence: Occurrence, spans: Sequence[Span]) -> Self:
        first, last = spans[0].begins, spans[-1].ends
        in_time = first + timedelta(minutes=occurrence.rule.late_grace)
        once = occurrence.rule.pairing is Pairing.ONCE
        return cls(spans, first, last, in_time, in_time if once else last, once)


class _United:
    """Pictures of an instant, and times without a gap in which somebody looked, both in order."""

    def __init__(self, covers: Iterable[Cover]) -> None:
        self._pictures: list[datetime] = []
        self._begins: list[datetime] = []
        self._ends: list[datetime] = []
        for each in covers:
            if each.begins == each.ends:
                self._pictures.append(each.begins)
            elif self._ends and each.begins - self._ends[-1] <= LONGEST_GAP:
                self._ends[-1] = max(self._ends[-1], each.ends)
            else:
                self._begins.append(each.begins)
                self._ends.append(each.ends)

    def cover(self, stretch: _Stretch, now: datetime) -> bool:
        """Whether somebody has looked, by now that everybody who comes in time has to be there."""
        if now < stretch.in_time:
            return False
        if self._all_along(stretch, now):
            return True
        return stretch.by_roll and any(self._pictured(each, now) for each in stretch.spans)

    def _all_along(self, stretch: _Stretch, now: datetime) -> bool:
        place = bisect_right(self._ends, stretch.first)
        if place == len(self._ends):
            return False
        begins = self._begins[place]
        in_time = begins <= stretch.first + LONGEST_GAP and begins < stretch.last and begins <= now
        return in_time and min(self._ends[place], now) >= stretch.until

    def _pictured(self, span: Span, now: datetime) -> bool:
        place = bisect_left(self._pictures, span.begins)
        return place < len(self._pictures) and self._pictures[place] < span.ends and self._pictures[place] <= now

    def leave_a_gap(self, stretch: _Stretch, day: datetime, next_day: datetime) -> bool:
        """Whether somebody has looked for a part of it, or before and after it on the same day."""
        place = bisect_right(self._ends, stretch.first)
        if place < len(self._ends) and self._begins[place] < stretch.last:
            return True
        between = 0 < place < len(self._ends)
        return between and day < self._ends[place - 1] and self._begins[place] < next_day


def _concerns(each: Cover, groups: frozenset[str], site: str | None) -> bool:
    return (each.group is None or each.group in groups) and (site is None or each.site in {None, site})


def _looked(each: Cover) -> bool:
    """A picture is of one instant; what else has no length has seen nothing."""
    return each.begins < each.ends or (each.begins == each.ends and each.kind == "file")


def _searched(each: Cover) -> datetime:
    """When faces were compared with those enrolled, or somebody said who had been looked for."""
    return each.begins if each.searched is None else each.searched


def _begins(each: Cover) -> datetime:
    return each.begins
