"""The append-only log: what was changed, by whom, when; written in the transaction of the change itself.

The subject is an internal id as text (a person's, a session's, a sighting's, a place's, a rule's, a calendar entry's,
an excuse's), a mark's id, or a month. Details hold internal ids, counts and codes, never a name, an external id or a
file name: whoever is removed must not live on here. Every mark has an event `mark.add` with its id as subject, every
correction one of its own, and so have excuses, calendar entries and what withdraws them. An approval has one whose
subject is the mark's id or "excuse N"; every version of a rule has one of the rule, every word on a month one of the
month. `gallery.verify` compares.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from gallery.repositories.batches import in_batches
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
PLACE_ADDED = "place.add"
PLACE_CHANGED = "place.change"
PLACE_RETIRED = "place.retire"
PLACE_RESTORED = "place.restore"
PLACE_REMOVED = "place.remove"
PERSON_EXPORTED = "person.export"
PERSON_GROUPS = "person.groups"
RULE_ADDED = "rule.add"
RULE_CHANGED = "rule.change"
RULE_ENDED = "rule.end"
CALENDAR_ADDED = "calendar.add"
CALENDAR_WITHDRAWN = "calendar.withdraw"
EXCUSE_ADDED = "excuse.add"
EXCUSE_WITHDRAWN = "excuse.withdraw"
APPROVED = "approval.grant"
REFUSED = "approval.refuse"
MONTH_CLOSED = "month.close"
MONTH_OPENED = "month.open"
COVERAGE_ADDED = "coverage.add"
OF_PEOPLE: Final = ("person", "template", "lookalike")
"""What the actions begin with whose subject is a person's internal id."""
NAMING: Final = ("person", "to", "from", "other")
"""The details that hold the internal id of a person."""


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
    return [_event(row) for row in session.scalars(query)]


def concerning(
    session: Session, keys: Collection[int], marks: Collection[str], sightings: Collection[int]
) -> list[Event]:
    """The log in order, as far as it is of a person of these internal ids, or of these marks and sightings."""
    subjects = sorted({*map(str, keys), *marks, *map(str, sightings)})
    text = type_coerce(EventRow.details, Text)
    told: list[Any] = [or_(*(text.like(f"%: {key}{end}%") for key in sorted(keys) for end in (",", "}")))]
    told += [EventRow.subject.in_(some) for some in in_batches(subjects)]
    rows = {row.seq: row for each in told for row in session.scalars(select(EventRow).where(each))}
    found = (_event(rows[seq]) for seq in sorted(rows))
    return [each for each in found if _concerns(each, keys, marks, sightings)]


def _concerns(event: Event, keys: Collection[int], marks: Collection[str], sightings: Collection[int]) -> bool:
    kind = event.action.partition(".")[0]
    subjects = {**dict.fromkeys(OF_PEOPLE, keys), "mark": marks, "sighting": sightings}.get(kind, ())
    return event.subject in set(map(str, subjects)) or any(event.details.get(name) in keys for name in NAMING)


def _event(row: EventRow) -> Event:
    return Event(row.seq, row.at, row.by, row.action, row.subject, row.details)


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
