"""What the readers of registers have in common: a file's rows by their ids, statuses, dates, names and remarks."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from attendance.errors import ImportFile
from attendance.roster.bundle import Bundle
from attendance.roster.school import Belonging, Course, Pupil, Remark, Role, Term
from attendance.roster.sheet import Row, Sheet, SheetError, read_sheet
from refusal import usable_name

GONE = frozenset({"tobedeleted", "inactive"})
"""Statuses of who and what is not there any more; the second is of OneRoster 1.0 and means the same."""
STATUSES = frozenset({"", "active"}) | GONE


class RowRefusedError(Exception):
    """A row cannot be used; ``args`` are the remark's code and its text."""


@dataclass(slots=True)
class Found:
    """What the rows of one register came to so far."""

    remarks: list[Remark] = field(default_factory=list)
    unclear_people: set[str] = field(default_factory=set)
    unclear_belongings: set[tuple[str, str]] = field(default_factory=set)

    def refuse(self, row: Row, code: str, detail: str) -> None:
        """Remember that this row was not taken in."""
        self.remarks.append(Remark(code, row.where, detail))

    def note(self, code: str, where: str, detail: str) -> None:
        """Remember something that refuses nothing."""
        self.remarks.append(Remark(code, where, detail, refused=False))


def sheet_of(bundle: Bundle, name: str, required: Collection[str], found: Found, *, exact: bool = False) -> Sheet:
    """A file's columns and rows; ``exact`` takes the names of columns only as they are spelt.

    Raises ImportFile where it is missing, cannot be read, or lacks a column.
    """
    try:
        sheet = read_sheet(bundle.read(name), name)
    except SheetError as problem:
        raise ImportFile(f"{bundle.where}: {name}", str(problem)) from problem
    if sheet.doubt is not None:
        found.note("file.encoding", name, sheet.doubt)
    named = sheet if exact else _respelt(sheet, required)
    missing = [column for column in required if column not in named.columns]
    if missing:
        raise ImportFile(f"{bundle.where}: {name}", _lacking(missing, sheet.columns))
    return named


def _respelt(sheet: Sheet, required: Collection[str]) -> Sheet:
    """The sheet with columns called as the standard spells them, whatever their case is in the file."""
    names = {each.lower(): each for each in (*required, *_OPTIONAL)}
    called = {column: names.get(column.lower(), column) for column in sheet.columns}
    if len(set(called.values())) < len(called):
        return sheet
    rows = (Row(r.where, r.line, {called[key]: cell for key, cell in r.cells.items()}, r.odd) for r in sheet.rows)
    return Sheet(sheet.name, tuple(called[column] for column in sheet.columns), tuple(rows), sheet.doubt)


_OPTIONAL = (
    *("status", "enabledUser", "role", "username", "identifier", "givenName", "familyName", "title", "classCode"),
    *("beginDate", "endDate", "startDate", "type", "parentSourcedId", "userMasterIdentifier"),
)


def _lacking(missing: list[str], columns: tuple[str, ...]) -> str:
    near = [column for column in columns if column.lower() in {each.lower() for each in missing}]
    spelt = f"; upper and lower case count: {', '.join(near)}" if near else ""
    shown = ", ".join(column[:40] for column in columns[:12]) + (" …" if len(columns) > 12 else "")  # noqa: PLR2004
    return f"the column {missing[0]} is missing, found: {shown or 'nothing'}{spelt}"


def by_id(sheet: Sheet, found: Found) -> Iterator[tuple[str, Row]]:
    """Rows with their ids; those without one, and those that share theirs and say different things, are refused.

    The same row again is taken once. A refused row's id is unclear: whoever has it stays as they are.
    """
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        if not row["sourcedId"]:
            found.refuse(row, "row.id", "there is no sourcedId")
        else:
            rows[row["sourcedId"]].append(row)
    for key, several in rows.items():
        same = all(dict(each.cells) == dict(several[0].cells) for each in several)
        if not same:
            lines = ", ".join(str(each.line) for each in several)
            for each in several:
                found.refuse(each, "row.duplicate", f"the id {key} stands for different things in lines {lines}")
            found.unclear_people.add(key)
        elif several[0].odd is not None:
            found.refuse(several[0], "row.cells", several[0].odd)
            found.unclear_people.add(key)
        else:
            yield key, several[0]


def status_of(row: Row) -> bool:
    """Whether the row says that this is gone; raises RowRefusedError for a status that is none."""
    status = row["status"].lower()
    if status not in STATUSES:
        raise RowRefusedError("row.status", f"{row['status']!r} is no status; expected active or tobedeleted")
    return status in GONE


def day_of(row: Row, column: str) -> date | None:
    """The day of a cell, None for an empty one; raises RowRefusedError for what is none."""
    text = row[column]
    if not text:
        return None
    try:
        return date.fromisoformat(text) if len(text) <= len("2026-03-02") else datetime.fromisoformat(text).date()
    except ValueError:
        raise RowRefusedError("row.date", f"{column} {text!r} is no day; expected YYYY-MM-DD") from None


def span_of(row: Row, first: str, last: str) -> tuple[date | None, date | None]:
    """Two days that may each be missing; raises RowRefusedError where the first is after the last."""
    begins, ends = day_of(row, first), day_of(row, last)
    if begins is not None and ends is not None and begins > ends:
        raise RowRefusedError("row.date", f"{first} {begins} is after {last} {ends}")
    return begins, ends


def pupil_of(key: str, row: Row, roles: tuple[Role, ...], *, leaves: bool) -> Pupil:
    """Somebody of a row of users; raises RowRefusedError where they have no name, unless they are gone by their id."""
    told = f"{row['givenName']} {row['familyName']}".strip() or row["username"] or (key if leaves else "")
    try:
        name = usable_name(told)
    except ValueError as problem:
        raise RowRefusedError("row.name", f"{key} has no name that can be used: {problem}") from None
    enabled = row["enabledUser"].lower() not in {"false", "0", "no"}
    return Pupil(key, name, row.where, row["identifier"] or None, row["username"] or None, roles, leaves, enabled)


def people_of(sheet: Sheet, found: Found, roles: Callable[[str, Row], tuple[Role, ...]]) -> tuple[Pupil, ...]:
    """Everybody of a file of users; ``roles`` tells those of an id and its row."""
    people = []
    for key, row in by_id(sheet, found):
        try:
            people.append(pupil_of(key, row, roles(key, row), leaves=status_of(row)))
        except RowRefusedError as problem:
            found.refuse(row, *problem.args)
            found.unclear_people.add(key)
    _note_spreadsheet(sheet.name, people, found)
    return tuple(people)


def _note_spreadsheet(name: str, people: Iterable[Pupil], found: Found) -> None:
    """Spreadsheets turn long numbers into such as 1,23E+15, after which several people share one."""
    shortened = [each.id for each in people if "E+" in each.id and each.id[:1].isdigit()]
    if shortened:
        found.note(
            "row.spreadsheet",
            name,
            f"ids such as {shortened[0]} look as if a spreadsheet had shortened them; export them as text",
        )


def courses_of(sheet: Sheet, found: Found, code: str) -> tuple[Course, ...]:
    """The classes of a file; ``code`` is the column of what people call them for short."""
    courses = []
    mine = Found()
    for key, row in by_id(sheet, mine):
        try:
            leaves = status_of(row)
            title = usable_name(row["title"] or row[code] or (key if leaves else ""))
            courses.append(Course(key, title, row[code] or None, leaves))
        except ValueError as problem:
            mine.refuse(row, "row.name", f"the class {key} has no title that can be used: {problem}")
        except RowRefusedError as problem:
            mine.refuse(row, *problem.args)
    found.remarks += mine.remarks
    return tuple(courses)


def belongings_of(sheet: Sheet, found: Found) -> tuple[Belonging, ...]:
    """Who is in which class; a row that cannot be used leaves its person in the class as they are."""
    belongings = []
    for row in sheet.rows:
        person, course = row["userSourcedId"], row["classSourcedId"]
        try:
            if row.odd is not None:
                raise RowRefusedError("row.cells", row.odd)  # noqa: TRY301 - as for what the calls below refuse
            if not person or not course:
                missing = "userSourcedId" if not person else "classSourcedId"
                raise RowRefusedError("row.id", f"there is no {missing}")  # noqa: TRY301
            first, last = span_of(row, "beginDate", "endDate")
            role = row["role"].lower() or "student"
            belongings.append(Belonging(person, course, role, row.where, first, last, status_of(row)))
        except RowRefusedError as problem:
            found.refuse(row, *problem.args)
            found.unclear_belongings.add((person, course))
    return tuple(belongings)


def terms_of(sheet: Sheet, found: Found) -> tuple[Term, ...]:
    """The academic sessions of a file."""
    terms = []
    mine = Found()
    for key, row in by_id(sheet, mine):
        try:
            first, last = span_of(row, "startDate", "endDate")
            if first is None or last is None:
                raise RowRefusedError("row.date", f"the session {key} has no first or no last day")  # noqa: TRY301
            terms.append(Term(key, row["title"] or key, row["type"].lower(), first, last, status_of(row)))
        except RowRefusedError as problem:
            mine.refuse(row, *problem.args)
    found.remarks += mine.remarks
    return tuple(terms)


def roles_of(sheet: Sheet, found: Found, ends: str) -> dict[str, tuple[Role, ...]]:
    """The roles of each person by a file of roles; one that is to be deleted is none."""
    roles: dict[str, list[Role]] = defaultdict(list)
    for row in sheet.rows:
        person = row["userSourcedId"]
        try:
            if row.odd is not None:
                raise RowRefusedError("row.cells", row.odd)  # noqa: TRY301
            if not person:
                raise RowRefusedError("row.id", "there is no userSourcedId")  # noqa: TRY301
            if not status_of(row):
                roles[person].append(Role(row["role"].lower(), day_of(row, ends)))
        except RowRefusedError as problem:
            found.refuse(row, *problem.args)
            found.unclear_people.add(person)
    return {person: tuple(each) for person, each in roles.items()}


def with_roles_of_classes(people: tuple[Pupil, ...], belongings: Iterable[Belonging]) -> tuple[Pupil, ...]:
    """The people, those of whom no role is told with those that they have in classes."""
    told: dict[str, set[str]] = defaultdict(set)
    for each in belongings:
        told[each.person].add(each.role)
    return tuple(
        each if each.roles else replace(each, roles=tuple(Role(role) for role in sorted(told[each.id])))
        for each in people
    )


def check_orgs(sheet: Sheet, found: Found) -> None:
    """Note where organisations are above themselves, or below one that is not there: nothing here rests on them."""
    above = {row["sourcedId"]: row["parentSourcedId"] for row in sheet.rows if row["sourcedId"]}
    in_circles: set[str] = set()
    for start, parent in above.items():
        seen, here = [start], parent
        while here in above and here not in seen:
            seen.append(here)
            here = above[here]
        if here in seen and start == here and start not in in_circles:
            in_circles |= set(seen)
            found.note("org.cycle", sheet.name, f"organisations that are above themselves: {', '.join(seen[:5])}")
    lost = [key for key, over in above.items() if over and over not in above]
    if lost:
        found.note("org.parent", sheet.name, f"{lost[0]} is below {above[lost[0]]}, which is not there")


def note_disabled(people: Iterable[Pupil], found: Found) -> None:
    """Note whose accounts are disabled there: that says nothing of whether they belong."""
    number = sum(not each.enabled for each in people)
    if number:
        found.note("people.disabled", "users.csv", f"{number} with a disabled account there; they belong all the same")
