"""Who was there: one mark a person and session."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import exists, insert, literal, or_, select
from sqlalchemy.orm import Session

from gallery.repositories.events import MARK_VOIDED
from gallery.schema import EventRow, Instant, JsonText, MarkRow, Person, SessionRow
from gallery.values import StoredMark


def of(session: Session, person: int, session_id: int) -> StoredMark | None:
    """The person's mark in the session, valid or void, or None."""
    query = select(MarkRow).where(MarkRow.person_id == person, MarkRow.session_id == session_id)
    row = session.scalars(query).one_or_none()
    return None if row is None else marked(row)


def of_session(session: Session, session_id: int) -> list[StoredMark]:
    """All marks of a session, void ones too, in order of time."""
    query = select(MarkRow).where(MarkRow.session_id == session_id).order_by(MarkRow.at, MarkRow.id)
    return [marked(row) for row in session.scalars(query)]


def add(
    session: Session,
    person: int,
    session_id: int,
    *,
    at: datetime,
    how: str,
    evidence: Mapping[str, Any],
    open_at: datetime | None,
) -> StoredMark | None:
    """The new mark; None where the person has one in the session or is gone, or the session was closed at ``open_at``.

    With None for ``open_at`` a closed session takes it, too. One statement: it asks and writes at once.
    """
    new = StoredMark(uuid4().hex, person, session_id, at, how, dict(evidence))
    there = exists().where(MarkRow.person_id == person, MarkRow.session_id == session_id)
    allowed = (
        select(
            literal(new.id),
            Person.id,
            SessionRow.id,
            literal(at, Instant()),
            literal(how),
            literal(dict(evidence), JsonText()),
        )
        .select_from(SessionRow)
        .join(Person, Person.id == person)
        .where(SessionRow.id == session_id, ~there)
    )
    if open_at is not None:
        allowed = allowed.where(or_(SessionRow.closes.is_(None), SessionRow.closes > open_at))
    columns = ["id", "person_id", "session_id", "at", "how", "evidence"]
    done: Any = session.execute(insert(MarkRow).from_select(columns, allowed, include_defaults=False))
    return new if done.rowcount else None


def void(session: Session, mark: str, *, at: datetime, by: str, reason: str) -> StoredMark:
    """Declare it wrong; the row stays."""
    row = session.get_one(MarkRow, mark)
    row.voided_at, row.voided_by, row.void_reason = at, by, reason
    session.flush()
    return marked(row)


def restore(session: Session, mark: str, *, at: datetime, how: str, evidence: Mapping[str, Any]) -> StoredMark:
    """Make a void mark valid again, of this instant and with this evidence."""
    row = session.get_one(MarkRow, mark)
    row.at, row.how, row.evidence = at, how, dict(evidence)
    row.voided_at = row.voided_by = row.void_reason = None
    session.flush()
    return marked(row)


def unrecorded(session: Session, action: str) -> list[str]:
    """The ids of marks that no event of this action tells of: of all, or with `MARK_VOIDED` of the void ones."""
    told = select(EventRow.subject).where(EventRow.action == action)
    query = select(MarkRow.id).where(MarkRow.id.not_in(told)).order_by(MarkRow.id)
    if action == MARK_VOIDED:
        query = query.where(MarkRow.voided_at.is_not(None))
    return list(session.scalars(query))


def marked(row: MarkRow) -> StoredMark:
    """What the row says."""
    return StoredMark(
        row.id,
        row.person_id,
        row.session_id,
        row.at,
        row.how,
        row.evidence,
        row.voided_at,
        row.void_reason,
        row.voided_by,
    )
