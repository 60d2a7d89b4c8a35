"""A report by the timetable in each of its forms: text piece by piece, workbooks and pages as files."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from attendance.records import instant
from attendance.register import quota
from attendance.register.quota import Total
from attendance.register.report import BYTE_ORDER_MARK, safe_cell
from attendance.register.reportfile import TEXT_HEAD, text_table, write_report
from attendance.register.reportform import Form, Paper
from attendance.register.statusreport import Grid, StatusReport, json_row, naive
from attendance.register.statustable import TOTALS_LEGEND, Table, table, totals_table

Kind = Literal["rows", "totals", "hours"]


@dataclass(frozen=True)
class View:
    """What of a report is shown: its rows, totals (``under`` a rate alone), or hours by calendar day."""

    report: StatusReport
    kind: Kind = "rows"
    under: float | None = None
    paper: Paper = Paper.A4

    @cached_property
    def totals(self) -> list[Total]:
        """The totals that it shows."""
        return quota.totals(self.report, self.under)

    def grid(self) -> Grid:
        """The table that is meant where a form has but one."""
        if self.kind == "totals":
            return quota.grid(self.totals)
        return self.report.hours() if self.kind == "hours" else self.report.grid()

    def grids(self) -> list[Grid]:
        """The tables beside the totals, where a form has several."""
        return [] if self.kind == "totals" else [self.grid()]

    def table(self) -> tuple[Table, str]:
        """Head and lines for people, and a remark."""
        if self.kind == "totals":
            return totals_table(self.totals), TOTALS_LEGEND
        if self.kind == "hours":
            grid = self.report.hours()
            return (
                list(grid.columns),
                [["" if cell is None else str(cell) for cell in row] for row in grid.rows()],
            ), ""
        return table(self.report)


def text(view: View, form: Form) -> Iterator[str]:
    """The report in one of the forms that are text, a piece at a time."""
    if form is Form.JSON:
        return _json(view)
    if form is Form.TABLE:
        return iter([_plain(view)])
    return _csv(view.grid(), excel=form is Form.CSV_EXCEL)


def write(view: View, form: Form, output: Path, *, overwrite: bool) -> None:
    """Write the report to a new file, or with ``overwrite`` in the place of an earlier one; raises OutputFailed."""
    write_report(output, lambda path: _fill(view, form, path), overwrite=overwrite)


def _fill(view: View, form: Form, path: Path) -> None:
    if form is Form.XLSX:
        from attendance.register.statusbook import write_book

        write_book(view.report, view.totals, view.grids(), path)
    elif form is Form.PDF:
        from attendance.register.statuspdf import to_pdf

        path.write_bytes(to_pdf(view.report, view.totals, view.grids(), view.paper))
    else:
        with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.writelines(text(view, form))


def _csv(grid: Grid, *, excel: bool) -> Iterator[str]:
    """A header and one line a row; times with offset, or for spreadsheets without, and their zone beside them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    kept = [at for at, name in enumerate(grid.columns) if excel or name != "zone"]
    writer.writerow([grid.columns[at] for at in kept])
    yield (BYTE_ORDER_MARK if excel else "") + _taken(buffer)
    before: list[Any] = [None] * len(kept)
    cells: list[Any] = [None] * len(kept)
    for row in grid.rows():
        for place, at in enumerate(kept):
            value = row[at]
            if value is not before[place]:  # rows of one occurrence share most of what they hold
                before[place], cells[place] = value, _csv_cell(value, excel=excel)
        writer.writerow(cells)
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    told = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return told


def _csv_cell(value: Any, *, excel: bool) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return naive(value).isoformat(" ") if excel else value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else safe_cell(value)


def _json(view: View) -> Iterator[str]:
    """One document: schema, when it was made, what it is, the site's zone, and the rows, one a line."""
    scope, grid = view.report.scope, view.grid()
    head = {"schema": 1, "at": instant(scope.now), "by": "timetable", "kind": view.kind, "zone": scope.zone}
    yield f'{_dump(head)[:-1]},\n "rows": ['
    yield from _joined(_dump(json_row(grid.columns, row)) for row in grid.rows())
    yield "\n ]}\n"


def _joined(lines: Iterable[str]) -> Iterator[str]:
    before = "\n  "
    for line in lines:
        yield f"{before}{line}"
        before = ",\n  "


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _plain(view: View) -> str:
    """The table as plain text, under lines that say what it is."""
    scope = view.report.scope
    (head, lines), remark = view.table()
    site = [scope.site] if scope.site else []
    about = [*site, f"by the timetable: {scope.of_whom}, {scope.days} ({scope.zone})"]
    told = "".join(f"{' '.join(line.split())}\n" for line in about)
    return f"{TEXT_HEAD}{instant(scope.now)}\n{told}{text_table(head, lines)}{remark and remark + chr(10)}"
