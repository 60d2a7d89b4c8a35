"""A list as spreadsheets save it: the encoding, the separator, and rows below a header."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attendance.errors import RuleFile

MAX_BYTES: Final = 10_000_000
MOST_ROWS: Final = 50_000
"""As many as a calendar may have events."""
SEPARATORS: Final = ";,\t|"
_TOLD: Final = re.compile(r"\A\"?sep=([;,\t|])\"?[;,\t|]*(?:\r\n|\n|\r|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by the columns' names, blank ones left out, and the line that it begins on."""

    line: int
    cells: Mapping[str, str]


def read_rows(data: bytes, where: str, columns: Mapping[str, str]) -> list[Row]:
    """The rows of a list; ``columns`` tells our name for every name that a column may have, in lower case.

    Raises RuleFile for what is no such list, and for columns that are unknown or there twice.
    """
    text = _text(data, where)
    told = _TOLD.match(text)
    body = text[told.end() :] if told else text
    rows = _cells(body, told[1] if told else _separator(body), where, 2 if told else 1)
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
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise RuleFile(where, f"line {line}: this is no text in UTF-8; save the list as 'CSV UTF-8'") from problem
    if "\0" in text:
        raise RuleFile(where, "the file holds zero bytes, so it is no list")
    return text.removeprefix("\ufeff")


def _encoding(data: bytes) -> str:
    """UTF-16 by its mark or by the zeros between plain letters, as "Unicode text" is saved; else UTF-8."""
    head = data[:4]
    if head.startswith(b"\xff\xfe") or (len(head) == 4 and not any(head[1::2]) and all(head[::2])):  # noqa: PLR2004
        return "utf-16-le"
    if head.startswith(b"\xfe\xff") or (len(head) == 4 and not any(head[::2]) and all(head[1::2])):  # noqa: PLR2004
        return "utf-16-be"
    return "utf-8-sig"


def _separator(text: str) -> str:
    head = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    return max(SEPARATORS, key=head.count)


def _cells(text: str, separator: str, where: str, first: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = first
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            if len(rows) > MOST_ROWS:
                raise RuleFile(where, f"line {line}: at most {MOST_ROWS:,} rows are read")
            line = first + reader.line_num
    except csv.Error as problem:
        raise RuleFile(where, f"line {line}: {problem}") from problem
    return rows


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
