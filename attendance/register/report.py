"""Who was there, who was not, and of whom nothing is known: rows of people by sessions.

"absent" is said only of somebody whom a check in the session looked for; without a check, or for somebody enrolled
later, it is "no log". Who was set inactive is listed in the sessions of the days before, and wherever they are marked.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from attendance.records import PersonRef, instant
from attendance.register.marks import MarkInfo, of_people
from attendance.register.sessions import SessionInfo
from attendance.zones import day_bounds
from gallery.standing import NEVER_LEFT, Standing

BYTE_ORDER_MARK = "\ufeff"
_TIMES = ("at", "entered")
Status = Literal["present", "absent", "no log"]
COLUMNS = ("session", "day", "id", "name", "status", "at", "how", "voided", "mark", "entered")
LOCAL_COLUMNS = ("session", "day", "id", "name", "status", "at", "zone", "how", "voided", "mark", "entered")
"""Those of the forms for spreadsheets: there a time has no offset, so the zone has a column of its own."""
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide signs for formulas, too


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody a report may list: the person, since when they are enrolled, their groups, and sites (none: all)."""

    person: PersonRef
    since: datetime
    groups: tuple[str, ...] = ()
    standing: Standing = NEVER_LEFT
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One person in one session; ``mark`` also when it is void, in which case the person is not present."""

    session: SessionInfo
    person: PersonRef
    status: Status
    mark: MarkInfo | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row's cells by the names of `COLUMNS`; times local to the session's zone, with offset."""
        cells = self.cells()
        times = {key: None if cells[key] is None else cells[key].isoformat(timespec="seconds") for key in _TIMES}
        return {key: cells[key] for key in COLUMNS} | {"day": self.session.day.isoformat()} | times

    def cells(self) -> dict[str, Any]:
        """The same by the names of `LOCAL_COLUMNS`, the day a date and times datetimes in the session's zone.

        ``at`` is None where it is not known when the person was there, ``entered`` unless that was afterwards.
        """
        mark = self.mark
        return {
            "session": self.session.name,
            "day": self.session.day,
            "id": self.person.id,
            "name": self.person.name,
            "status": self.status,
            "at": None if mark is None or not mark.time_is_known else local(mark.at, self.session),
            "zone": self.session.zone,
            "how": None if mark is None else mark.how,
            "entered": None if mark is None or mark.entered is None else local(mark.entered, self.session),
            "voided": None if mark is None else mark.why_not,
            "mark": None if mark is None else mark.id,
        }

    @property
    def shown(self) -> str:
        """The cell of a table of people by sessions: the time of a mark and how it came about, else the status."""
        mark = self.mark
        if mark is None:
            return self.status
        if self.status != "present":
            return f"{self.status} (void: {mark.void_reason})" if mark.is_void else f"{self.status} ({mark.why_not})"
        late = "checked later" if mark.entered is not None else ""
        parts = (_clock_time(mark, self.session), "by hand" if mark.how == "manual" else late)
        return " ".join(part for part in parts if part) or self.status


def rows(
    sessions: Sequence[SessionInfo],
    members: Sequence[Member],
    marks: Mapping[int, Iterable[MarkInfo]],
    checks: Mapping[int, Sequence[datetime]],
    *,
    now: datetime,
    group: str | None = None,
) -> list[Row]:
    """One row a session and member of its group (and of ``group``), in the order given.

    ``marks`` holds the marks by session, ``checks`` when checks ran in it. Who was inactive all through a session
    has no row in it, and nor has who belongs to another site, unless there is a mark.
    """
    found = []
    for session in sessions:
        by_person = of_people(marks.get(session.id, ()))
        wanted = {name for name in (session.group, group) if name is not None}
        for member in members:
            mark = by_person.get(member.person.key)
            if wanted <= set(member.groups) and (mark is not None or _belongs(member, session, now)):
                status = _status(session, member, mark, checks.get(session.id, ()), now)
                found.append(Row(session, member.person, status, mark))
    return found


def _belongs(member: Member, session: SessionInfo, now: datetime) -> bool:
    elsewhere = session.site is not None and bool(member.sites) and session.site not in member.sites
    return not elsewhere and member.standing.belongs_in(session.opens, _end(session, now))


def _status(
    session: SessionInfo, member: Member, mark: MarkInfo | None, checks: Sequence[datetime], now: datetime
) -> Status:
    if mark is not None and mark.valid:
        return "present"
    looked_for = member.since < _end(session, now) and any(member.standing.searched_at(at) for at in checks)
    return "absent" if looked_for else "no log"


def why_empty(sessions: Sequence[SessionInfo], members: Sequence[Member], group: str | None) -> str:
    """Why sessions have not one row, in words: nobody at all, nobody of the group, or nobody who belonged then."""
    if not members:
        return "nobody is enrolled, so there is nobody to report on"
    wanted = sorted({each for each in (group, *(session.group for session in sessions)) if each is not None})
    if wanted and not any(set(wanted) <= set(member.groups) for member in members):
        return f"nobody belongs to {' and '.join(wanted)}"
    return "nobody who belonged then is enrolled"


def _clock_time(mark: MarkInfo, session: SessionInfo) -> str:
    return f"{local(mark.at, session):%H:%M}" if mark.time_is_known else ""


def _end(session: SessionInfo, now: datetime) -> datetime:
    """The session's last instant so far."""
    planned = day_bounds(session.day, session.zone)[1] if session.kind == "day" else now
    return min(session.closes or planned, planned)


def local(at: datetime, session: SessionInfo) -> datetime:
    """The instant on the clock of the session's zone."""
    return at.astimezone(ZoneInfo(session.zone))


def to_csv(found: Iterable[Row]) -> str:
    """A header and one line a row; no cell can be taken for a formula by a spreadsheet."""
    return csv_text(COLUMNS, (row.to_dict() for row in found))


def to_excel_csv(found: Iterable[Row]) -> str:
    """The same as Excel opens it: with a byte order mark, times without T and offset, their zone beside them."""
    return BYTE_ORDER_MARK + csv_text(LOCAL_COLUMNS, (_plain_times(row.cells()) for row in found))


def _plain_times(cells: dict[str, Any]) -> dict[str, Any]:
    times = {key: None if cells[key] is None else f"{cells[key]:%Y-%m-%d %H:%M:%S}" for key in _TIMES}
    return cells | times


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A header and one line a row, in which no cell can be taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[column] is None else safe_cell(str(row[column])) for column in columns])
    return text.getvalue()


def matrix(found: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """The head and the lines of a table with people down and sessions across."""
    sessions = {row.session.id: row.session for row in found}
    cells: dict[tuple[str, str], dict[int, str]] = {}
    for row in found:
        cells.setdefault((row.person.id, row.person.name), {})[row.session.id] = row.shown
    head = ["id", "name", *(each.name for each in sessions.values())]
    return head, [[*who, *(shown.get(each, "") for each in sessions)] for who, shown in cells.items()]


def safe_cell(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would start calculating."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def to_json(found: Iterable[Row], *, now: datetime) -> str:
    """One JSON document: schema, when it was made, and the rows."""
    document = {"schema": 1, "at": instant(now), "rows": [row.to_dict() for row in found]}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)


def counts(found: Iterable[Row]) -> dict[Status, int]:
    """How many rows there are of each status."""
    total: dict[Status, int] = {"present": 0, "absent": 0, "no log": 0}
    for row in found:
        total[row.status] += 1
    return total
