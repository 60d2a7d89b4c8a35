"""Who was there: marks are appended, and a correction says which of them are void."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Select, and_, exists, false, func, insert, literal, or_, select
from sqlalchemy.orm import Session, aliased

from gallery.repositories.corrections import corrected
from gallery.repositories.events import MARK_ADDED
from gallery.schema import CorrectionRow, EventRow, Instant, JsonText, MarkRow, Person, SessionRow, SightingRow
from gallery.values import Method, StoredMark

_VOID, _RESTORE = "void", "restore"
_COLUMNS = (
    "id",
    "person_id",
    "session_id",
    "ordinal",
    "at",
    "time_known",
    "entered",
    "by",
    "method",
    "sighting_id",
    "details",
)


def is_void() -> Any:
    """The correction that makes `MarkRow` void: the latest of those that void or restore it, if it voids."""
    later = aliased(CorrectionRow)
    latest = select(func.max(later.id)).where(later.mark_id == MarkRow.id, later.kind.in_((_VOID, _RESTORE)))
    return and_(CorrectionRow.id == latest.correlate(MarkRow).scalar_subquery(), CorrectionRow.kind == _VOID)


def valid() -> Any:
    """Whether `MarkRow` is not void."""
    return ~exists().where(is_void()).correlate(MarkRow)


def with_state(query: Any) -> Any:
    """A query of `MarkRow` with the means of its sighting and the correction that makes it void, if any."""
    return (
        query.add_columns(SightingRow.means, CorrectionRow)
        .outerjoin(SightingRow, SightingRow.id == MarkRow.sighting_id)
        .outerjoin(CorrectionRow, is_void())
    )


def _read(session: Session, query: Select[Any]) -> list[StoredMark]:
    return [marked(*row) for row in session.execute(with_state(query))]


def of(session: Session, person: int, session_id: int) -> list[StoredMark]:
    """The person's marks in the session, void ones too, in the order in which they were made."""
    query = select(MarkRow).where(MarkRow.person_id == person, MarkRow.session_id == session_id)
    return _read(session, query.order_by(MarkRow.ordinal))


def of_session(session: Session, session_id: int) -> list[StoredMark]:
    """All marks of a session, void ones too, in order of time."""
    query = select(MarkRow).where(MarkRow.session_id == session_id)
    return _read(session, query.order_by(MarkRow.at, MarkRow.ordinal, MarkRow.id))


def of_person(session: Session, person: int) -> list[StoredMark]:
    """All marks of a person, void ones too, in order of time."""
    query = select(MarkRow).where(MarkRow.person_id == person)
    return _read(session, query.order_by(MarkRow.at, MarkRow.ordinal, MarkRow.id))


def add(
    session: Session,
    person: int,
    session_id: int,
    *,
    at: datetime,
    entered: datetime,
    by: str,
    method: Method,
    sighting: int | None = None,
    details: Mapping[str, Any] | None = None,
    time_known: bool = True,
    open_at: datetime | None = None,
    unless: Literal["any", "valid", "none"] = "any",
) -> StoredMark | None:
    """The new mark; None where one of the person in the session stands in its way, or they are gone, or it is closed.

    In its way stands any mark, a valid one, or none. The session was closed where it is so at ``open_at``; with None
    a closed one takes it, too. One statement: it asks and writes at once.
    """
    new = StoredMark(
        uuid4().hex, person, session_id, 1, at, time_known, entered, by, method, sighting, dict(details or {})
    )
    theirs = and_(MarkRow.person_id == person, MarkRow.session_id == session_id)
    in_the_way = {"any": exists().where(theirs), "valid": exists().where(theirs, valid()), "none": false()}[unless]
    ordinal = select(func.coalesce(func.max(MarkRow.ordinal), 0) + 1).where(theirs).scalar_subquery()
    allowed = (
        select(
            literal(new.id),
            Person.id,
            SessionRow.id,
            ordinal,
            literal(at, Instant()),
            literal(time_known),
            literal(entered, Instant()),
            literal(by),
            literal(method),
            literal(sighting, MarkRow.sighting_id.type),
            literal(new.details, JsonText()),
        )
        .select_from(SessionRow)
        .join(Person, Person.id == person)
        .where(SessionRow.id == session_id, ~in_the_way)
    )
    if open_at is not None:
        allowed = allowed.where(or_(SessionRow.closes.is_(None), SessionRow.closes > open_at))
    query: Any = insert(MarkRow).from_select(list(_COLUMNS), allowed, include_defaults=False)
    made = session.execute(query.returning(MarkRow.ordinal)).all()
    return replace(new, ordinal=made[0][0]) if made else None


def by_id(session: Session, mark: str) -> StoredMark | None:
    """The mark of this id, or None."""
    return next(iter(_read(session, select(MarkRow).where(MarkRow.id == mark))), None)


def unrecorded(session: Session) -> list[str]:
    """The ids of marks that no event tells of."""
    told = select(EventRow.subject).where(EventRow.action == MARK_ADDED)
    return list(session.scalars(select(MarkRow.id).where(MarkRow.id.not_in(told)).order_by(MarkRow.id)))


def of_others(session: Session) -> list[tuple[str, str, str]]:
    """Id, external id and session of valid marks whose sighting names somebody else, and nobody reassigned it."""
    told = exists().where(CorrectionRow.sighting_id == SightingRow.id, CorrectionRow.person_id == MarkRow.person_id)
    query = (
        select(MarkRow.id, Person.external_id, SessionRow.name)
        .join(SightingRow, SightingRow.id == MarkRow.sighting_id)
        .join(Person, Person.id == MarkRow.person_id)
        .join(SessionRow, SessionRow.id == MarkRow.session_id)
        .where(SightingRow.person_id.is_distinct_from(MarkRow.person_id), ~told, valid())
    )
    return [(mark, person, name) for mark, person, name in session.execute(query.order_by(MarkRow.id))]


def marked(row: MarkRow, means: str | None, void: CorrectionRow | None) -> StoredMark:
    """What the row says, with the means of its sighting and the correction that makes it void."""
    return StoredMark(
        id=row.id,
        person=row.person_id,
        session=row.session_id,
        ordinal=row.ordinal,
        at=row.at,
        time_is_known=row.time_known,
        entered=row.entered,
        by=row.by,
        method=row.method,  # type: ignore[arg-type]
        sighting=row.sighting_id,
        details=row.details,
        direction=row.direction,
        means=means,
        voided=None if void is None else corrected(void),
    )
