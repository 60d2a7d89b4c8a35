"""When an entry of the timetable takes place: its versions, their recurrences and the calendar, as occurrences.

On each local day that version counts which holds on it. Days of the recurrence that are left out or moved away do not
take place; added ones and moved ones do on the day they say there. A day that the calendar closes, or that the zone
does not have, has none.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from attendance.timetable import wall
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import Entry, Span, Version
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.recurrence import days
from attendance.timetable.rule import Break, Held, Rule
from attendance.timetable.versions import by_days
from attendance.zones import zone


def of_entry(entry: Entry, first: date, last: date, calendar: Calendar) -> list[Occurrence]:
    """The occurrences of the local days ``first`` to ``last`` (both included), in order of their beginnings."""
    found = [
        _occurrence(entry, version, held)
        for begin, end, version in by_days(entry, first, last)
        if version.rule is not None
        for held in _held(version.rule, begin, end)
        if calendar.opens(held.day, version.rule, entry.group)
    ]
    return sorted(found, key=lambda each: (each.begins, each.ends))


def of_entries(entries: Iterable[Entry], first: date, last: date, calendar: Calendar) -> list[Occurrence]:
    """Those of all entries, in order of their beginnings, and of names where they begin together."""
    found = [each for entry in entries for each in of_entry(entry, first, last, calendar)]
    return sorted(found, key=lambda each: (each.begins, each.name, each.entry.key))


def _held(rule: Rule, first: date, last: date) -> list[Held]:
    """What takes place on the days, as wall times; of several that begin together the added or moved one."""
    gone = {*rule.left_out, *(day for day, _ in rule.moved)}
    special = [held for held in (*rule.added, *(held for _, held in rule.moved)) if first <= held.day <= last]
    plain = [Held(day, rule.begins, rule.ends) for day in days(rule, first, last) if day not in gone]
    found = {(held.day, held.begins): held for held in (*plain, *special)}
    where = zone(rule.zone)
    return [held for held in found.values() if wall.exists(held.day, where)]


def _occurrence(entry: Entry, version: Version, held: Held) -> Occurrence:
    rule = version.rule
    if rule is None:
        raise ValueError("a version that has ended has no occurrence")
    span, breaks = _times(rule, held)
    return Occurrence(
        entry,
        version.key,
        rule,
        held.day,
        span.begins,
        span.ends,
        span.begins - timedelta(minutes=rule.opens_before),
        span.ends + timedelta(minutes=rule.closes_after),
        breaks,
    )


def _times(rule: Rule, held: Held) -> tuple[Span, tuple[Span, ...]]:
    return _spans(rule.zone, rule.breaks, held)


@lru_cache(maxsize=65536)
def _spans(zone_name: str, breaks: tuple[Break, ...], held: Held) -> tuple[Span, tuple[Span, ...]]:
    """From when to when, and the unpaid breaks within, as instants."""
    where = zone(zone_name)
    whole = wall.span(held.day, held.begins, held.ends, where)
    spans = [wall.span(_day_of(each, held), each.begins, each.ends, where) for each in breaks if not each.paid]
    within = (Span(max(each.begins, whole.begins), min(each.ends, whole.ends)) for each in spans)
    return whole, _joined(each for each in within if each.begins < each.ends)


def _day_of(each: Break, held: Held) -> date:
    """The day a break begins on: the next one where the wall shows its beginning before that of the occurrence."""
    overnight = held.ends <= held.begins
    return held.day + timedelta(days=1) if overnight and each.begins < held.begins else held.day


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch or overlap as one: clocks put forward can push breaks together."""
    found: list[Span] = []
    for each in sorted(spans, key=lambda span: span.begins):
        if found and each.begins <= found[-1].ends:
            found[-1] = Span(found[-1].begins, max(found[-1].ends, each.ends))
        else:
            found.append(each)
    return tuple(found)
