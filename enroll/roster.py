"""Who is on which photo: lists and folders of photos, read to entries; no photo is decoded here.

Names from files. In a flat folder the file's stem is the name: underscores count as spaces, and a counter at
the end (`Ada_Lovelace_0001`, `Ada Lovelace_2`, `Ada Lovelace (3)`) is left out, unless a mere word for a picture
would remain (`IMG_1234`, `student_7`). In a folder of folders the subfolder's name is the person, its counter
kept. `0001__Alice` as a stem or folder means id 0001 and name Alice. Photos in deeper folders are refused: who
would be meant?

What is wrong with one row or file refuses that one alone. An id that stands for two names refuses all rows with
it, as nobody can tell which of them is right, and the others are read.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from enroll.errors import EnrollError, NameInvalid, RosterDeep, RosterEmpty, RosterMissing, RosterRow
from enroll.folders import is_litter, walk
from enroll.kinds import Sort, sort_of
from enroll.sheet import Sheet, read_sheet
from refusal import usable_name

NAMED: Final = 5  # files that a message names before it counts

_GROUP_SEPARATORS: Final = re.compile(r"[;|]")
_COUNTER: Final = re.compile(r"(?:_\d{1,6}|[ _]*\(\d{1,4}\))$")
_WITH_ID: Final = re.compile(r"^(?P<id>[^_].*?)__(?P<name>[^_].*)$")
# What cameras and collections call a picture of anybody.
_NOBODY: Final = frozenset(
    {"img", "dsc", "dscn", "dscf", "pxl", "mvi", "image", "photo", "picture", "pic", "scan", "face"}
    | {"person", "people", "student", "pupil", "user", "subject", "id", "p", "s"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo of one person; `row` is the line of the roster, None for a folder.

    `consent` is who has agreed to it, where the list says so.
    """

    photo: Path
    name: str
    external_id: str | None = None
    groups: tuple[str, ...] = ()
    row: int | None = None
    consent: Literal["self", "guardian"] | None = None


def clean_name(text: str, where: str = "name") -> str:
    """Return `text` as names are stored: NFC, runs of spaces joined, trimmed. Raises `NameInvalid`."""
    try:
        return usable_name(text)
    except ValueError as problem:
        raise NameInvalid(where, str(problem)) from problem


@dataclass(frozen=True, slots=True)
class Roster:
    """What a list or folder gives: entries to enrol, what was refused with its error, and files that are no photos."""

    entries: tuple[Entry, ...]
    problems: tuple[EnrollError, ...] = ()
    passed_over: tuple[Path, ...] = ()


def read_roster(path: str | Path) -> Roster:
    """Read a CSV list with the columns photo and name, and optionally id, group and consent, in any order.

    A name may also stand in two columns, first name and last name. UTF-8 or UTF-16, divided by commas,
    semicolons, tabs or bars, or as a first line `sep=;` says; several groups in a cell by `;` or `|`; consent is
    `self`, `guardian` or empty. Photos lie
    relative to the list's folder, also where a Windows path has backslashes; whether they exist shows when they
    are read. Raises a `RosterError` when the list as a whole cannot be read.
    """
    source = Path(path)
    sheet = read_sheet(source)
    entries: list[Entry] = []
    problems: list[EnrollError] = []
    for line, cells in sheet.rows:
        try:
            entries.append(_entry(sheet, cells, line, source))
        except (RosterRow, NameInvalid) as problem:
            problems.append(type(problem)(str(source), f"line {line}: {problem.detail}"))
    if not entries and not problems:
        raise RosterEmpty(str(source), "the list names no photo")
    return _without_contradictions(Roster(tuple(entries), tuple(problems)), str(source))


def walk_folder(folder: str | Path) -> Roster:
    """List the photos of a folder (flat, one subfolder a person, or both) by the module's rules on names.

    Sorted by path. Hidden files and what systems make are left out; what is a picture by its name or its first
    bytes is an entry, also where its format cannot be read, and everything else is passed over. Raises a
    `RosterError` when the folder as a whole cannot be read, or holds no photo.
    """
    root = Path(folder)
    try:
        found = walk(root)
    except (FileNotFoundError, NotADirectoryError, ValueError) as problem:
        raise RosterMissing(str(root), "there is no such folder") from problem
    except OSError as problem:
        raise RosterMissing(str(root), (problem.strerror or "cannot be read").lower()) from problem
    closed = [RosterMissing(str(path), reason) for path, reason in found.unreadable]
    roster = _named(((path, path.relative_to(root).parts[:-1]) for path in found.files), closed)
    if not roster.entries and not roster.problems:
        only = f", only {some_names(roster.passed_over)}" if roster.passed_over else ""
        raise RosterEmpty(str(root), f"the folder holds no photo{only}")
    return _without_contradictions(roster, str(root))


def name_photos(photos: Iterable[str | Path]) -> Roster:
    """Name photos given one by one as if they lay in a flat folder; what is no picture is passed over."""
    found = (Path(photo) for photo in photos)
    return _named(((path, ()) for path in found if not is_litter(path.name)), [])


def joined(rosters: Iterable[Roster]) -> Roster:
    """Join the rosters of several sources to one, in order.

    An id that stands for two names over all of them is refused as in one list. So is a name without an id that
    several of them hold: photos called `1` in the folders of two people would become one person.
    """
    several = list(rosters)
    sources: dict[str, set[int]] = defaultdict(set)
    for number, roster in enumerate(several):
        for entry in roster.entries:
            if entry.external_id is None:
                sources[entry.name].add(number)
    shared = {name for name, numbers in sources.items() if len(numbers) > 1}
    whole = [entry for roster in several for entry in roster.entries]
    unclear = [entry for entry in whole if entry.external_id is None and entry.name in shared]
    problems: list[EnrollError] = [problem for roster in several for problem in roster.problems]
    problems += [
        RosterRow(str(entry.photo), f"several sources name {entry.name}, one person or two") for entry in unclear
    ]
    kept = tuple(entry for entry in whole if entry.external_id is not None or entry.name not in shared)
    passed_over = tuple(path for roster in several for path in roster.passed_over)
    return _without_contradictions(Roster(kept, tuple(problems), passed_over), None)


def skipped_files(folder: str | Path) -> list[Path]:
    """List what `walk_folder` passes over because it is no picture; hidden files and what systems make apart."""
    try:
        return list(walk_folder(folder).passed_over)
    except RosterEmpty:
        return list(walk(Path(folder)).files)


def some_names(paths: Iterable[Path]) -> str:
    """Name the first files and count the rest."""
    names = [path.name for path in paths]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _named(found: Iterable[tuple[Path, tuple[str, ...]]], closed: Iterable[EnrollError]) -> Roster:
    """Name the pictures among files, each given with the folders it lies in below the root."""
    entries: list[Entry] = []
    problems = list(closed)
    passed_over: list[Path] = []
    for path, folders in found:
        if sort_of(path) is not Sort.PICTURE and path.exists():
            passed_over.append(path)
            continue
        try:
            entries.append(_file_entry(path, folders))
        except (RosterDeep, NameInvalid) as problem:
            problems.append(type(problem)(str(path), problem.detail))
    return Roster(tuple(entries), tuple(problems), tuple(passed_over))


def _file_entry(path: Path, folders: tuple[str, ...]) -> Entry:
    if len(folders) > 1:
        raise RosterDeep(str(path), "two folders deep, so the person is unclear")
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


def _entry(sheet: Sheet, cells: list[str], line: int, source: Path) -> Entry:
    if len(cells) > len(sheet.columns) and any(cells[len(sheet.columns) :]):
        raise RosterRow(str(source), f"{len(cells)} cells, the header has {len(sheet.columns)}")
    pairs = list(zip(sheet.columns, cells, strict=False))
    row = dict(pairs)
    if not row.get("photo") or "\0" in row["photo"]:
        raise RosterRow(str(source), "no photo is given")
    full = row["name"] if "name" in sheet.columns and row.get("name") else _both_names(row)
    if not full:
        raise RosterRow(str(source), "no name is given")
    groups = [clean_name(part) for key, cell in pairs if key == "group" for part in _groups(cell)]
    external_id = clean_name(row["id"]) if row.get("id") else None
    photo = _beside(source.parent, row["photo"])
    consent = _consent(row.get("consent", ""), source)
    return Entry(photo, clean_name(full), external_id, tuple(dict.fromkeys(groups)), line, consent)


def _consent(cell: str, source: Path) -> Literal["self", "guardian"] | None:
    """Who has agreed; a cell that says anything else refuses its row, as nobody can tell what was meant."""
    told = cell.strip().lower()
    if told == "self":
        return "self"
    if told == "guardian":
        return "guardian"
    if told:
        raise RosterRow(str(source), f"consent is self, guardian or empty, not {cell.strip()!r}")
    return None


def _both_names(row: dict[str, str]) -> str:
    return f"{row.get('first name', '')} {row.get('last name', '')}".strip()


def _beside(folder: Path, photo: str) -> Path:
    """Return the photo's path; one that is missing as given and holds backslashes may be a Windows path."""
    given = folder / photo
    if "\\" in photo and not given.exists():
        slashed = folder / photo.replace("\\", "/")
        return slashed if slashed.exists() else given
    return given


def _groups(cell: str) -> list[str]:
    return [part.strip() for part in _GROUP_SEPARATORS.split(cell) if part.strip()]


def _without_contradictions(roster: Roster, where: str | None) -> Roster:
    """Refuse every entry whose id stands for several names."""
    people: dict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in roster.entries:
        if entry.external_id is not None:
            people[entry.external_id].setdefault(entry.name, entry)
    unclear = {external_id: names for external_id, names in people.items() if len(names) > 1}
    if not unclear:
        return roster
    problems = [
        RosterRow(where if where and entry.row else str(entry.photo), _contradiction(entry, unclear[entry.external_id]))
        for entry in roster.entries
        if entry.external_id in unclear
    ]
    kept = tuple(entry for entry in roster.entries if entry.external_id not in unclear)
    return Roster(kept, (*roster.problems, *problems), roster.passed_over)


def _contradiction(entry: Entry, names: dict[str, Entry]) -> str:
    told = " and ".join(f"{name} ({_place(first)})" for name, first in names.items())
    return f"{_place(entry)}: the id {entry.external_id} stands for {told}"


def _place(entry: Entry) -> str:
    return f"line {entry.row}" if entry.row else entry.photo.name
