"""What people are marked for: named sessions, and one of each day's own in its zone."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, false, select
from sqlalchemy.orm import Session

from gallery.repositories.marks import marked
from gallery.schema import Group, MarkRow, SessionRow
from gallery.values import StoredMark, StoredSession


def named(session: Session, name: str, people: Collection[int] = ()) -> list[StoredSession]:
    """Those of this name, oldest first, with the marks of these people; days in several zones share a name."""
    return _read(session, SessionRow.name == name, people)


def of_day(session: Session, day: date, zone: str, people: Collection[int] = ()) -> StoredSession | None:
    """The day's own session in the zone with the marks of these people, or None."""
    found = _read(session, and_(SessionRow.day == day.isoformat(), SessionRow.zone == zone), people)
    return found[0] if found else None


def numbered(session: Session, number: int) -> StoredSession | None:
    """The session of this number, or None."""
    found = _read(session, SessionRow.id == number)
    return found[0] if found else None


def all_sessions(session: Session) -> list[StoredSession]:
    """Every session, oldest first."""
    return _read(session, None)


def insert(
    session: Session, name: str, zone: str, opens: datetime, *, day: date | None = None, group_id: int | None = None
) -> StoredSession:
    """A new session, a day's own where `day` is given."""
    row = SessionRow(name=name, kind="named" if day is None else "day", opens=opens, zone=zone, group_id=group_id)
    row.day = None if day is None else day.isoformat()
    session.add(row)
    session.flush()
    group = None if group_id is None else session.get_one(Group, group_id).name
    return _session(row, group, [])


def close(session: Session, number: int, at: datetime) -> None:
    """No camera marks anybody in it from that instant on."""
    row = session.get_one(SessionRow, number)
    row.closes = at
    session.flush()


def closes_at(session: Session, number: int) -> datetime | None:
    """When the session was closed, None while it is open."""
    return session.scalars(select(SessionRow.closes).where(SessionRow.id == number)).one()


def _read(session: Session, which: Any, people: Collection[int] = ()) -> list[StoredSession]:
    """The sessions with their group and the marks of these people, in one statement."""
    of_them = and_(MarkRow.session_id == SessionRow.id, MarkRow.person_id.in_(people)) if people else false()
    query: Any = (
        select(SessionRow, Group.name, MarkRow)
        .outerjoin(Group, Group.id == SessionRow.group_id)
        .outerjoin(MarkRow, of_them)
        .order_by(SessionRow.opens, SessionRow.id)
    )
    found: dict[int, tuple[SessionRow, str | None, list[StoredMark]]] = {}
    for row, group, mark in session.execute(query if which is None else query.where(which)):
        *_, marks = found.setdefault(row.id, (row, group, []))
        if mark is not None:
            marks.append(marked(mark))
    return [_session(*parts) for parts in found.values()]


def _session(row: SessionRow, group: str | None, marks: list[StoredMark]) -> StoredSession:
    day = date.fromisoformat(row.day) if row.day else None
    return StoredSession(row.id, row.name, row.kind, day, row.zone, row.opens, row.closes, group, tuple(marks))
