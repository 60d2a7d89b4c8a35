"""A rule in plain words, for lists: when it is, how it judges, and in which parts two differ."""

from dataclasses import replace
from datetime import date
from typing import Final

from attendance.timetable.rrule import WEEKDAYS, Recurrence, recurrence
from attendance.timetable.rule import Pairing, Rule
from attendance.timetable.until import last_day

_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS: Final = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_ORDINALS: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "last but one"}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_RUN: Final = 3
"""Weekdays in a row from which on only the first and last are named."""


def told(rule: Rule) -> str:
    """When it is and how it is judged, such as "Mondays 08:00-08:45 (UTC), from 2026-03-02, late after 5 min"."""
    return ", ".join([described(rule), *_kept(rule), *_judged(rule)])


def described(rule: Rule) -> str:
    """When the rule takes place, such as "Mondays and Wednesdays 08:00-08:45 (Europe/Berlin), from 2026-09-01".

    A recurrence for which there are no short words is told as its RRULE.
    """
    times = f"{rule.begins:%H:%M}-{rule.ends:%H:%M} ({rule.zone})"
    if rule.recurs is None:
        return f"{rule.first} {times}{_exceptions(rule)}"
    told = recurrence(rule.recurs)
    return f"{_days(told, rule)} {times}, {_span(told, rule)}{_exceptions(rule)}"


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


def _span(told: Recurrence, rule: Rule) -> str:
    first = rule.first
    if told.count is not None:
        return f"{told.count} {'time' if told.count == 1 else 'times'} from {first}"
    last = last_day(told, rule.begins, rule.zone)
    return f"from {first}" if last is None else f"from {first} to {last}"


def _exceptions(rule: Rule) -> str:
    counts = ((len(rule.left_out), "left out"), (len(rule.added), "added"), (len(rule.moved), "moved"))
    return "".join(f", {number} {what}" for number, what in counts if number)


def _days(told: Recurrence, rule: Rule) -> str:
    names = set(dict(told.parts)) - {"FREQ", "INTERVAL", "WKST"}
    if told.freq == "DAILY" and not names:
        return _every(told).capitalize()
    if told.freq == "WEEKLY" and names <= {"BYDAY"}:
        numbers = sorted(WEEKDAYS.index(each) for each in (told["BYDAY"] or WEEKDAYS[rule.first.weekday()]).split(","))
        return _weekdays(numbers) if told.interval == 1 else f"{_every(told).capitalize()} on {_weekdays(numbers)}"
    if told.freq in {"MONTHLY", "YEARLY"}:
        return _in_months(told, rule.first, names) or rule.recurs or ""
    return rule.recurs or ""


def _every(told: Recurrence) -> str:
    unit = _UNITS[told.freq]
    return f"every {unit}" if told.interval == 1 else f"every {told.interval} {unit}s"


def _weekdays(numbers: list[int]) -> str:
    """Runs of three and more by their ends: "Mondays to Thursdays and Saturdays"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return _joined([words for run in runs for words in _run(run)])


def _run(numbers: list[int]) -> list[str]:
    names = [f"{_NAMES[number]}s" for number in numbers]
    return [f"{names[0]} to {names[-1]}"] if len(names) >= _RUN else names


def _joined(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _in_months(told: Recurrence, first: date, names: set[str]) -> str | None:
    """Those of one day a month or year, by its number or as a numbered weekday."""
    month = told["BYMONTH"] or ("" if told.freq == "MONTHLY" or "BYDAY" in names else str(first.month))
    if not names <= {"BYDAY", "BYMONTHDAY", "BYMONTH"} or {"BYDAY", "BYMONTHDAY"} <= names or "," in month:
        return None
    day = _numbered(told["BYDAY"]) if "BYDAY" in names else _dated(told["BYMONTHDAY"] or str(first.day))
    if day is None:
        return None
    of = f" of {_MONTHS[int(month) - 1]}" if month else ""
    return f"{_every(told).capitalize()} on {day}{of}"


def _numbered(text: str | None) -> str | None:
    number = (text or "")[:-2]
    ordinal = _ORDINALS.get(int(number)) if number.lstrip("+-").isdigit() else None
    return None if ordinal is None else f"the {ordinal} {_NAMES[WEEKDAYS.index((text or '')[-2:])]}"


def _dated(text: str) -> str | None:
    if text == "-1":
        return "the last day"
    return f"day {text.lstrip('+')}" if text.lstrip("+").isdigit() else None


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
