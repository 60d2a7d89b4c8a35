"""A report as an XLSX workbook: one sheet of rows with real dates and times, one of people by sessions."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from attendance.errors import OutputFailed
from attendance.register.report import LOCAL_COLUMNS, Row, matrix

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS, MOST_COLUMNS, MOST_LETTERS = 1_048_576, 16_384, 32_767
"""What a sheet and a cell of Excel can hold."""
PROPERTY = "attendance report"
FIRST_DATE = date(1900, 3, 1)
"""Before it, Excel counts a day that never was."""
_WIDEST, _SAMPLE = 40, 1000


def to_xlsx(rows: Sequence[Row], *, now: datetime) -> bytes:
    """The workbook. No cell is a formula or a link, whatever it begins with; too long a text is cut.

    Raises OutputFailed for more rows or sessions than a sheet can hold.
    """
    from xlsxwriter import Workbook

    head, lines = matrix(rows)
    _refuse_too_many(len(rows), len(head))
    data = io.BytesIO()
    with Workbook(data, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        book.set_properties({"title": "Attendance report", "created": now.replace(tzinfo=None)})
        book.set_custom_property(PROPERTY, 1)
        cells = ([row.cells()[column] for column in LOCAL_COLUMNS] for row in rows)
        _sheet(book, "Rows", LOCAL_COLUMNS, list(cells))
        _sheet(book, "People by session", head, lines)
    return data.getvalue()


def _refuse_too_many(rows: int, columns: int) -> None:
    if rows >= MOST_ROWS or columns > MOST_COLUMNS:
        raise OutputFailed(
            "report",
            f"{rows:,} rows over {columns - 2:,} sessions do not fit a sheet of {MOST_ROWS:,} rows and "
            f"{MOST_COLUMNS:,} columns: report on fewer days at a time, or use --format csv",
        )


def _sheet(book: "Workbook", name: str, head: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    sheet = book.add_worksheet(name)
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    for column, title in enumerate(head):
        sheet.write_string(0, column, title, bold)
        texts = (_width(line[column]) for line in lines[:_SAMPLE])
        sheet.set_column(column, column, min(_WIDEST, max(len(title) + 3, *texts, 0) + 1))
    for number, line in enumerate(lines, 1):
        for column, value in enumerate(line):
            _cell(sheet, number, column, value, day)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(lines), 1), len(head) - 1)


def _width(value: Any) -> int:
    return 19 if isinstance(value, datetime) else len(str(value)) if value is not None else 0


def _cell(sheet: "Worksheet", number: int, column: int, value: Any, day: "Format") -> None:
    if not value:
        return
    if isinstance(value, datetime) and value.date() >= FIRST_DATE:
        sheet.write_datetime(number, column, value.replace(tzinfo=None, microsecond=0))
    elif isinstance(value, date) and not isinstance(value, datetime) and value >= FIRST_DATE:
        sheet.write_datetime(number, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
    else:
        sheet.write_string(number, column, cut(str(value)))


def cut(text: str) -> str:
    """The text as far as a cell can hold it; Excel counts a letter outside the first plane twice.

    One that looks like a piece of a workbook's own XML, which the library would copy as it is, gets a space behind it.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        return cut(f"{text} ")
    if len(text.encode("utf-16-le", "replace")) // 2 <= MOST_LETTERS:
        return text
    return text.encode("utf-16-le", "replace")[: 2 * (MOST_LETTERS - 1)].decode("utf-16-le", "ignore") + "…"
