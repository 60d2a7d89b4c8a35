"""A report by the timetable as a table for people: as wide as one can read, and else shorter."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from typing import Final
from zoneinfo import ZoneInfo

from attendance.register import quota
from attendance.register.quota import Total
from attendance.register.statusreport import LEGEND, MARKS, StatusReport
from attendance.timetable.attended import THERE, Attended
from attendance.timetable.occurrence import Occurrence

Table = tuple[list[str], list[list[str]]]
_MOST_OCCURRENCES: Final = 6
_MOST_DAYS: Final = 16
"""Columns that a screen has room for: of words, and of signs."""
_Held = tuple[int, date, int]
_HEADS: Final = {
    **{str(status).replace(" ", "_"): sign for status, sign in MARKS.items()},
    "late_min": "late",
    "worked_h": "worked",
    "planned_h": "planned",
    "expected": "times",
}
TOTALS_LEGEND: Final = f"{LEGEND}; late in minutes, worked and planned in hours"


def table(report: StatusReport) -> tuple[Table, str]:
    """Head and lines, and a remark to put under them.

    Few occurrences stand across with the status in words, few days with its sign, and of a long span each person's
    counts alone are told.
    """
    if len({_held(each.occurrence) for each in report.rows}) <= _MOST_OCCURRENCES:
        return by_occurrence(report), ""
    if len({each.occurrence.day for each in report.rows}) <= _MOST_DAYS:
        return by_day(report), f"{LEGEND}; several in a day stand in their order"
    counted = "a longer span is told as counts: --format csv, or -o FILE, has the rows"
    return totals_table(quota.totals(report)), f"{TOTALS_LEGEND}; {counted}"


def by_occurrence(report: StatusReport) -> Table:
    """People down, occurrences across: the time of arrival and the status."""
    held = {_held(each.occurrence): each.occurrence for each in report.rows}
    cells = {(each.person, _held(each.occurrence)): shown(each) for each in report.rows}
    days = {each.day for each in held.values()}
    head = ["id", "name", *(_title(each, with_day=len(days) > 1) for each in held.values())]
    return head, [[who.id, who.name, *(cells.get((who.key, key), "") for key in held)] for who in report.people()]


def by_day(report: StatusReport) -> Table:
    """People down, days across: the signs of the day in order of time."""
    days = sorted({each.occurrence.day for each in report.rows})
    signs = signs_by_day(report.rows)
    head = ["id", "name", *(f"{day:%a} {day:%m-%d}" for day in days)]
    return head, [[who.id, who.name, *(signs.get((who.key, day), "") for day in days)] for who in report.people()]


def signs_by_day(rows: Sequence[Attended]) -> Mapping[tuple[int, date], str]:
    """By person and day the signs of what became of it, in order of time."""
    signs: dict[tuple[int, date], str] = {}
    for each in sorted(rows, key=lambda each: each.occurrence.begins):
        key = (each.person, each.occurrence.day)
        signs[key] = signs.get(key, "") + MARKS[each.status]
    return signs


def totals_table(found: Sequence[Total]) -> Table:
    """A line each, without the columns that are empty for all."""
    told = [{**dict(zip(quota.COLUMNS, each.cells(), strict=True)), "rate": each.rate} for each in found]
    columns = [name for name in quota.COLUMNS[1:] if any(each[name] not in {None, 0} for each in told)]
    return [_HEADS.get(each, each) for each in columns], [[_cell(name, each) for name in columns] for each in told]


def _cell(name: str, told: Mapping[str, object]) -> str:
    value = told[name]
    if name == "rate":
        return quota.in_words(value if isinstance(value, float) else None)
    if name == "late_min" and isinstance(value, int | float):
        return str(ceil(value))
    if name == "name" and told["of"] == "group":
        return f"group {value}"
    return "" if value is None else str(value)


def shown(each: Attended) -> str:
    """The time of arrival, where there is one, and the status unless that says it all; the time of leaving."""
    zone = ZoneInfo(each.occurrence.rule.zone)
    at = "" if each.arrived is None else f"{each.arrived.astimezone(zone):%H:%M}"
    left = "" if each.left is None else f"-{each.left.astimezone(zone):%H:%M}"
    word = "" if at and each.status in THERE and str(each.status) == "present" else str(each.status)
    late = f" {_told_minutes(each.late_s)}" if each.status.value == "late" else ""
    return " ".join(part for part in (f"{at}{left}", f"{word}{late}") if part)


def _told_minutes(seconds: int) -> str:
    """Minutes begun: who is a second late is late by one."""
    return f"{-(-seconds // 60)} min"


def _held(occurrence: Occurrence) -> _Held:
    return occurrence.entry.key, occurrence.day, int(occurrence.begins.timestamp())


def _title(occurrence: Occurrence, *, with_day: bool) -> str:
    begins = occurrence.begins.astimezone(ZoneInfo(occurrence.rule.zone))
    day = f"{begins:%a} {occurrence.day:%m-%d} " if with_day else ""
    return f"{day}{occurrence.name} {begins:%H:%M}"
