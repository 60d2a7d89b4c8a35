"""How far something reaches: which local days it touches, with the windows in which marks count."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from attendance.timetable.occurrence import Occurrence
from attendance.zones import local_day

_INSTANT = timedelta(microseconds=1)


def touched(before: Iterable[Occurrence], after: Iterable[Occurrence], zone_name: str) -> set[date]:
    """The days, in the site's zone, of all that takes place in one of the two only, or is judged otherwise.

    Both days that a window lies on count: what begins on the first of a month may reach back into the month before.
    """
    old, new = ({_said(each): each for each in some} for some in (before, after))
    differing = [*(old[key] for key in old.keys() - new.keys()), *(new[key] for key in new.keys() - old.keys())]
    return {day for each in differing for day in (each.day, *days_of(each.opens, each.closes, zone_name))}


def days_of(begins: datetime, ends: datetime, zone_name: str) -> Iterator[date]:
    """The local days that a span lies on, up to and without its end; of one instant, that instant's."""
    day, last = local_day(begins, zone_name), local_day(max(begins, ends - _INSTANT), zone_name)
    while day <= last:
        yield day
        day += timedelta(days=1)


def reached(occurrences: Iterable[Occurrence], begins: datetime, ends: datetime) -> set[date]:
    """The days of those occurrences in whose windows the span lies in part: what happens in it may count there."""
    return {each.day for each in occurrences if begins < each.closes and each.opens < max(ends, begins + _INSTANT)}


def _said(each: Occurrence) -> tuple[Any, ...]:
    """All that somebody's status can depend on: when it is, and how it is judged; not on which days it is else."""
    rule = each.rule
    judged = (rule.late_grace, rule.early_grace, rule.half_day, rule.absent_below, rule.pairing, rule.auto_close)
    when = (each.day, each.begins, each.ends, each.opens, each.closes, each.breaks)
    return (each.entry.key, *when, *judged, rule.site)
