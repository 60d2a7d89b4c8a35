"""Days on which the site is closed, open all the same, or in term: appended, and taken back by a withdrawal."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.repositories.events import CALENDAR_ADDED, CALENDAR_WITHDRAWN, Told, lacking
from gallery.repositories.groups import is_there
from gallery.repositories.verdicts import withdrawn_by
from gallery.schema import CalendarEntryRow, Group, WithdrawalRow
from gallery.timetablevalues import CalendarDays, CalendarKind


def entries(session: Session, *, withdrawn: bool = False) -> list[CalendarDays]:
    """Those that hold, by their first day; with ``withdrawn`` also those that were taken back."""
    query = (
        select(CalendarEntryRow, Group.name, WithdrawalRow)
        .outerjoin(Group, Group.id == CalendarEntryRow.group_id)
        .outerjoin(WithdrawalRow, WithdrawalRow.calendar_entry_id == CalendarEntryRow.id)
        .where(is_there(CalendarEntryRow.group_id))
        .order_by(CalendarEntryRow.first_day, CalendarEntryRow.last_day, CalendarEntryRow.id)
    )
    query = query if withdrawn else query.where(WithdrawalRow.id.is_(None))
    return [_days(*row) for row in session.execute(query)]


def insert(
    session: Session,
    kind: CalendarKind,
    first: date,
    last: date,
    *,
    name: str,
    source: str,
    at: datetime,
    by: str,
    site: str | None = None,
    group_id: int | None = None,
) -> CalendarDays:
    """Append an entry of the days from ``first`` to ``last``; Conflict where they stand the other way round."""
    row = CalendarEntryRow(kind=kind, first_day=first.isoformat(), last_day=last.isoformat(), name=name, by=by)
    row.source, row.site, row.group_id, row.entered = source, site, group_id, at
    session.add(row)
    session.flush()
    return _days(row, None if group_id is None else session.get_one(Group, group_id).name, None)


def withdraw(session: Session, entry: int, *, at: datetime, by: str, reason: str) -> None:
    """Take an entry back; Conflict where that was done before."""
    session.add(WithdrawalRow(calendar_entry_id=entry, at=at, by=by, reason=reason))
    session.flush()


def unrecorded(session: Session) -> list[Told]:
    """Action and subject of the events that should tell of entries and withdrawals, and are not there."""
    taken_back = WithdrawalRow.calendar_entry_id
    entered = select(CalendarEntryRow.id, CalendarEntryRow.entered).order_by(CalendarEntryRow.id)
    withdrawn = select(taken_back, WithdrawalRow.at).where(taken_back.is_not(None)).order_by(WithdrawalRow.id)
    due = [((CALENDAR_ADDED, str(each)), at) for each, at in session.execute(entered)]
    return lacking(session, [*due, *(((CALENDAR_WITHDRAWN, str(each)), at) for each, at in session.execute(withdrawn))])


def _days(row: CalendarEntryRow, group: str | None, withdrawal: WithdrawalRow | None) -> CalendarDays:
    return CalendarDays(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]
        first=date.fromisoformat(row.first_day),
        last=date.fromisoformat(row.last_day),
        name=row.name,
        source=row.source,
        site=row.site,
        group=group,
        entered=row.entered,
        by=row.by,
        withdrawn=withdrawn_by(withdrawal),
    )
