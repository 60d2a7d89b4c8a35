"""Whether somebody looked: nobody is absent without it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from attendance.timetable.days import bounds
from attendance.timetable.facts import Cover, Expected, Span
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.reasons import Reason
from attendance.timetable.rule import Pairing

LONGEST_GAP = timedelta(minutes=5)
"""Sources start a moment late, and come back after a moment: shorter gaps are none."""

_EVERYBODY = frozenset[str]()


class Coverage:
    """What has been looked at, made once and asked for many people."""

    def __init__(self, covers: Iterable[Cover]) -> None:
        self._covers = sorted((each for each in covers if _looked(each)), key=_begins)
        self._groups = frozenset(each.group for each in self._covers if each.group is not None)
        self._by_face = [each.begins for each in self._covers if each.kind in {"camera", "file"}]
        self._united: dict[tuple[frozenset[str], str | None, int], _United] = {}

    def of(self, person: Expected) -> "Looked":
        """What of it counts for this person."""
        return Looked(self, person)

    def missed(self, person: Expected) -> int:
        """How many looks for faces began before the person could be recognised."""
        if person.recognisable is None:
            return len(self._by_face)
        return bisect_left(self._by_face, person.recognisable)

    def groups(self, person: Expected, day: date) -> frozenset[str]:
        """The groups that somebody looked for and that the person belongs to on that day."""
        if not self._groups:
            return _EVERYBODY
        return frozenset(group for group in self._groups if person.belongs(group, day))

    def united(self, groups: frozenset[str], site: str | None, missed: int) -> "_United":
        """What was looked at for members of these groups at the site, less the looks for faces that were missed."""
        key = (groups, site, missed)
        if key not in self._united:
            self._united[key] = _United(self._counting(groups, site, missed))
        return self._united[key]

    def _counting(self, groups: frozenset[str], site: str | None, missed: int) -> list[Cover]:
        counted = []
        for each in self._covers:
            if each.kind in {"camera", "file"}:
                missed -= 1
                if missed >= 0:
                    continue
            if (each.group is None or each.group in groups) and (site is None or each.site in {None, site}):
                counted.append(each)
        return counted


class Looked:
    """What has been looked at for one person."""

    def __init__(self, coverage: Coverage, person: Expected) -> None:
        self._coverage = coverage
        self._person = person
        self._missed = coverage.missed(person)
        self._days: dict[date, frozenset[str]] = {}

    def why_not(self, occurrence: Occurrence, expected: Sequence[Span], now: datetime) -> Reason | None:
        """Why nobody can say that the person was not there in what was expected of them; None: it can be said."""
        found = self._united(occurrence, self._missed)
        if found.covers(occurrence, expected, now):
            return None
        if now < expected[-1].ends:
            return Reason.NOT_OVER
        if self._missed and self._united(occurrence, 0).covers(occurrence, expected, now):
            return Reason.UNRECOGNISABLE
        return Reason.GAP if found.leaves_a_gap(occurrence, expected) else Reason.NOT_LOOKED

    def _united(self, occurrence: Occurrence, missed: int) -> "_United":
        day = occurrence.day
        if day not in self._days:
            self._days[day] = self._coverage.groups(self._person, day)
        return self._coverage.united(self._days[day], occurrence.rule.site, missed)


class _United:
    """Looks of an instant, and stretches without a gap, both in order."""

    def __init__(self, covers: Sequence[Cover]) -> None:
        self._instants = sorted(each.begins for each in covers if each.begins == each.ends)
        self._begins: list[datetime] = []
        self._ends: list[datetime] = []
        for each in covers:
            if each.begins < each.ends:
                self._add(each)

    def _add(self, each: Cover) -> None:
        if self._ends and each.begins - self._ends[-1] <= LONGEST_GAP:
            self._ends[-1] = max(self._ends[-1], each.ends)
        else:
            self._begins.append(each.begins)
            self._ends.append(each.ends)

    def covers(self, occurrence: Occurrence, expected: Sequence[Span], now: datetime) -> bool:
        """Whether somebody has looked in it, once everybody who comes in time had to be there."""
        in_time = expected[0].begins + timedelta(minutes=occurrence.rule.late_grace)
        if now < in_time:
            return False
        once = occurrence.rule.pairing is Pairing.ONCE
        until = in_time if once else expected[-1].ends
        return self._stretches(expected, until, now) or self._glances(expected, now)

    def _glances(self, expected: Sequence[Span], now: datetime) -> bool:
        return any(self._glance(each, now) for each in expected) if self._instants else False

    def _glance(self, span: Span, now: datetime) -> bool:
        place = bisect_left(self._instants, span.begins)
        return place < len(self._instants) and self._instants[place] < span.ends and self._instants[place] <= now

    def _stretches(self, expected: Sequence[Span], until: datetime, now: datetime) -> bool:
        """Whether one stretch reaches from the beginning of what is expected up to the instant."""
        first, last = expected[0].begins, expected[-1].ends
        place = bisect_right(self._ends, first)
        if place == len(self._ends):
            return False
        begins = self._begins[place]
        in_time = begins <= first + LONGEST_GAP and begins < last and begins <= now
        return in_time and min(self._ends[place], now) >= until

    def leaves_a_gap(self, occurrence: Occurrence, expected: Sequence[Span]) -> bool:
        """Whether somebody has looked for a part of it, or before and after it on the same day."""
        first, last = expected[0].begins, expected[-1].ends
        place = bisect_right(self._ends, first)
        if place < len(self._ends) and self._begins[place] < last:
            return True
        if place in {0, len(self._ends)}:
            return False
        begins, ends = bounds(occurrence.day, occurrence.rule.zone)
        return begins < self._ends[place - 1] and self._begins[place] < ends


def _looked(each: Cover) -> bool:
    """A picture is of one instant; what else has no length has seen nothing."""
    return each.begins < each.ends or (each.begins == each.ends and each.kind == "file")


def _begins(each: Cover) -> datetime:
    return each.begins
