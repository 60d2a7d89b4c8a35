"""What a report is made of: the sessions asked for, the people of the home, their marks and the checks."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from attendance.records import PersonRef
from attendance.register.report import Member, Row, rows, why_empty
from attendance.services.people import known_group
from attendance.zones import local_day
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.sessions import SessionInfo


@dataclass(frozen=True, slots=True)
class Asked:
    """What to report on: one session, or those of a span of days (today's where none is given), of one group."""

    session: str | None = None
    first: date | None = None
    last: date | None = None
    group: str | None = None


def report(app: "Attendance", asked: Asked) -> list[Row]:
    """The rows; see `Attendance.report`."""
    with app.store.reading():  # one view: nobody is marked or removed between one line and the next
        known_group(app.gallery, asked.group)
        chosen = _chosen(app, asked)
        marks = {each.id: app.marks.of_session(each.id) for each in chosen}
        return rows(chosen, _members(app), marks, app.sessions.checks(), now=app.clock.utc(), group=asked.group)


def why_no_rows(app: "Attendance", asked: Asked) -> str:
    """Why a report has no rows, in words."""
    chosen, (begin, end) = _chosen(app, asked), _days(app, asked)
    if not chosen:
        return f"no session was held on {begin}" if begin == end else f"no session was held from {begin} to {end}"
    return why_empty(chosen, _members(app), asked.group)


def _chosen(app: "Attendance", asked: Asked) -> "list[SessionInfo]":
    if asked.session is not None:
        return [app.sessions.find(asked.session)]
    begin, end = _days(app, asked)
    return [each for each in app.sessions.all() if begin <= each.day <= end]


def _days(app: "Attendance", asked: Asked) -> tuple[date, date]:
    today = local_day(app.clock.utc(), app.zone)
    return asked.first or asked.last or today, asked.last or today


def _members(app: "Attendance") -> list[Member]:
    standing = app.gallery.standings()
    return [
        Member(
            PersonRef(each.external_id, each.name, each.id),
            each.created,
            each.groups,
            standing.get(each.id, NEVER_LEFT),
        )
        for each in app.gallery.people(active=None)
    ]
