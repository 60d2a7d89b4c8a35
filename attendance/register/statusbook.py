"""A report by the timetable as an XLSX workbook: totals, hours by day, and the rows, written as they come.

Times are dates and times on the wall of the rule's zone. Nothing is a formula or a link, whatever it begins with.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from attendance.register import quota
from attendance.register.quota import Total
from attendance.register.spreadsheet import PROPERTY, cut
from attendance.register.statusreport import LEGEND, TIMES, Cells, Grid, ReportScope, StatusReport
from attendance.register.statustable import by_day
from attendance.timetable.reasons import REASONS

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from attendance.register.quicksheet import QuickSheet

MOST_ROWS: Final = 1_048_576
"""What a sheet can hold; more go on in another."""
_MOST_DAYS: Final = 400
_WIDTHS: Final = {
    **dict.fromkeys(TIMES, 19),
    "name": 28,
    "session": 18,
    "zone": 16,
    "mark": 34,
    "reasons": 24,
    "excuse": 24,
    "rule": 14,
}
_WIDTH: Final = 11


def write_book(report: StatusReport, found: Sequence[Total], grids: Sequence[Grid], path: Path) -> None:
    """Write the workbook to a file: about this report, the totals, and each of the grids on sheets of their own.

    Beside some thousands of cells nothing of it is held in memory: sheets lie in a private folder until they are
    packed. Raises OSError where something cannot be written.
    """
    from xlsxwriter import Workbook

    with TemporaryDirectory(prefix="attendance-", ignore_cleanup_errors=True) as folder:
        book = Workbook(path, {"constant_memory": True, "tmpdir": folder})
        try:
            _fill(book, report, found, grids)
            _pack(book)
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()


def _pack(book: "Workbook") -> None:
    """Make one file of all sheets; raises the system's own error where there is no room for it."""
    from xlsxwriter.exceptions import FileCreateError

    try:
        book.close()
    except FileCreateError as error:
        cause = error.args[0] if error.args else error
        raise (cause if isinstance(cause, OSError) else OSError(str(error))) from error


def _fill(book: "Workbook", report: StatusReport, found: Sequence[Total], grids: Sequence[Grid]) -> None:
    scope = report.scope
    title = f"Attendance of {scope.of_whom}, {scope.days}"
    book.set_properties({"title": title, "company": scope.site or "", "created": scope.now.replace(tzinfo=None)})
    book.set_custom_property(PROPERTY, 1)
    formats = _Formats(book)
    _about(book, formats, report)
    for each in (quota.grid(found), *grids):
        _sheets(book, formats, each, scope)
    _people_by_day(book, formats, report)


class _Formats:
    """How cells look, by what their column is called."""

    def __init__(self, book: "Workbook") -> None:
        self.bold = book.add_format({"bold": True})
        self.head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8E8E8"})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._named = {
            **dict.fromkeys(TIMES, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "rate": book.add_format({"num_format": "0.0%"}),
            **dict.fromkeys(("worked_h", "planned_h"), book.add_format({"num_format": "0.00"})),
        }

    def of(self, column: str) -> "Format | None":
        """That of this column."""
        return self._named.get(column)


def _sheets(book: "Workbook", formats: _Formats, grid: Grid, scope: ReportScope) -> None:
    """One sheet, and further ones of the same head where the rows are more than it can hold."""
    from attendance.register.quicksheet import QuickSheet

    rows = grid.rows()
    first: Cells | None = next(rows, None)
    for number in count(1):
        sheet = book.add_worksheet(grid.name if number == 1 else f"{grid.name} {number}", QuickSheet)
        more = rows if first is None else chain([first], rows)
        _filled(sheet, formats, grid.columns, islice(more, MOST_ROWS - 1), scope)
        first = next(rows, None)
        if first is None:
            return


def _filled(
    sheet: "QuickSheet", formats: _Formats, columns: Sequence[str], rows: Iterator[Cells], scope: ReportScope
) -> None:
    for column, title in enumerate(columns):
        sheet.set_column(column, column, _WIDTHS.get(title, _WIDTH))
    _printed(sheet, scope)
    sheet.write_row(0, 0, columns, formats.head)
    looks = [formats.of(each) for each in columns]
    last = 0
    for last, cells in enumerate(rows, 1):
        sheet.put(last, cells, looks)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)


def _printed(sheet: "Worksheet", scope: ReportScope) -> None:
    """How it comes out of a printer: across, as wide as the paper, the head on each page."""
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    told = f"{scope.site}: " if scope.site else ""
    sheet.set_header("&L" + f"{told}attendance, {scope.days}".replace("&", "&&")[:200])
    sheet.set_footer("&R&P / &N")


def _about(book: "Workbook", formats: _Formats, report: StatusReport) -> None:
    """The first sheet: whose report it is, on what, of when, and what its words mean."""
    scope, sheet = report.scope, book.add_worksheet("About")
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 80)
    sheet.write_string(0, 0, cut(scope.site or "Attendance"), formats.title)
    lines = [
        ("Report", "attendance by the timetable"),
        ("Of", scope.of_whom),
        ("Days", scope.days),
        ("Time zone", scope.zone),
        ("Made at", f"{scope.now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        ("Rate", "there / (there + absent); excused, and no log (nobody looked), are left out"),
        ("Signs", LEGEND),
        *((str(code), words) for code, words in REASONS.items()),
    ]
    for number, (what, told) in enumerate(lines, 2):
        sheet.write_string(number, 0, what, formats.bold)
        sheet.write_string(number, 1, cut(told), formats.wrapped)


def _people_by_day(book: "Workbook", formats: _Formats, report: StatusReport) -> None:
    """People down and days across, with signs, where the days are no more than one looks through."""
    if not report.rows or len({each.occurrence.day for each in report.rows}) > _MOST_DAYS:
        return
    from attendance.register.quicksheet import QuickSheet

    head, lines = by_day(report)
    sheet = book.add_worksheet("People by day", QuickSheet)
    _filled(sheet, formats, head, (tuple(line) for line in lines), report.scope)
