"""What people are marked for: named sessions, and one of each day's own in its zone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import and_, bindparam, exists, false, or_, select, true
from sqlalchemy.orm import Session

from gallery import sending
from gallery.repositories import firstmarks
from gallery.repositories.consents import refusing
from gallery.repositories.marks import marked, with_state
from gallery.schema import Group, MarkRow, Person, SessionRow
from gallery.sending import Question
from gallery.values import StoredMark, StoredSession

_WHICH: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "all": true(),
        "name": SessionRow.name == bindparam("name"),
        "day": and_(SessionRow.day == bindparam("day"), SessionRow.zone == bindparam("zone")),
        "number": SessionRow.id == bindparam("number"),
        "within": and_(
            SessionRow.kind == "named",
            SessionRow.opens <= bindparam("end"),
            or_(SessionRow.closes.is_(None), SessionRow.closes > bindparam("begin")),
        ),
    }
)
"""Of which sessions a statement is."""


_FIRST: Final = ("id", "name", "kind", "day", "zone", "opens", "closes", "site")
_INSTANT: Final = SessionRow.opens.type


def named(session: Session, name: str, people: Collection[int] = (), at: datetime | None = None) -> list[StoredSession]:
    """Those of this name, oldest first, with the marks of these people; days in several zones share a name.

    Whoever does not agree at that instant that their face is known again is none of them.
    """
    return _read(session, "name", people, at, name=name)


def of_day(
    session: Session, day: date, zone: str, people: Collection[int] = (), at: datetime | None = None
) -> StoredSession | None:
    """The day's own session in the zone with the marks of these people, as for `named`, or None."""
    found = _read(session, "day", people, at, day=day.isoformat(), zone=zone)
    return found[0] if found else None


def named_ahead(name: str, person: int, at: datetime) -> Question:
    """What `named` of one person asks first, for the beginning of a step; see `gallery.sending.told`."""
    return _first("name"), {"name": name, "person": person, "asked": at}


def of_day_ahead(day: date, zone: str, person: int, at: datetime) -> Question:
    """As `named_ahead`, for `of_day`."""
    return _first("day"), {"day": day.isoformat(), "zone": zone, "person": person, "asked": at}


def numbered(session: Session, number: int) -> StoredSession | None:
    """The session of this number, or None."""
    found = _read(session, "number", number=number)
    return found[0] if found else None


def all_sessions(session: Session) -> list[StoredSession]:
    """Every session, oldest first."""
    return _read(session, "all")


def named_within(session: Session, begin: datetime, end: datetime) -> list[StoredSession]:
    """The named ones that were open at an instant of begin <= t <= end, oldest first, without marks."""
    return _read(session, "within", begin=begin, end=end)


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
    session: Session, which: str, people: Collection[int] = (), at: datetime | None = None, **given: Any
) -> list[StoredSession]:
    """The sessions with their group, who of these people is enrolled, and their marks, in one statement."""
    if len(people) == 1 and at is not None:
        told = {**given, "person": next(iter(people)), "asked": at}
        first = sending.told(session, _first(which), told)
        if first is not None:
            return [_told(session, row) for row in first]
    query = _reading(which, people=bool(people), asked=bool(people) and at is not None)
    told = {**given, **({"people": list(people), "asked": at} if people else {})}
    found: dict[int, _Found] = {}
    for row, group, person, *mark in session.execute(query, told):
        each = found.setdefault(row.id, _Found(row, group))
        if person is not None:
            each.people.add(person)
        if mark[0] is not None:
            each.marks.append(marked(*mark))
    return [_session(each) for each in found.values()]


@cache
def _first(which: str) -> Any:
    """The sessions with their group, whether one person is enrolled, and whether they have any mark there.

    As seldom has anybody any, it is short; `_read` has the marks.
    """
    made = exists().where(MarkRow.session_id == SessionRow.id, MarkRow.person_id == bindparam("person"))
    enrolled = and_(Person.id == bindparam("person"), ~refusing(Person.id, "face", bindparam("asked", type_=_INSTANT)))
    return (
        select(*(getattr(SessionRow, name) for name in _FIRST), Group.name, Person.id, made)
        .outerjoin(Group, Group.id == SessionRow.group_id)
        .outerjoin(Person, enrolled)
        .where(_WHICH[which])
        .order_by(SessionRow.opens, SessionRow.id)
    )


def _told(session: Session, row: Sequence[Any]) -> StoredSession:
    """A session as `_first` tells it."""
    number, name, kind, day, zone, opens, closes, site, group, person, any_mark = row
    on = date.fromisoformat(day) if day else None
    if person is None:
        return StoredSession(number, name, kind, on, zone, opens, closes, group, site=site)
    marks = tuple(firstmarks.of(session, person, number)) if any_mark else ()
    return StoredSession(number, name, kind, on, zone, opens, closes, group, marks, frozenset((person,)), site)


@cache
def _reading(which: str, *, people: bool, asked: bool) -> Any:
    """The statement of `_read`, made once: every mark needs it, and to put it together takes longer than to have it."""
    of_them: Any = Person.id.in_(bindparam("people", expanding=True)) if people else false()
    if asked:
        of_them = and_(of_them, ~refusing(Person.id, "face", bindparam("asked")))
    query: Any = (
        select(SessionRow, Group.name, Person.id, MarkRow)
        .outerjoin(Group, Group.id == SessionRow.group_id)
        .outerjoin(Person, of_them)
        .outerjoin(MarkRow, and_(MarkRow.session_id == SessionRow.id, MarkRow.person_id == Person.id))
        .where(_WHICH[which])
        .order_by(SessionRow.opens, SessionRow.id, MarkRow.ordinal)
    )
    return with_state(query)


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
