"""Who is on which photo: CSV rosters and folders of photos, read to entries; no photo is opened here.

Names from files. In a flat folder the file's stem is the name: underscores count as spaces, and a counter at
the end (`Ada_Lovelace_0001`, `Ada Lovelace_2`, `Ada Lovelace (3)`) is left out, unless a mere word for a picture
would remain (`IMG_1234`, `student_7`). In a folder of folders the subfolder's name is the person, its counter
kept. `0001__Alice` as a stem or folder means id 0001 and name Alice. Deeper folders are refused: who would be
meant?
"""

import csv
import io
import os
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from enroll.errors import (
    NameInvalid,
    RosterEmpty,
    RosterEncoding,
    RosterHeader,
    RosterMissing,
    RosterRow,
)
from enroll.photo import PHOTO_SUFFIXES

LONGEST_NAME: Final = 200
MAX_BYTES: Final = 50_000_000
COLUMN_NAMES: Final = {
    "person_id": "id",
    "external_id": "id",
    "file": "photo",
    "path": "photo",
    "groups": "group",
}
SYSTEM_FILES: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
ROWS_NAMED: Final = 5

_GROUP_SEPARATORS: Final = re.compile(r"[;|]")
_COUNTER: Final = re.compile(r"(?:_\d{1,6}|[ _]*\(\d{1,4}\))$")
_WITH_ID: Final = re.compile(r"^(?P<id>[^_].*?)__(?P<name>[^_].*)$")
# What cameras and collections call a picture of anybody.
_NOBODY: Final = frozenset(
    {"img", "dsc", "dscn", "dscf", "pxl", "mvi", "image", "photo", "picture", "pic", "scan", "face"}
    | {"person", "people", "student", "pupil", "user", "subject", "id", "p", "s"}
)
# Line ends, tabs and other controls, surrogates, unassigned; joiners and direction marks belong to names.
_REFUSED: Final = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
# Direction overrides and isolates can make a name display as another one.
_DISPLAY_TRICKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo of one person; `row` is the line of the roster, None for a folder."""

    photo: Path
    name: str
    external_id: str | None = None
    groups: tuple[str, ...] = ()
    row: int | None = None


def clean_name(text: str, where: str = "name") -> str:
    """Return `text` as names are stored: NFC, runs of spaces joined, trimmed. Raises `NameInvalid`."""
    name = unicodedata.normalize("NFC", re.sub(r" +", " ", text.replace("\u00a0", " ")).strip())
    for char in name:
        if unicodedata.category(char) in _REFUSED or char in _DISPLAY_TRICKS:
            raise NameInvalid(where, f"the character U+{ord(char):04X} cannot be part of a name")
    if not any(unicodedata.category(char)[0] not in "ZC" for char in name):
        raise NameInvalid(where, "nothing visible is left of the name")
    if len(name) > LONGEST_NAME:
        raise NameInvalid(where, f"{len(name)} characters, at most {LONGEST_NAME} are kept")
    return name


def read_roster(path: str | Path) -> list[Entry]:
    """Read a CSV list with the columns photo and name, and optionally id and group, in any order.

    UTF-8 with or without BOM, divided by commas, semicolons or tabs; several groups in a cell by `;` or `|`.
    Photos lie relative to the list's folder; whether they exist shows when they are read. Raises a
    `RosterError`.
    """
    source = Path(path)
    rows = _rows(_text(source), str(source))
    columns = _columns(rows[0][1] if rows else [], str(source))
    if len(rows) < 2:  # noqa: PLR2004 - the header alone
        raise RosterEmpty(str(source), "the list names no photo")
    entries, problems = [], []
    for line, cells in rows[1:]:
        try:
            entries.append(_entry(columns, cells, line, source))
        except (RosterRow, NameInvalid) as problem:
            problems.append(f"line {line}: {problem.detail}")
    _raise_problems(problems + _contradictions(entries), str(source))
    return entries


def walk_folder(folder: str | Path) -> list[Entry]:
    """List the photos of a folder (flat, one subfolder a person, or both) by the module's rules on names.

    Sorted by path. Hidden and system files are passed over. Raises a `RosterError`.
    """
    root = Path(folder)
    entries, problems = [], []
    for path in _files(root):
        if path.suffix.lower() not in PHOTO_SUFFIXES:
            continue
        try:
            entries.append(_folder_entry(path, root))
        except (RosterRow, NameInvalid) as problem:
            problems.append(f"{path.relative_to(root)}: {problem.detail}")
    _raise_problems(problems + _contradictions(entries), str(root))
    if not entries:
        raise RosterEmpty(str(root), "the folder holds no photo")
    return entries


def skipped_files(folder: str | Path) -> list[Path]:
    """List what `walk_folder` leaves aside because its suffix is no photo's, hidden and system files apart."""
    return [path for path in _files(Path(folder)) if path.suffix.lower() not in PHOTO_SUFFIXES]


def _files(root: Path) -> list[Path]:
    if not root.is_dir():
        raise RosterMissing(str(root), "there is no such folder")
    found: list[Path] = []
    problems: list[OSError] = []
    for base, folders, files in os.walk(root, onerror=problems.append):
        folders[:] = [name for name in folders if _counts(name)]
        found += [Path(base, name) for name in files if _counts(name)]
    if problems:
        raise RosterMissing(str(problems[0].filename), (problems[0].strerror or "cannot be read").lower())
    return sorted(found)


def _counts(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in SYSTEM_FILES


def _folder_entry(path: Path, root: Path) -> Entry:
    folders = path.relative_to(root).parts[:-1]
    if len(folders) > 1:
        raise RosterRow(
            str(path), "two folders deep, so the person is unclear; name the folder of the people's folders"
        )
    stem = folders[0] if folders else _without_counter(path.stem)
    external_id, name = split_id(unicodedata.normalize("NFC", stem))
    return Entry(path, clean_name(name.replace("_", " ")), external_id)


def _without_counter(stem: str) -> str:
    short = _COUNTER.sub("", stem)
    return stem if short.strip(" _-").lower() in _NOBODY or not short.strip(" _") else short


def split_id(stem: str) -> tuple[str | None, str]:
    """Split `0001__Alice` into id and name; without the double underscore the id is None."""
    match = _WITH_ID.match(stem)
    return (match["id"].strip(), match["name"]) if match else (None, stem)


def _text(path: Path) -> str:
    where = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "there is no such list"
        raise RosterMissing(where, reason.lower()) from problem
    if len(data) > MAX_BYTES:
        raise RosterRow(where, f"the list has more than {MAX_BYTES} bytes")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RosterEncoding(where, "the list is UTF-16, not UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        bad = problem.object[problem.start]
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise RosterEncoding(where, f"line {line}: the byte 0x{bad:02X} is not UTF-8") from problem


def _rows(text: str, where: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, each with the line that it starts on."""
    head = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as problem:
        raise RosterRow(where, f"line {line}: {problem}") from problem
    return rows


def _columns(header: list[str], where: str) -> list[str]:
    columns = [COLUMN_NAMES.get(cell.lower(), cell.lower()) for cell in header]
    for name in ("photo", "name"):
        if name not in columns:
            raise RosterHeader(where, f"line 1 names no column {name!r}")
    for name in ("photo", "name", "id"):
        if columns.count(name) > 1:
            raise RosterHeader(where, f"line 1 names the column {name!r} twice")
    return columns


def _entry(columns: list[str], cells: list[str], line: int, source: Path) -> Entry:
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        raise RosterRow(str(source), f"{len(cells)} cells, the header has {len(columns)}")
    pairs = list(zip(columns, cells, strict=False))
    row = dict(pairs)
    if not row.get("photo") or "\0" in row["photo"]:
        raise RosterRow(str(source), "no photo is given")
    if not row.get("name"):
        raise RosterRow(str(source), "no name is given")
    groups = [clean_name(part) for key, cell in pairs if key == "group" for part in _groups(cell)]
    external_id = clean_name(row["id"]) if row.get("id") else None
    name = clean_name(row["name"])
    return Entry(source.parent / row["photo"], name, external_id, tuple(dict.fromkeys(groups)), line)


def _groups(cell: str) -> list[str]:
    return [part.strip() for part in _GROUP_SEPARATORS.split(cell) if part.strip()]


def _contradictions(entries: list[Entry]) -> list[str]:
    """Say which ids stand for several names, and where."""
    people: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in entries:
        if entry.external_id is not None:
            place = f"line {entry.row}" if entry.row else entry.photo.name
            people[entry.external_id].setdefault(entry.name, place)
    return [
        f"the id {external_id} stands for " + " and ".join(f"{name} ({place})" for name, place in names.items())
        for external_id, names in people.items()
        if len(names) > 1
    ]


def _raise_problems(problems: list[str], where: str) -> None:
    if problems:
        more = f"; and {len(problems) - ROWS_NAMED} more" if len(problems) > ROWS_NAMED else ""
        raise RosterRow(where, "; ".join(problems[:ROWS_NAMED]) + more)
