"""A series of a calendar as one rule: its recurrence, and the days left out, added and moved."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from attendance.errors import RuleRecurrence
from attendance.timetable.files.ics_series import (
    NotTaken,
    Series,
    check_whole,
    is_cancelled,
    length,
    part,
    rrules,
    values,
)
from attendance.timetable.files.ics_zones import wall_time
from attendance.timetable.recurrence import days
from attendance.timetable.rrule import comes_true, recurrence
from attendance.timetable.rule import Held, Rule
from attendance.timetable.until import last_day

if TYPE_CHECKING:
    from icalendar import Event

LONGEST: Final = timedelta(days=1)


class NotOneRule(Exception):  # noqa: N818 - it says what to do with it instead
    """The series takes place in a way that no single rule tells; the text says which."""


@dataclass(slots=True)
class _Days:
    """The days of a series while they are put together: all by wall times of the rule's zone."""

    rule: Rule
    gone: set[date] = field(default_factory=set)
    excluded: set[tuple[date, time]] = field(default_factory=set)
    added: dict[tuple[date, time], Held] = field(default_factory=dict)
    moved: dict[date, Held] = field(default_factory=dict)

    def is_of_rule(self, day: date, at: time | None) -> bool:
        """Whether the recurrence has an occurrence there."""
        return at in {None, self.rule.begins} and day in _days_of_year(self.rule, day.year)


@lru_cache(maxsize=256)
def _days_of_year(rule: Rule, year: int) -> frozenset[date]:
    return frozenset(days(rule, date(year, 1, 1), date(year, 12, 31)))


def rule_of(series: Series) -> Rule:
    """The rule of a series. Raises NotTaken where it cannot be one at all, NotOneRule where days must be listed."""
    for event in (series.head, *series.changes):
        check_whole(event)
    if series.master is None:
        return _of_changes(series)
    master = series.master
    name = zone_name(series, master)
    held = held_of(master, name)
    found = _Days(Rule(held.begins, held.ends, name, held.day, _recurs(master, held.day)))
    _add_dates(found, series, held)
    _leave_out(found, series)
    for change in series.changes:
        _change(found, change, series)
    return _whole(found)


def zone_name(series: Series, event: "Event") -> str:
    """The zone that the event is on the wall of."""
    start = part(event, "DTSTART")
    return series.zones.of(start.dt, start.params.get("TZID"), recurs="RRULE" in event or "RDATE" in event)


def held_of(event: "Event", name: str) -> Held:
    """The event by its own day and times on the wall of the zone; raises NotTaken where it is longer than a day."""
    if not isinstance(part(event, "DTSTART").dt, datetime):
        raise NotTaken("it is of times on some days, and of whole days on others")
    return timed(wall_time(part(event, "DTSTART").dt, name), length(event))


def timed(begin: datetime, lasts: timedelta) -> Held:
    """From a wall time, for a time of at most a day, in whole minutes: what is cut in the beginning goes to the end."""
    if lasts > LONGEST:
        raise NotTaken(f"it takes {lasts}, and a rule at most 24 hours")
    end = begin + lasts
    begin = begin.replace(second=0, microsecond=0)
    if end.second or end.microsecond:
        end = min(end.replace(second=0, microsecond=0) + timedelta(minutes=1), begin + LONGEST)
    return Held(begin.date(), begin.time(), end.time())


def _of_changes(series: Series) -> Rule:
    """Single times of a series that is not in the file: an invitation to them alone."""
    kept = [each for each in series.changes if not is_cancelled(each)]
    if not kept:
        raise NotTaken("all of it is cancelled")
    name = zone_name(series, kept[0])
    first, *more = sorted((held_of(each, name) for each in kept), key=lambda held: (held.day, held.begins))
    return Rule(first.begins, first.ends, name, first.day, added=tuple(more))


def _recurs(master: "Event", first: date) -> str | None:
    texts = rrules(master)
    if len(texts) > 1:
        raise NotOneRule("it has several RRULEs")
    if not texts:
        return None
    try:
        told = recurrence(texts[0])
    except RuleRecurrence as problem:
        raise NotOneRule(problem.detail) from problem
    if not comes_true(told, first):
        raise NotTaken(f"no day after {first} is ever one of {texts[0]}")
    return texts[0]


def _add_dates(found: _Days, series: Series, start: Held) -> None:
    """RDATEs, and the beginning where the recurrence does not have it (it counts as a time of the series)."""
    if found.rule.recurs is not None and not found.is_of_rule(start.day, start.begins) and not _ended(found.rule):
        found.added[start.day, start.begins] = start
    master = series.head
    for value, told in values(master, "RDATE"):
        begin, lasts = _period(value, length(master))
        moment = _wall(series, begin, told, found.rule)
        held = timed(moment, lasts)
        if not found.is_of_rule(held.day, held.begins):
            found.added[held.day, held.begins] = held


def _ended(rule: Rule) -> bool:
    """Whether it ends before it begins: programs leave such rests of series that were cut in two."""
    last = last_day(recurrence(rule.recurs or ""), rule.begins, rule.zone)
    return last is not None and last < rule.first


def _period(value: Any, lasts: timedelta) -> tuple[Any, timedelta]:
    if not isinstance(value, tuple):
        return value, lasts
    begin, end = value
    return begin, end if isinstance(end, timedelta) else end - begin


def _wall(series: Series, value: date, told: str | None, rule: Rule) -> datetime:
    """A date or time on the wall of the rule's zone: a date means the usual time, a floating time the rule's zone."""
    if not isinstance(value, datetime):
        return datetime.combine(value, rule.begins)
    if value.tzinfo is None and told:
        series.zones.of(value, told, recurs=True)
    return wall_time(value, rule.zone)


def _leave_out(found: _Days, series: Series) -> None:
    for value, told in values(series.head, "EXDATE"):
        moment = _wall(series, value, told, found.rule)
        day, at = moment.date(), moment.time()
        if not isinstance(value, datetime):
            found.added = {key: held for key, held in found.added.items() if key[0] != day}
        found.added.pop((day, at), None)
        found.excluded.add((day, at))
        if found.is_of_rule(day, at):
            found.gone.add(day)


def _change(found: _Days, change: "Event", series: Series) -> None:
    """RECURRENCE-ID: what became of one time of the series."""
    of = part(change, "RECURRENCE-ID")
    if str(of.params.get("RANGE", "")).upper() == "THISANDFUTURE":
        raise NotOneRule("a change is of one time and all later ones")
    moment = _wall(series, of.dt, of.params.get("TZID"), found.rule)
    day, at = moment.date(), moment.time()
    if (day, at) in found.excluded:
        return
    extra = found.added.pop((day, at), None)
    regular = extra is None and found.is_of_rule(day, at)
    if is_cancelled(change):
        found.gone |= {day} if regular else set()
        return
    held = held_of(change, found.rule.zone)
    if not regular:
        found.added[held.day, held.begins] = held
    elif held != Held(day, found.rule.begins, found.rule.ends):
        found.moved[day] = held


def _whole(found: _Days) -> Rule:
    rule = found.rule
    if rule.recurs is None:
        return _without_recurrence(found)
    return Rule(
        rule.begins,
        rule.ends,
        rule.zone,
        rule.first,
        rule.recurs,
        left_out=tuple(sorted(found.gone)),
        added=tuple(found.added.values()),
        moved=tuple(found.moved.items()),
    )


def _without_recurrence(found: _Days) -> Rule:
    """Days one by one: the earliest is the rule's own, the others are added."""
    rule = found.rule
    own = [] if rule.first in found.gone else [found.moved.get(rule.first, Held(rule.first, rule.begins, rule.ends))]
    return listed([*own, *found.added.values()], rule.zone)


def listed(held: list[Held], zone: str) -> Rule:
    """A rule of single days."""
    if not held:
        raise NotTaken("every time of it is left out or cancelled")
    first, *more = sorted(set(held), key=lambda each: (each.day, each.begins, each.ends))
    return Rule(first.begins, first.ends, zone, first.day, added=tuple(more))
