"""Lists of marks that other devices made: which column is which, and what each row says.

A row that cannot be read is named with its line and refuses itself alone.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from attendance.errors import MarksFile
from attendance.paths import shown_path
from attendance.roster.moments import MomentError, read_moment
from attendance.roster.school import Remark
from attendance.roster.sheet import Row, Sheet, SheetError, read_sheet
from attendance.zones import zone

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

MOST_BYTES: Final = 50_000_000
Column = Literal["person", "at", "date", "time", "direction", "method", "source", "mark", "counts"]
Direction = Literal["in", "out"]
Method = Literal["device", "badge", "pin", "qr"]
# What other systems call the columns, in lower case and with single spaces; of several the first counts.
NAMES: Final[dict[Column, tuple[str, ...]]] = {
    "person": (
        *("person id", "external id", "person", "employee id", "employee no", "employee number", "emp no", "emp id"),
        *("emp code", "user id", "userid", "user no", "enroll id", "enrollid", "enroll no", "ac no", "student id"),
        *("badge id", "badge no", "badge number", "card id", "card no", "card number"),
        *("employee", "user", "student", "badge", "card", "pin", "qr", "qr code", "id"),  # or their names
    ),
    "at": (
        *("at", "timestamp", "datetime", "date time", "date/time", "date and time", "instant", "punch time"),
        *("check time", "checktime", "event time", "log time", "transaction time"),
    ),
    "date": ("date", "day", "punch date", "log date"),
    "time": ("time", "clock", "clock time", "hour"),
    "direction": (
        *("direction", "in/out", "in out", "inout", "log type", "check type", "checktype", "punch state"),
        *("punch type", "type", "state", "status"),
    ),
    "method": ("method",),
    "source": (
        *("source", "device", "terminal", "reader", "location / device id", "device id", "device name", "device sn"),
        *("location", "door"),
    ),
    "mark": ("mark",),
    "counts": ("counts",),
}
_IN: Final = frozenset(
    {"in", "i", "0", "3", "4", "check in", "checkin", "c/in", "clock in", "sign in", "entry", "enter", "entrance"}
    | {"arrival", "break in", "overtime in", "ot in", "kommen", "ein", "entrada", "entrée"}
)
_OUT: Final = frozenset(
    {"out", "o", "1", "2", "5", "check out", "checkout", "c/out", "clock out", "sign out", "exit", "leave", "departure"}
    | {"break out", "overtime out", "ot out", "gehen", "aus", "salida", "sortie"}
)
_NEITHER: Final = frozenset({"", "-", "255", "none", "unknown", "n/a"})
_METHODS: Final[dict[str, Method]] = {
    **dict.fromkeys(("badge", "card", "rfid", "nfc", "badge id", "badge no", "badge number", "card id"), "badge"),
    **dict.fromkeys(("card no", "card number"), "badge"),
    "pin": "pin",
    **dict.fromkeys(("qr", "qr code"), "qr"),
}


@dataclass(frozen=True, slots=True)
class DeviceMark:
    """A row: what the device calls the person, when it was, in or out, how, and which device.

    ``told_method`` is the word for the method where it is none of ours. ``mark`` is the mark's id in a table that
    this program exported, and ``counts`` false where it says that the mark does not count.
    """

    where: str
    line: int
    person: str
    at: "datetime"
    direction: Direction | None
    method: Method
    source: str
    told_method: str | None = None
    remark: str | None = None
    mark: str | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Timeless:
    """A row of a table that this program exported, of a mark whose time is not known; ``remark`` refuses it."""

    mark: str
    counts: bool
    remark: Remark


@dataclass(frozen=True, slots=True)
class MarkList:
    """The rows that can be read, and remarks on the others; ``doubt`` is what is uncertain about the whole.

    What is ``timeless`` can be no new mark, but may be one that is there.
    """

    marks: tuple[DeviceMark, ...]
    remarks: tuple[Remark, ...] = ()
    doubt: str | None = None
    timeless: tuple[Timeless, ...] = ()


def read_marks(path: Path, zone_name: str, *, day_first: bool = False, source: str = "device") -> MarkList:
    """Read a list with a header; times without an offset are on the wall of the zone.

    ``source`` is the device where no column names it. Raises MarksFile where the list as a whole cannot be read, or
    has no column for people or times; ZoneUnknown.
    """
    where, clock = shown_path(path), zone(zone_name)
    try:
        sheet = read_sheet(_bytes(path, where), path.name)
    except SheetError as problem:
        raise MarksFile(where, str(problem)) from problem
    columns = _columns(sheet, where)
    marks: list[DeviceMark] = []
    remarks: list[Remark] = []
    timeless: list[Timeless] = []
    for row in sheet.rows:
        try:
            marks.append(_mark(row, columns, clock, day_first=day_first, source=source))
        except _OddRowError as problem:
            remark = Remark(problem.code, row.where, str(problem))
            cells = _cells(row, columns)
            if cells.get("mark") and not _time_of(cells):
                timeless.append(Timeless(cells["mark"], _counts(cells), remark))
            else:
                remarks.append(remark)
    return MarkList(tuple(marks), tuple(remarks), sheet.doubt, tuple(timeless))


class _OddRowError(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def _bytes(path: Path, where: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise MarksFile(where, (problem.strerror or "it cannot be read").lower()) from problem
    except ValueError as problem:
        raise MarksFile(where, "there is no such file") from problem
    if len(data) > MOST_BYTES:
        raise MarksFile(where, f"the list has more than {MOST_BYTES} bytes")
    return data


def _plain(text: str) -> str:
    return re.sub(r"[\s_.-]+", " ", text.strip(" '\"*").lower()).strip()


def _columns(sheet: Sheet, where: str) -> dict[Column, str]:
    """The file's own name of each of our columns that it has; raises MarksFile where one is missing."""
    there = {_plain(column): column for column in reversed(sheet.columns)}
    found: dict[Column, str] = {}
    for ours, names in NAMES.items():
        called = next((name for name in names if name in there), None)
        if called is not None:
            found[ours] = there[called]
    if "person" not in found:
        raise MarksFile(where, f"the first line names no column for the person, such as person, found: {_shown(sheet)}")
    if "at" not in found and "time" not in found:
        raise MarksFile(where, f"the first line names no column for the time, such as at, found: {_shown(sheet)}")
    return found


def _shown(sheet: Sheet) -> str:
    return ", ".join(column[:40] for column in sheet.columns[:12]) or "nothing"


def _mark(row: Row, columns: dict[Column, str], clock: "ZoneInfo", *, day_first: bool, source: str) -> DeviceMark:
    cells = _cells(row, columns)
    if row.odd is not None:
        raise _OddRowError("row.cells", row.odd)
    if not cells["person"]:
        raise _OddRowError("row.person", "no person is given")
    try:
        found = read_moment(_time_of(cells), clock, day_first=day_first)
    except MomentError as problem:
        raise _OddRowError("row.time", str(problem)) from problem
    method, word = _method(cells, columns)
    return DeviceMark(
        row.where,
        row.line,
        cells["person"],
        found.at,
        _direction(cells.get("direction", "")),
        method,
        cells.get("source") or source,
        word,
        found.remark,
        cells.get("mark") or None,
        _counts(cells),
    )


def _cells(row: Row, columns: dict[Column, str]) -> dict[Column, str]:
    return {ours: _unmasked(row[theirs]) for ours, theirs in columns.items()}


def _counts(cells: dict[Column, str]) -> bool:
    return cells.get("counts", "").lower() in {"", "valid"}


def _unmasked(cell: str) -> str:
    """The cell without the apostrophe that keeps a spreadsheet from calculating."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in set("=+-@") else cell


def _time_of(cells: dict[Column, str]) -> str:
    """One text of date and time, from one column or from two."""
    if "at" in cells:
        return cells["at"]
    day = cells.get("date", "")
    return f"{day.split()[0]} {cells['time']}" if day else cells["time"]


def _direction(text: str) -> Direction | None:
    plain = _plain(text)
    if plain in _NEITHER:
        return None
    if plain in _IN:
        return "in"
    if plain in _OUT:
        return "out"
    raise _OddRowError("row.direction", f"{text!r} is neither in nor out")


def _method(cells: dict[Column, str], columns: dict[Column, str]) -> tuple[Method, str | None]:
    """The method that the row names, else that of the column the person stands in; other words are kept beside it."""
    told = _plain(cells.get("method", ""))
    if told in _METHODS:
        return _METHODS[told], None
    if told not in {"", "device"}:
        return "device", told[:40]
    return ("device" if told else _METHODS.get(_plain(columns["person"]), "device")), None
