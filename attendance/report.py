"""Who was there, who was not, and of whom nothing is known: rows of people by sessions.

"absent" is said only of somebody who was enrolled while a check ran in the session; without a check, or for
somebody enrolled later, it is "no log".
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from attendance.marks import MarkInfo
from attendance.records import PersonRef, instant
from attendance.sessions import SessionInfo
from attendance.zones import day_bounds

Status = Literal["present", "absent", "no log"]
COLUMNS = ("session", "day", "id", "name", "status", "at", "how", "voided", "mark")
_FORMULA_STARTS = tuple(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody a report may list: the person, since when they are enrolled, and their groups."""

    person: PersonRef
    since: datetime
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One person in one session; ``mark`` also when it is void, in which case the person is not present."""

    session: SessionInfo
    person: PersonRef
    status: Status
    mark: MarkInfo | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row's cells by the names of `COLUMNS`; times local to the session's zone, with offset."""
        mark = self.mark
        return {
            "session": self.session.name,
            "day": self.session.day.isoformat(),
            "id": self.person.id,
            "name": self.person.name,
            "status": self.status,
            "at": None if mark is None else local(mark.at, self.session).isoformat(timespec="seconds"),
            "how": None if mark is None else mark.how,
            "voided": None if mark is None else mark.void_reason,
            "mark": None if mark is None else mark.id,
        }


def rows(
    sessions: Sequence[SessionInfo],
    members: Sequence[Member],
    marks: Mapping[int, Iterable[MarkInfo]],
    checked: set[int],
    *,
    now: datetime,
    group: str | None = None,
) -> list[Row]:
    """One row a session and member of its group (and of ``group``), in the order given.

    ``marks`` holds the marks by session, ``checked`` the sessions in which a check ran.
    """
    found = []
    for session in sessions:
        by_person = {mark.person: mark for mark in marks.get(session.id, ())}
        wanted = {name for name in (session.group, group) if name is not None}
        for member in members:
            mark = by_person.get(member.person.key)
            if wanted <= set(member.groups):
                status = _status(session, member, mark, checked=session.id in checked, now=now)
                found.append(Row(session, member.person, status, mark))
    return found


def _status(session: SessionInfo, member: Member, mark: MarkInfo | None, *, checked: bool, now: datetime) -> Status:
    if mark is not None and mark.valid:
        return "present"
    return "absent" if checked and member.since < _end(session, now) else "no log"


def _end(session: SessionInfo, now: datetime) -> datetime:
    """The session's last instant so far."""
    planned = day_bounds(session.day, session.zone)[1] if session.kind == "day" else now
    return min(session.closes or planned, planned)


def local(at: datetime, session: SessionInfo) -> datetime:
    """The instant on the clock of the session's zone."""
    return at.astimezone(ZoneInfo(session.zone))


def to_csv(found: Iterable[Row]) -> str:
    """A header and one line a row; no cell can be taken for a formula by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found:
        cells = row.to_dict()
        writer.writerow(["" if cells[column] is None else safe_cell(str(cells[column])) for column in COLUMNS])
    return text.getvalue()


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
