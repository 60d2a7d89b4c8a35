"""What somebody has said of a mark or a sighting afterwards: appended, never changed."""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import String, and_, cast, exists, select
from sqlalchemy.orm import Session

from gallery.repositories import chain, news, places
from gallery.repositories.batches import in_batches
from gallery.repositories.events import (
    MARK_RESTORED,
    MARK_VOIDED,
    SIGHTING_CONFIRMED,
    SIGHTING_DISMISSED,
    SIGHTING_REASSIGNED,
    SIGHTING_REOPENED,
)
from gallery.schema import CorrectionRow, EventRow, MarkRow, PlaceRow, SightingRow
from gallery.values import Correction, CorrectionKind

TOLD_BY: Final[Mapping[CorrectionKind, str]] = MappingProxyType(
    {
        "void": MARK_VOIDED,
        "restore": MARK_RESTORED,
        "confirm": SIGHTING_CONFIRMED,
        "reassign": SIGHTING_REASSIGNED,
        "dismiss": SIGHTING_DISMISSED,
    }
)
"""The action of the event that each kind has beside it; its subject is the mark's or the sighting's id.

To restore a sighting is to take back what was said of it: it waits again. Its action is `SIGHTING_REOPENED`.
"""
_OF_MARKS: Final = frozenset({"void", "restore"})
_NEWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "void": news.MARK_VOIDED,
        "restore": news.MARK_RESTORED,
        **dict.fromkeys(("confirm", "reassign", "dismiss"), news.REVIEW_SETTLED),
    }
)


def add(
    session: Session,
    kind: CorrectionKind,
    *,
    at: datetime,
    by: str,
    reason: str,
    mark: str | None = None,
    sighting: int | None = None,
    person: int | None = None,
) -> Correction:
    """Append one, of a mark or of a sighting; there are news of it."""
    row = CorrectionRow(kind=kind, mark_id=mark, sighting_id=sighting, person_id=person, at=at, by=by, reason=reason)
    session.add(row)
    session.flush()
    news.add(session, _news(session, row))
    return corrected(row)


def _news(session: Session, row: CorrectionRow) -> list[news.New]:
    """What receivers are told of it: of whom it is now, and where they were seen."""
    kind = news.REVIEW_WAITING if row.kind == "restore" and row.mark_id is None else _NEWS.get(row.kind)
    if kind is None:
        return []
    person, place = _of_mark(session, row.mark_id) if row.mark_id else _of_sighting(session, row.sighting_id)
    return [news.New(row.at, kind, row.mark_id or str(row.sighting_id), row.person_id or person, place)]


def _of_mark(session: Session, mark: str) -> tuple[int | None, int | None]:
    """Whose it is, and where: where they were seen, or the kiosk at which they showed something else than a face."""
    query = select(MarkRow.person_id, SightingRow.place_id, MarkRow.details).where(MarkRow.id == mark)
    found = session.execute(query.outerjoin(SightingRow, SightingRow.id == MarkRow.sighting_id)).one()
    person, place, told = found[0], found[1], places.told_in(found[2])
    if place is None and told is not None:
        place = session.scalar(select(PlaceRow.id).where(PlaceRow.id == told))
    return person, place


def _of_sighting(session: Session, number: int | None) -> tuple[int | None, int | None]:
    query = select(SightingRow.person_id, SightingRow.place_id).where(SightingRow.id == number)
    person, place = session.execute(query).one()
    return person, place


def of_sighting(session: Session, number: int) -> list[Correction]:
    """What was said of a sighting, in order."""
    query = select(CorrectionRow).where(CorrectionRow.sighting_id == number).order_by(CorrectionRow.id)
    return [corrected(row) for row in session.scalars(query)]


def of_mark(session: Session, mark: str) -> list[Correction]:
    """What was said of a mark, in order."""
    query = select(CorrectionRow).where(CorrectionRow.mark_id == mark).order_by(CorrectionRow.id)
    return [corrected(row) for row in session.scalars(query)]


def about(session: Session, marks: Collection[str], sightings: Collection[int]) -> list[Correction]:
    """What was said of any of these marks and sightings, in order."""
    found: list[Correction] = []
    for column, wanted in ((CorrectionRow.mark_id, sorted(marks)), (CorrectionRow.sighting_id, sorted(sightings))):
        for some in in_batches(wanted):
            query = select(CorrectionRow).where(column.in_(some))
            found += [corrected(row) for row in session.scalars(query)]
    return sorted(found, key=lambda each: each.id)


def unrecorded(session: Session) -> list[tuple[str, str]]:
    """Action and subject of the events that should tell of corrections, and are not there."""
    found: list[tuple[str, str]] = []
    since = CorrectionRow.at >= chain.purged_before(session)
    for kind, action in (*TOLD_BY.items(), ("restore", SIGHTING_REOPENED)):
        of_mark = kind in _OF_MARKS and action != SIGHTING_REOPENED
        subject = CorrectionRow.mark_id if of_mark else cast(CorrectionRow.sighting_id, String)
        told = exists().where(and_(EventRow.action == action, EventRow.subject == subject))
        query = select(subject).where(CorrectionRow.kind == kind, subject.is_not(None), ~told, since)
        query = query.order_by(CorrectionRow.id)
        found += [(action, str(each)) for each in dict.fromkeys(session.scalars(query))]
    return found


def corrected(row: CorrectionRow) -> Correction:
    """What the row says."""
    return Correction(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]
        at=row.at,
        by=row.by,
        reason=row.reason,
        mark=row.mark_id,
        sighting=row.sighting_id,
        person=row.person_id,
    )
