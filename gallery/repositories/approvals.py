"""What a second person has said of a mark by hand or an excuse that waited for it: once, and for ever."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.repositories import excuses, marks
from gallery.repositories.batches import in_batches
from gallery.repositories.events import APPROVED, REFUSED, Told, excuse_subject, lacking
from gallery.repositories.verdicts import approved_by
from gallery.schema import ApprovalRow
from gallery.timetablevalues import StoredExcuse
from gallery.values import Approval, StoredMark


def add(
    session: Session,
    *,
    granted: bool,
    at: datetime,
    by: str,
    reason: str,
    mark: str | None = None,
    excuse: int | None = None,
) -> Approval:
    """Append one, of a mark or of an excuse; Conflict where somebody has looked at it before."""
    row = ApprovalRow(granted=granted, mark_id=mark, excuse_id=excuse, at=at, by=by, reason=reason)
    session.add(row)
    session.flush()
    return Approval(row.id, granted, at, by, reason, mark, excuse)


def of_marks(session: Session, ids: Collection[str]) -> dict[str, Approval]:
    """What was said of these marks, by mark; one that nobody has looked at is left out."""
    found = dict[str, Approval]()
    for some in in_batches(sorted(ids)):
        said = map(approved_by, session.scalars(select(ApprovalRow).where(ApprovalRow.mark_id.in_(some))))
        found |= {each.mark: each for each in said if each is not None and each.mark is not None}
    return found


def waiting_marks(session: Session) -> list[StoredMark]:
    """The valid marks that somebody is still to look at, in order of time."""
    return marks.waiting(session)


def waiting_excuses(session: Session) -> list[StoredExcuse]:
    """The excuses that somebody is still to look at, in the order in which they were entered."""
    return excuses.waiting(session)


def unrecorded(session: Session) -> list[Told]:
    """Action and subject of the events that should tell of approvals, and are not there."""
    query = select(ApprovalRow.granted, ApprovalRow.mark_id, ApprovalRow.excuse_id, ApprovalRow.at)
    return lacking(
        session,
        [
            ((APPROVED if granted else REFUSED, str(mark) if excuse is None else excuse_subject(excuse)), at)
            for granted, mark, excuse, at in session.execute(query.order_by(ApprovalRow.id))
        ],
    )
