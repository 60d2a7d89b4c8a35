"""The append-only log: what was changed, by whom, when; written in the transaction of the change itself.

The subject is an internal id as text (a person's, a session's, a sighting's) or a mark's id. Details hold internal
ids, counts and codes, never a name, an external id or a file name: whoever is removed must not live on here. Every
mark has an event `mark.add` with its id as subject, every correction one of its own; `gallery.verify` compares.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gallery.schema import EventRow
from gallery.values import Event

MARK_ADDED = "mark.add"
MARK_VOIDED = "mark.void"
MARK_RESTORED = "mark.restore"
SIGHTING_CONFIRMED = "sighting.confirm"
SIGHTING_REASSIGNED = "sighting.reassign"
SIGHTING_DISMISSED = "sighting.dismiss"
SIGHTING_PURGED = "sighting.purge"
LOOKALIKE_ADDED = "lookalike.add"
LOOKALIKE_CLEARED = "lookalike.clear"
PERSON_ACTIVE = "person.active"


def record(
    session: Session,
    *,
    at: datetime,
    by: str,
    action: str,
    subject: int | str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append an event to the transaction of `session`."""
    session.add(EventRow(at=at, by=by, action=action, subject=str(subject), details=dict(details or {})))
    session.flush()


def history(session: Session, *, subject: int | str | None = None, action: str | None = None) -> list[Event]:
    """The log in order, all of it or what concerns one subject or one action."""
    query = select(EventRow).order_by(EventRow.seq)
    if subject is not None:
        query = query.where(EventRow.subject == str(subject))
    if action is not None:
        query = query.where(EventRow.action == action)
    return [Event(row.seq, row.at, row.by, row.action, row.subject, row.details) for row in session.scalars(query)]


def times(session: Session, action: str) -> dict[str, list[datetime]]:
    """When this was done, by subject, in order."""
    found: dict[str, list[datetime]] = {}
    query = select(EventRow.subject, EventRow.at).where(EventRow.action == action).order_by(EventRow.seq)
    for subject, at in session.execute(query):
        found.setdefault(subject, []).append(at)
    return found


def newest(session: Session) -> datetime | None:
    """The latest instant of the log, or None where it is empty."""
    return session.scalar(select(func.max(EventRow.at)))
