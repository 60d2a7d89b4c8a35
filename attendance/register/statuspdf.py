"""A report by the timetable as pages to print and sign: the rows, then the totals."""

from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from attendance.errors import OutputFailed
from attendance.register import quota
from attendance.register.pdf import SMALL, Head, Pages
from attendance.register.quota import Total
from attendance.register.reportform import Paper
from attendance.register.statusreport import Grid, StatusReport, counts_hours, words_of
from attendance.timetable.attended import THERE, Attended, Status
from attendance.timetable.occurrence import Occurrence

MOST_ROWS: Final = 20_000
"""More than anybody prints: some 400 pages."""
_RATE: Final = (
    "The rate is there / (there + absent). Excused times, and those of which there is no log (nobody looked), are "
    "left out of it and counted by themselves. Hours are those of times with check-out."
)


def to_pdf(report: StatusReport, found: Sequence[Total], grids: Sequence[Grid], paper: Paper = Paper.A4) -> bytes:
    """The pages: the grids of the report by their names, the totals, a line to sign on.

    Raises OutputFailed for more rows than anybody prints, ReportsMissing.
    """
    wanted = {each.name for each in grids}
    if "Rows" in wanted and len(report.rows) > MOST_ROWS:
        raise OutputFailed(
            "report",
            f"{len(report.rows):,} rows are too many to print: report on fewer days or one group, give --totals, "
            "or write them to an .xlsx file",
        )
    scope = report.scope
    title = f"Attendance: {scope.of_whom}, {scope.days}"
    pages = Pages(Head(title, scope.site, scope.zone, scope.now), paper)
    pages.title(title)
    if not report.rows:
        pages.text("There is nothing to report: nobody was expected in this time.")
    if "Rows" in wanted and report.rows:
        _rows(pages, report)
    if "Hours" in wanted:
        _hours(pages, report)
    _totals(pages, found)
    pages.signature()
    return pages.made()


def _rows(pages: Pages, report: StatusReport) -> None:
    """Of one person a line a time; of several under a heading for each time a line a person."""
    one = report.scope.person is not None
    taken = (["Left", "Worked"], [9.5, 11]) if any(map(counts_hours, report.rows)) else ([], [])
    first = (["Day", "Time", "Entry"], [17, 14, 22]) if one else (["Name"], [42])
    head = [*first[0], "Status", "Arrived", *taken[0], "Remarks"]
    pages.table(head, list(_lines(report, one=one, hours=bool(taken[0]))), [*first[1], 13, 10, *taken[1], 34])


def _lines(report: StatusReport, *, one: bool, hours: bool) -> Iterator[list[str]]:
    under: Occurrence | None = None
    for each in report.rows:
        if not one and each.occurrence is not under:
            under = each.occurrence
            yield [" · ".join(_when(under))]
        who = report.facts.people[each.person]
        first = _when(each.occurrence) if one else [f"{who.name} ({who.id})"]
        yield [*first, f"{each.status}{_late(each)}", *_times(each, hours=hours), "; ".join(_remarks(report, each))]


def _when(occurrence: Occurrence) -> list[str]:
    zone = ZoneInfo(occurrence.rule.zone)
    begins, ends = (at.astimezone(zone) for at in (occurrence.begins, occurrence.ends))
    return [f"{occurrence.day:%a} {occurrence.day}", f"{begins:%H:%M}-{ends:%H:%M}", occurrence.name]


def _times(each: Attended, *, hours: bool) -> list[str]:
    zone = ZoneInfo(each.occurrence.rule.zone)
    arrived, left = ("" if at is None else f"{at.astimezone(zone):%H:%M}" for at in (each.arrived, each.left))
    worked = _duration(each.worked_s) if counts_hours(each) and each.status in THERE else ""
    return [arrived, left, worked] if hours else [arrived]


def _late(each: Attended) -> str:
    return f" {-(-each.late_s // 60)} min" if each.status is Status.LATE else ""


def _remarks(report: StatusReport, each: Attended) -> Iterator[str]:
    if each.reasons:
        yield words_of(each.reasons)
    told = (report.facts.excuses.get(key, "") for key in each.excuses)
    yield from (f"excuse: {text}" for text in dict.fromkeys(told) if text)


def _hours(pages: Pages, report: StatusReport) -> None:
    pages.heading("Hours by calendar day, split at midnight")
    lines = [
        [str(day), number, name, zone, _duration(60 * worked)]
        for day, number, name, zone, worked in report.hours().rows()
    ]
    pages.table(["Day", "Id", "Name", "Time zone", "Worked"], lines, [12, 14, 40, 20, 12], right=[4])


def _totals(pages: Pages, found: Sequence[Total]) -> None:
    if not found:
        return
    pages.heading("Totals")
    hours = any(each.planned_s or each.worked_s for each in found)
    head = ["Name", "Times", "Present", "Late", "Left early", "Partial", "Excused", "Absent", "No log", "Late min"]
    shares = [32, 9, 10, 7, 12, 9.5, 10.5, 9.5, 9.5, 11]
    if hours:
        head, shares = [*head, "Worked", "Planned"], [26, *shares[1:], 13, 13]
    lines = [_total(each, hours=hours) for each in found]
    pages.table([*head, "Rate"], lines, [*shares, 11], right=range(1, len(head) + 1))
    pages.text(_RATE, SMALL)


def _total(each: Total, *, hours: bool) -> list[str]:
    name = {"person": f"{each.name} ({each.id})", "group": f"group {each.name}"}.get(each.of, each.name)
    counted = each.planned_s or each.worked_s
    taken = [_duration(seconds) if counted else "" for seconds in (each.worked_s, each.planned_s)] if hours else []
    numbers = [each.expected, *each.counts.values(), -(-each.late_s // 60)]
    return [name, *map(str, numbers), *taken, quota.in_words(each.rate)]


def _duration(seconds: float) -> str:
    """Hours and minutes: 7:30 h."""
    whole, rest = divmod(int(seconds), 3600)
    return f"{whole}:{rest // 60:02} h"
