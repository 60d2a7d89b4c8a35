"""How a rule judges, in words, after when it is: what a list of rules shows, and what was changed of one."""

from dataclasses import replace
from datetime import date

from attendance.timetable.recurrence import described
from attendance.timetable.rrule import recurrence
from attendance.timetable.rule import Pairing, Rule


def told(rule: Rule) -> str:
    """When it is and how it is judged, such as "Mondays 08:00-08:45 (UTC), from 2026-03-02, late after 5 min"."""
    return ", ".join([described(rule), *_kept(rule), *_judged(rule)])


def told_from(rule: Rule, day: date) -> str:
    """As `told`, of a version that holds from that day on: where its first day only begins it, that day is not earlier.

    Every other week, and so many times, are counted from the first day, which stays.
    """
    how = None if rule.recurs is None else recurrence(rule.recurs)
    begun = how is not None and how.freq in {"DAILY", "WEEKLY"} and how.interval == 1 and how.count is None
    return told(replace(rule, first=max(rule.first, day)) if begun else rule)


def differing(old: Rule, new: Rule) -> list[str]:
    """The names of the parts in which two rules differ, in the order of their fields."""
    before, after = old.to_dict(), new.to_dict()
    return [part for part in after if before[part] != after[part]]


def _kept(rule: Rule) -> list[str]:
    """Its breaks, where it is, and whether it ignores the calendar."""
    found = [f"{'paid' if each.paid else 'unpaid'} break {each.begins:%H:%M}-{each.ends:%H:%M}" for each in rule.breaks]
    if rule.site is not None:
        found.append(f"site {rule.site}")
    if not rule.follows_calendar:
        found.append("also on closed days")
    return found


def _judged(rule: Rule) -> list[str]:
    found = [f"late after {rule.late_grace} min"]
    if rule.pairing is not Pairing.ONCE:
        found = [f"{rule.pairing} marks", *found, f"early before {rule.early_grace} min"]
    if rule.half_day:
        found.append(f"partial below {rule.half_day} min")
    if rule.absent_below:
        found.append(f"absent below {rule.absent_below} min")
    if rule.auto_close is not None:
        found.append(f"closed {rule.auto_close} min after the end")
    return found
