"""A report as the content of a file, and whether a file is an earlier report that may be written over."""

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from attendance.records import instant
from attendance.register.report import (
    BYTE_ORDER_MARK,
    COLUMNS,
    LOCAL_COLUMNS,
    Row,
    matrix,
    to_csv,
    to_excel_csv,
    to_json,
)
from attendance.register.reportform import Form
from attendance.writing import write_new, write_over

_TEXT_HEAD = "attendance report of "
_HEADERS = frozenset(
    {",".join(COLUMNS), ",".join(LOCAL_COLUMNS), ",".join(each for each in COLUMNS if each != "entered")}
)
_WIDE = 10_000
_PROPERTIES, _MOST_BYTES = "docProps/custom.xml", 100_000


def content(rows: Sequence[Row], form: Form, *, now: datetime) -> str | bytes:
    """The report in this form: text, or bytes for a workbook. Raises OutputFailed for what does not fit a sheet."""
    if form is Form.XLSX:
        from attendance.register.spreadsheet import to_xlsx

        return to_xlsx(rows, now=now)
    if form is Form.JSON:
        return to_json(rows, now=now) + "\n"
    if form is Form.TABLE:
        return to_text(rows, now=now)
    return to_csv(rows) if form is Form.CSV else to_excel_csv(rows)


def to_text(rows: Sequence[Row], *, now: datetime) -> str:
    """The table of people by sessions as plain text, under a line that says what it is."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    head, lines = matrix(rows)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in head:
        table.add_column(Text(title))
    for line in lines:
        table.add_row(*(Text(" ".join(cell.split())) for cell in line))
    text = io.StringIO()
    Console(file=text, width=_WIDE, color_system=None, legacy_windows=False).print(table)
    return f"{_TEXT_HEAD}{instant(now)}\n" + "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def write(rows: Sequence[Row], form: Form, output: Path, *, now: datetime, overwrite: bool) -> None:
    """Write the report to a new file, or with ``overwrite`` in the place of an earlier one; raises OutputFailed."""
    data = content(rows, form, now=now)
    if overwrite:
        write_over(output, data, is_report)
    else:
        write_new(output, data)


def is_report(path: Path) -> bool:
    """Whether the file is recognisably a report of this program, by its content; its name does not count."""
    try:
        return _is_workbook(path) or _is_text(path) or _is_json(path)
    except (OSError, ValueError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, RecursionError):
        return False


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.readline(_MOST_BYTES).removeprefix(BYTE_ORDER_MARK).rstrip("\r\n")


def _is_text(path: Path) -> bool:
    try:
        return _first_line(path).startswith(_TEXT_HEAD) or _first_line(path) in _HEADERS
    except UnicodeDecodeError:
        return False


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(1) != b"{":
            return False
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = found.get("rows")
    return {"schema", "at", "rows"} == set(found) and isinstance(rows, list) and all(map(_is_row, rows))


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and set(COLUMNS) - {"entered"} <= set(row)


def _is_workbook(path: Path) -> bool:
    from attendance.register.spreadsheet import PROPERTY

    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as book, book.open(_PROPERTIES) as file:
        return f'name="{PROPERTY}"'.encode() in file.read(_MOST_BYTES)
