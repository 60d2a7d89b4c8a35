"""Lists as spreadsheets save them: which encoding, which separator, which column is which."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enroll.errors import RosterBroken, RosterEncoding, RosterHeader, RosterMissing

MAX_BYTES: Final = 50_000_000
MOST_ROWS: Final = 1_000_000
"""A file of nothing but line ends and letters would take a hundred times its size in memory."""
SEPARATORS: Final = ",;\t|"
# What people call the columns, in lower case and with single spaces.
COLUMN_NAMES: Final = {
    **dict.fromkeys(("file", "path", "file name", "filename", "photo file", "photo path", "image", "picture"), "photo"),
    **dict.fromkeys(("full name", "person name", "student name"), "name"),
    **dict.fromkeys(("person id", "external id", "student id"), "id"),
    **dict.fromkeys(("firstname", "given name", "forename"), "first name"),
    **dict.fromkeys(("lastname", "surname", "family name"), "last name"),
    "groups": "group",
}
_SEPARATOR_LINE: Final = re.compile(r"\A\s*\"?sep=([^\w\s\"']|\t)\"?[,;|\t ]*(?:\r\n|\n|\r|\Z)", re.IGNORECASE)
_QUOTES: Final = " '\"\u2018\u2019\u201c\u201d\u00a0"
_COLUMNS_QUOTED: Final = 12


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns by our names, and the rows below them that are not blank, each with the line that it starts on."""

    columns: list[str]
    rows: list[tuple[int, list[str]]]


def read_sheet(path: Path) -> Sheet:
    """Read a list. Raises `RosterMissing`, `RosterEncoding`, `RosterBroken` or `RosterHeader`."""
    where = str(path)
    rows = rows_of(_text(path), where)
    line, header = rows[0] if rows else (1, [])
    return Sheet(_columns(header, f"line {line}", where), rows[1:])


def _text(path: Path) -> str:
    where = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "there is no such list"
        raise RosterMissing(where, reason.lower()) from problem
    if len(data) > MAX_BYTES:
        raise RosterBroken(where, f"the list has more than {MAX_BYTES} bytes")
    encoding, name = encoding_of(data)
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        bad = problem.object[problem.start]
        raise RosterEncoding(where, f"line {line}: the byte 0x{bad:02X} is not {name}") from problem


def encoding_of(data: bytes) -> tuple[str, str]:
    """Tell UTF-16 by its mark, or by the zeros that beginning with plain letters leaves; all else must be UTF-8."""
    low, high = data[0:4:2], data[1:4:2]
    if data.startswith(b"\xff\xfe") or (len(data) > 3 and not any(high) and all(low)):  # noqa: PLR2004
        return "utf-16-le", "UTF-16"
    if data.startswith(b"\xfe\xff") or (len(data) > 3 and not any(low) and all(high)):  # noqa: PLR2004
        return "utf-16-be", "UTF-16"
    return "utf-8-sig", "UTF-8"


def rows_of(text: str, where: str, most: int | None = None) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, cells trimmed, each with the line that it starts on. Raises `RosterBroken`.

    More than ``most`` (`MOST_ROWS` unless it is given) are refused as soon as they are met.
    """
    most = MOST_ROWS if most is None else most
    told = _SEPARATOR_LINE.match(text)
    body = text[told.end() :] if told else text
    before = len(text[: told.end()].splitlines()) if told else 0
    separator = told[1] if told else _separator(body)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = before + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            if len(rows) > most:
                raise RosterBroken(where, f"line {line}: at most {most:,} rows are read")
            line = before + reader.line_num + 1
    except csv.Error as problem:
        raise RosterBroken(where, f"line {line}: {problem}") from problem
    return rows


def _separator(text: str) -> str:
    head = re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0]
    return max(SEPARATORS, key=head.count)


def _columns(header: list[str], line: str, where: str) -> list[str]:
    columns = [_column(cell) for cell in header]
    whole = "name" in columns or {"first name", "last name"} <= set(columns)
    for name, there in (("photo", "photo" in columns), ("name", whole)):
        if not there:
            raise RosterHeader(where, f"{line} names no column {name!r}, found: {_quoted(header)}")
    for name in ("photo", "name", "id", "first name", "last name"):
        if columns.count(name) > 1:
            raise RosterHeader(where, f"{line} names the column {name!r} twice, found: {_quoted(header)}")
    return columns


def _column(cell: str) -> str:
    plain = re.sub(r"[\s_-]+", " ", cell.strip(_QUOTES).lower()).strip()
    return COLUMN_NAMES.get(plain, plain)


def _quoted(header: list[str]) -> str:
    more = f" and {len(header) - _COLUMNS_QUOTED} more" if len(header) > _COLUMNS_QUOTED else ""
    return ", ".join(cell[:40] for cell in header[:_COLUMNS_QUOTED]) + more or "nothing"
