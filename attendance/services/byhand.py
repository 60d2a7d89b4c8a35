"""Marks that a person enters: now, or afterwards for a day gone by, with the time it was and the time of entering."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from attendance.records import instant
from attendance.register.marks import ENTERED, TIME, UNKNOWN, Marked
from attendance.register.moments import day_told, moment, span
from gallery.errors import PersonInactive
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.sessions import SessionInfo
    from gallery.values import PersonInfo


@dataclass(frozen=True, slots=True)
class Time:
    """When somebody was there; ``facts`` go into the evidence."""

    at: datetime
    is_known: bool
    facts: dict[str, str] = field(default_factory=dict)


def enter(app: "Attendance", person: str, *, session: str | None, at: str | None, note: str) -> Marked:
    """Mark somebody in a session or on a day that has begun, all in one step; see `Attendance.enter`."""
    now = app.clock.utc()
    with app.store.atomic():
        who = app.gallery.find(person)
        day = None if session is not None or at is None else day_told(at, app.zone)
        found = app.sessions.by_hand(session if day is None else day.isoformat(), now)
        time = _time(found, at, now)
        _refuse_inactive(app, who, found, time, now)
        evidence = {"note": note, ENTERED: instant(now), "by": app.actor.name, **time.facts}
        return app.marks.mark(who.id, found, at=time.at, how="manual", evidence=evidence, entered=now)


def _time(session: "SessionInfo", at: str | None, now: datetime) -> Time:
    """The time given; else now, where the session goes on; else it is not known, and the session's first instant."""
    if at is not None:
        told = moment(at, session, now)
        return Time(told.at, is_known=True, facts={} if told.remark is None else {"remark": told.remark})
    begin, end = span(session, now)
    if begin <= now < end or (session.kind == "named" and session.closes is None):
        return Time(now, is_known=True)
    return Time(begin, is_known=False, facts={TIME: UNKNOWN})


def _refuse_inactive(app: "Attendance", who: "PersonInfo", session: "SessionInfo", time: Time, now: datetime) -> None:
    standing = app.gallery.standings().get(who.id, NEVER_LEFT)
    belongs = standing.belongs_at(time.at) if time.is_known else standing.belongs_in(*span(session, now))
    if not belongs:
        raise PersonInactive(
            who.external_id, f"{who.name} was set inactive and did not belong in session {session.name} then"
        )
