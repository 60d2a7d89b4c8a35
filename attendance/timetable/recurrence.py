"""The local days of a rule, by its recurrence: only those asked for are counted, however long ago the rule began."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import lru_cache
from itertools import islice, takewhile

from dateutil.rrule import rrulestr

from attendance.timetable import wall
from attendance.timetable.rrule import Recurrence, recurrence
from attendance.timetable.rule import Rule
from attendance.timetable.until import last_day
from attendance.zones import LAST_DAY, zone


def days(rule: Rule, first: date, last: date) -> list[date]:
    """The local days from ``first`` to ``last`` (both included) on which the recurrence of the rule falls.

    Days left out, added and moved are not looked at. Raises RuleRecurrence for a text that is no RRULE.
    """
    if rule.recurs is None:
        return [rule.first] if first <= rule.first <= last else []
    told = recurrence(rule.recurs)
    if told.count is not None:
        found = _counted(told, rule.first, rule.zone)
        return list(found[bisect_left(found, first) : bisect_right(found, last)])
    begin = max(first, rule.first)
    end = min(last, last_day(told, rule.begins, rule.zone) or LAST_DAY)
    return [day for day in takewhile(lambda day: day <= end, _from(told, rule.first, begin)) if day >= begin]


def _from(told: Recurrence, first: date, day: date) -> Iterator[date]:
    """The days of the rule from the beginning of the period on that ``day`` lies in, without end."""
    anchor = datetime.combine(told.anchor(first, day), time.min)
    return map(datetime.date, iter(rrulestr(told.text_from(first), dtstart=anchor)))


@lru_cache(maxsize=1024)
def _counted(told: Recurrence, first: date, zone_name: str) -> tuple[date, ...]:
    """All days of a rule with COUNT; days that its zone leaves out are not counted (RFC 5545, 3.3.10)."""
    where = zone(zone_name)
    until = takewhile(lambda day: day <= LAST_DAY, _from(told, first, first))
    return tuple(islice((day for day in until if day >= first and wall.exists(day, where)), told.count))
