"""A report as the content of a file, and whether a file is an earlier report that may be written over."""

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from attendance.errors import OutputForm
from attendance.records import instant
from attendance.register import quota, statusreport
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
from attendance.register.reportform import Form, Paper
from attendance.writing import write_new, write_over
from refusal.zips import BROKEN_ZIP

TEXT_HEAD = "attendance report of "
"""How a report as plain text begins."""
_BY_SESSIONS = (COLUMNS, LOCAL_COLUMNS, [each for each in COLUMNS if each != "entered"])
_BY_TIMETABLE = (statusreport.ZONED, quota.COLUMNS, statusreport.HOURS_COLUMNS)
_HEADERS = frozenset(
    ",".join(each for each in columns if zoned or each != "zone")
    for columns in (*_BY_SESSIONS, *_BY_TIMETABLE)
    for zoned in (True, False)
)
_KEYS = frozenset({"schema", "at", "rows"})
_PIECES = (
    (b"%PDF-", b"/Creator (attendance report)"),
    (b"<svg ", b"<!-- attendance report -->"),
    (b"\x89PNG", b"tEXtSoftware\x00attendance report"),
    (b"BEGIN:VCALENDAR", b"\nPRODID:-//attendance//timetable//EN"),
)
"""How other files begin, and what a report among them holds."""
_WIDE = 10_000
_PROPERTIES, _MOST_BYTES = "docProps/custom.xml", 100_000


def content(
    rows: Sequence[Row], form: Form, *, now: datetime, site: str | None = None, paper: Paper = Paper.A4
) -> str | bytes:
    """The report in this form: text, or bytes for a workbook and pages; ``site`` is what the school or firm is called.

    Raises OutputFailed for what does not fit a sheet, OutputForm for a form that is of the timetable.
    """
    if form is Form.XLSX:
        from attendance.register.spreadsheet import to_xlsx

        return to_xlsx(rows, now=now)
    if form is Form.JSON:
        return to_json(rows, now=now) + "\n"
    if form is Form.TABLE:
        return to_text(rows, now=now)
    if form is Form.PDF:
        from attendance.register.sessionpdf import to_pdf

        return to_pdf(rows, now=now, site=site, paper=paper)
    if form is Form.ICS:
        raise OutputForm("report", "a report by sessions is no calendar: give --by timetable")
    return to_csv(rows) if form is Form.CSV else to_excel_csv(rows)


def to_text(rows: Sequence[Row], *, now: datetime) -> str:
    """The table of people by sessions as plain text, under a line that says what it is."""
    head, lines = matrix(rows)
    return f"{TEXT_HEAD}{instant(now)}\n{text_table(head, lines)}"


def text_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table as plain text, as wide as it comes out."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in head:
        table.add_column(Text(title))
    for line in lines:
        table.add_row(*(Text(" ".join(cell.split())) for cell in line))
    text = io.StringIO()
    Console(file=text, width=_WIDE, color_system=None, legacy_windows=False).print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def write(
    rows: Sequence[Row],
    form: Form,
    output: Path,
    *,
    now: datetime,
    overwrite: bool,
    site: str | None = None,
    paper: Paper = Paper.A4,
) -> None:
    """Write the report to a new file, or with ``overwrite`` in the place of an earlier one; raises OutputFailed."""
    write_report(output, content(rows, form, now=now, site=site, paper=paper), overwrite=overwrite)


def write_report(output: Path, data: Any, *, overwrite: bool) -> None:
    """Write what a report comes to to a new file, or in the place of an earlier report alone. Raises OutputFailed."""
    if overwrite:
        write_over(output, data, is_report)
    else:
        write_new(output, data)


def is_report(path: Path) -> bool:
    """Whether the file is recognisably a report of this program, by its content; its name does not count."""
    try:
        return _is_workbook(path) or _is_text(path) or _is_json(path) or _is_other(path)
    except (*BROKEN_ZIP, OSError, KeyError):
        return False


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.readline(_MOST_BYTES).removeprefix(BYTE_ORDER_MARK).rstrip("\r\n")


def _is_text(path: Path) -> bool:
    try:
        return _first_line(path).startswith(TEXT_HEAD) or _first_line(path) in _HEADERS
    except UnicodeDecodeError:
        return False


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(1) != b"{":
            return False
    found = json.loads(path.read_text(encoding="utf-8"))
    if {"made", "proof", "sha256"} == set(found):
        return isinstance(found["proof"], dict) and found["proof"].get("kind") == "proof of a day"
    if found.get("by") == "timetable":
        return {*_KEYS, "by", "kind", "zone"} == set(found) and isinstance(found["rows"], list)
    rows = found.get("rows")
    return set(found) == _KEYS and isinstance(rows, list) and all(map(_is_row, rows))


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and set(COLUMNS) - {"entered"} <= set(row)


def _is_other(path: Path) -> bool:
    """Whether it is a page, a picture or a calendar that says it was made by this program."""
    with path.open("rb") as file:
        begins = file.read(_MOST_BYTES)
        file.seek(max(0, path.stat().st_size - _MOST_BYTES))
        told = begins + file.read()
    return any(begins.startswith(kind) and sign in told for kind, sign in _PIECES)


def _is_workbook(path: Path) -> bool:
    from attendance.register.spreadsheet import PROPERTY

    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as book, book.open(_PROPERTIES) as file:
        return f'name="{PROPERTY}"'.encode() in file.read(_MOST_BYTES)
