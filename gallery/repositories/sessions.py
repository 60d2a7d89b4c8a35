"""What people are marked for: named sessions, and one of each day's own in its zone."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from gallery.repositories.consents import refusing
from gallery.repositories.marks import marked, with_state
from gallery.schema import Group, MarkRow, Person, SessionRow
from gallery.values import StoredMark, StoredSession


def named(session: Session, name: str, people: Collection[int] = (), at: datetime | None = None) -> list[StoredSession]:
    """Those of this name, oldest first, with the marks of these people; days in several zones share a name.

    Whoever does not agree at that instant that their face is known again is none of them.
    """
    return _read(session, SessionRow.name == name, people, at)


def of_day(
    session: Session, day: date, zone: str, people: Collection[int] = (), at: datetime | None = None
) -> StoredSession | None:
    """The day's own session in the zone with the marks of these people, as for `named`, or None."""
    found = _read(session, and_(SessionRow.day == day.isoformat(), SessionRow.zone == zone), people, at)
    return found[0] if found else None


def numbered(session: Session, number: int) -> StoredSession | None:
    """The session of this number, or None."""
    found = _read(session, SessionRow.id == number)
    return found[0] if found else None


def all_sessions(session: Session) -> list[StoredSession]:
    """Every session, oldest first."""
    return _read(session, None)


def named_within(session: Session, begin: datetime, end: datetime) -> list[StoredSession]:
    """The named ones that were open at an instant of begin <= t <= end, oldest first, without marks."""
    still = or_(SessionRow.closes.is_(None), SessionRow.closes > begin)
    return _read(session, and_(SessionRow.kind == "named", SessionRow.opens <= end, still))


def insert(
    session: Session,
    name: str,
    zone: str,
    opens: datetime,
    *,
    day: date | None = None,
    group_id: int | None = None,
    site: str | None = None,
) -> StoredSession:
    """A new session, a day's own where `day` is given."""
    row = SessionRow(name=name, kind="named" if day is None else "day", opens=opens, zone=zone, group_id=group_id)
    row.site = site
    row.day = None if day is None else day.isoformat()
    session.add(row)
    session.flush()
    group = None if group_id is None else session.get_one(Group, group_id).name
    return _session(_Found(row, group))


def close(session: Session, number: int, at: datetime) -> None:
    """No camera marks anybody in it from that instant on."""
    row = session.get_one(SessionRow, number)
    row.closes = at
    session.flush()


def closes_at(session: Session, number: int) -> datetime | None:
    """When the session was closed, None while it is open."""
    return session.scalars(select(SessionRow.closes).where(SessionRow.id == number)).one()


def _read(
    session: Session, which: Any, people: Collection[int] = (), at: datetime | None = None
) -> list[StoredSession]:
    """The sessions with their group, who of these people is enrolled, and their marks, in one statement."""
    of_them: Any = Person.id.in_(people) if people else false()
    if people and at is not None:
        of_them = and_(of_them, ~refusing(Person.id, "face", at))
    query: Any = (
        select(SessionRow, Group.name, Person.id, MarkRow)
        .outerjoin(Group, Group.id == SessionRow.group_id)
        .outerjoin(Person, of_them)
        .outerjoin(MarkRow, and_(MarkRow.session_id == SessionRow.id, MarkRow.person_id == Person.id))
        .order_by(SessionRow.opens, SessionRow.id, MarkRow.ordinal)
    )
    found: dict[int, _Found] = {}
    for row, group, person, *mark in session.execute(with_state(query if which is None else query.where(which))):
        each = found.setdefault(row.id, _Found(row, group))
        if person is not None:
            each.people.add(person)
        if mark[0] is not None:
            each.marks.append(marked(*mark))
    return [_session(each) for each in found.values()]


@dataclass(slots=True)
class _Found:
    row: SessionRow
    group: str | None
    people: set[int] = field(default_factory=set)
    marks: list[StoredMark] = field(default_factory=list)


def _session(found: _Found) -> StoredSession:
    row = found.row
    return StoredSession(
        id=row.id,
        name=row.name,
        kind=row.kind,
        day=date.fromisoformat(row.day) if row.day else None,
        zone=row.zone,
        opens=row.opens,
        closes=row.closes,
        group=found.group,
        marks=tuple(found.marks),
        people=frozenset(found.people),
        site=row.site,
    )
