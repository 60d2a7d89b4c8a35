"""A list of rules as spreadsheets save it: rows below a header that names known columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attendance.errors import RuleFile
from enroll.errors import RosterBroken
from enroll.sheet import encoding_of, rows_of

MAX_BYTES: Final = 10_000_000
MOST_ROWS: Final = 50_000
"""As many as a calendar may have events."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by the columns' names, blank ones left out, and the line that it begins on."""

    line: int
    cells: Mapping[str, str]


def read_rows(data: bytes, where: str, columns: Mapping[str, str]) -> list[Row]:
    """The rows of a list; ``columns`` tells our name for every name that a column may have, in lower case.

    Raises RuleFile for what is no such list, and for columns that are unknown or there twice.
    """
    try:
        rows = rows_of(_text(data, where), where, MOST_ROWS)
    except RosterBroken as problem:
        raise RuleFile(where, problem.detail) from problem
    if len(rows) < 2:  # noqa: PLR2004 - a header, and something below
        raise RuleFile(where, "the list has no row below its header")
    names = _names(rows[0][1], columns, where)
    return [_row(line, cells, names, where) for line, cells in rows[1:]]


def _row(line: int, cells: list[str], names: list[str], where: str) -> Row:
    if any(cells[len(names) :]):
        raise RuleFile(where, f"line {line}: {len(cells)} cells, the header has {len(names)}")
    return Row(line, {name: cell for name, cell in zip(names, cells, strict=False) if name and cell})


def _text(data: bytes, where: str) -> str:
    if len(data) > MAX_BYTES:
        raise RuleFile(where, f"the file has {len(data):,} bytes, at most {MAX_BYTES:,} are read")
    encoding, told = encoding_of(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise RuleFile(where, f"line {line}: this is no text in {told}; save the list as 'CSV UTF-8'") from problem
    if "\0" in text:
        raise RuleFile(where, "the file holds zero bytes, so it is no list")
    return text.removeprefix("\ufeff")


def _names(header: list[str], columns: Mapping[str, str], where: str) -> list[str]:
    plain = [re.sub(r"[\s_-]+", " ", cell.strip(" '\"\u00a0").lower()).strip() for cell in header]
    names = [columns.get(each, "") for each in plain]
    unknown = [cell for cell, each, name in zip(header, plain, names, strict=True) if each and not name]
    if unknown:
        known = ", ".join(dict.fromkeys(columns.values()))
        raise RuleFile(where, f"the column {unknown[0][:40]!r} is unknown; there can be {known}")
    for name in names:
        if name and names.count(name) > 1:
            raise RuleFile(where, f"the column {name!r} is there twice")
    return names
