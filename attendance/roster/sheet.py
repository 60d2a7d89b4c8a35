"""A list as other systems and spreadsheets save it: bytes to columns and rows, every cell as text.

An id such as 00123 or 1E5 stays as it stands there.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from enroll.errors import RosterBroken
from enroll.sheet import encoding_of, rows_of

WESTERN: Final = "cp1252"
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How workbooks of spreadsheets begin, new ones and old ones, whatever they are called."""
_AS_TEXT: Final = re.compile(r'="(.*)"')


class SheetError(Exception):
    """The list cannot be read; the reader that asked for it makes a refusal of its own of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a line by column; ``odd`` says what is wrong with their number."""

    where: str
    line: int
    cells: Mapping[str, str]
    odd: str | None = None

    def __getitem__(self, column: str) -> str:
        """The cell, empty where there is no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Columns and rows; ``doubt`` is what is uncertain about how the list was read."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)
    doubt: str | None = None


def read_sheet(data: bytes, name: str) -> Sheet:
    """The list; raises SheetError where it is no text, cannot be divided into rows, or names a column twice."""
    text, doubt = _text(data)
    try:
        rows = rows_of(text, name)
    except RosterBroken as problem:
        raise SheetError(problem.detail) from problem
    if not rows:
        raise SheetError("the list is empty")
    columns = tuple(unicodedata.normalize("NFC", cell) for cell in rows[0][1])
    for column in columns:
        if column and columns.count(column) > 1:
            raise SheetError(f"line {rows[0][0]} names the column {column!r} twice")
    return Sheet(name, columns, tuple(_rows(rows[1:], columns, name)), doubt)


def _text(data: bytes) -> tuple[str, str | None]:
    if data.startswith(_WORKBOOKS):
        raise SheetError("this is a workbook; save it as CSV")
    encoding, told = encoding_of(data)
    try:
        text, doubt = data.decode(encoding), None
    except UnicodeDecodeError as problem:
        if encoding != "utf-8-sig":
            raise SheetError(f"this is no {told}") from problem
        text, doubt = _western(data), "this is not UTF-8, and was read as Windows-1252; look at names with accents"
    if "\0" in text:
        raise SheetError("this is no text")
    return text.removeprefix("\ufeff"), doubt


def _western(data: bytes) -> str:
    try:
        return data.decode(WESTERN)
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise SheetError(f"line {line}: the byte 0x{data[problem.start]:02X} is neither UTF-8 nor Windows-1252") from (
            problem
        )


def _plain(cell: str) -> str:
    """The text of a cell; ="00123" is how some write for Excel that 00123 is text."""
    told = _AS_TEXT.fullmatch(cell)
    return unicodedata.normalize("NFC", cell if told is None else told[1].replace('""', '"').strip())


def _rows(rows: Collection[tuple[int, list[str]]], columns: tuple[str, ...], name: str) -> Iterator[Row]:
    for line, found in rows:
        cells = [_plain(cell) for cell in found]
        more = len(cells) > len(columns) and any(cells[len(columns) :])
        odd = f"{len(cells)} cells, and the header has {len(columns)}" if more else None
        yield Row(f"{name} line {line}", line, dict(zip(columns, cells, strict=False)), odd)
