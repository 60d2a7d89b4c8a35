"""When people need not be there, and why: appended, approved where that is asked for, and taken back."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.repositories.batches import in_batches
from gallery.repositories.events import EXCUSE_ADDED, EXCUSE_WITHDRAWN, Told, lacking
from gallery.repositories.verdicts import approved_by, withdrawn_by
from gallery.schema import ApprovalRow, ExcuseRow, WithdrawalRow
from gallery.timetablevalues import StoredExcuse


def of(
    session: Session,
    people: Collection[int] | None = None,
    *,
    within: tuple[datetime, datetime] | None = None,
    withdrawn: bool = False,
) -> list[StoredExcuse]:
    """Those of these people (None: all), by their beginning; with ``withdrawn`` also those that were taken back.

    ``within`` leaves those that have an instant in begin <= t < end.
    """
    query = _query()
    if not withdrawn:
        query = query.where(WithdrawalRow.id.is_(None))
    if within is not None:
        query = query.where(ExcuseRow.begins < within[1], ExcuseRow.ends > within[0])
    if people is None:
        return _read(session, query)
    found = [
        each
        for some in in_batches(sorted(people))
        for each in _read(session, query.where(ExcuseRow.person_id.in_(some)))
    ]
    return sorted(found, key=lambda each: (each.begins, each.id))


def numbered(session: Session, number: int) -> StoredExcuse | None:
    """The excuse of this number, withdrawn or not, or None."""
    return next(iter(_read(session, _query().where(ExcuseRow.id == number))), None)


def waiting(session: Session) -> list[StoredExcuse]:
    """Those that somebody is still to look at, in the order in which they were entered."""
    query = _query().where(ExcuseRow.awaits, ApprovalRow.id.is_(None), WithdrawalRow.id.is_(None))
    return sorted(_read(session, query), key=lambda each: each.id)


def insert(
    session: Session,
    person: int,
    begins: datetime,
    ends: datetime,
    *,
    reason: str,
    at: datetime,
    by: str,
    document: str | None = None,
    awaits: bool = False,
) -> StoredExcuse:
    """Append an excuse; ``document`` is the SHA-256 of one. Conflict where it does not end after it begins."""
    row = ExcuseRow(person_id=person, begins=begins, ends=ends, reason=reason, entered=at, by=by, awaits=awaits)
    row.document_sha256 = document
    session.add(row)
    session.flush()
    return _excuse(row, None, None)


def withdraw(session: Session, number: int, *, at: datetime, by: str, reason: str) -> None:
    """Take an excuse back; Conflict where that was done before."""
    session.add(WithdrawalRow(excuse_id=number, at=at, by=by, reason=reason))
    session.flush()


def unrecorded(session: Session) -> list[Told]:
    """Action and subject of the events that should tell of excuses and withdrawals, and are not there."""
    taken_back = WithdrawalRow.excuse_id
    entered = select(ExcuseRow.id, ExcuseRow.entered).order_by(ExcuseRow.id)
    withdrawn = select(taken_back, WithdrawalRow.at).where(taken_back.is_not(None)).order_by(WithdrawalRow.id)
    due = [((EXCUSE_ADDED, str(each)), at) for each, at in session.execute(entered)]
    return lacking(session, [*due, *(((EXCUSE_WITHDRAWN, str(each)), at) for each, at in session.execute(withdrawn))])


def _query() -> Any:
    return (
        select(ExcuseRow, ApprovalRow, WithdrawalRow)
        .outerjoin(ApprovalRow, ApprovalRow.excuse_id == ExcuseRow.id)
        .outerjoin(WithdrawalRow, WithdrawalRow.excuse_id == ExcuseRow.id)
        .order_by(ExcuseRow.begins, ExcuseRow.id)
    )


def _read(session: Session, query: Any) -> list[StoredExcuse]:
    return [_excuse(*row) for row in session.execute(query)]


def _excuse(row: ExcuseRow, approval: ApprovalRow | None, withdrawal: WithdrawalRow | None) -> StoredExcuse:
    return StoredExcuse(
        id=row.id,
        person=row.person_id,
        begins=row.begins,
        ends=row.ends,
        reason=row.reason,
        document=row.document_sha256,
        awaits=row.awaits,
        entered=row.entered,
        by=row.by,
        approval=approved_by(approval),
        withdrawn=withdrawn_by(withdrawal),
    )
