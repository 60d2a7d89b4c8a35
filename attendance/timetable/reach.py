"""How far something reaches: which local days it touches, with the windows in which marks count."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from attendance.timetable.cover import LONGEST_GAP
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.preview import Change
from attendance.zones import day_bounds, days_between

_INSTANT = timedelta(microseconds=1)


def touched(changes: Iterable[Change], zone_name: str) -> set[date]:
    """The days, in the site's zone, of all that takes place no more, newly or otherwise.

    Both days that a window lies on count: what begins on the first of a month may reach back into the month before.
    """
    both = (occurrence for each in changes for occurrence in (each.before, each.after) if occurrence is not None)
    return {day for each in both for day in (each.day, *days_between(each.opens, each.closes, zone_name))}


def reached(occurrences: Iterable[Occurrence], begins: datetime, ends: datetime) -> set[date]:
    """The days of those occurrences in whose windows the span lies in part: what happens in it may count there."""
    return {each.day for each in occurrences if begins < each.closes and each.opens < max(ends, begins + _INSTANT)}


def looked_at(occurrences: Iterable[Occurrence], begins: datetime, ends: datetime) -> set[date]:
    """The days of those occurrences of which a look in that span may say something.

    It is enough that it lies so near that there is no gap, or on the same day, as that tells a gap from no look at all.
    """
    return {each.day for each in occurrences if _may_see(each, begins, ends)}


def _may_see(occurrence: Occurrence, begins: datetime, ends: datetime) -> bool:
    day, next_day = day_bounds(occurrence.day, occurrence.rule.zone)
    first, last = min(day, occurrence.begins - LONGEST_GAP), max(next_day, occurrence.ends + LONGEST_GAP)
    return begins <= last and first <= ends
