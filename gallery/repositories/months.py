"""Months that were closed, and opened again: every word is kept, the latest counts."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.repositories.events import MONTH_CLOSED, MONTH_OPENED, Told, lacking
from gallery.schema import MonthRow
from gallery.timetablevalues import MonthState


def states(session: Session) -> dict[str, MonthState]:
    """The latest word on each month ("2026-11") that anything was said of, in order of the months."""
    return {each.month: each for each in sorted(history(session), key=lambda each: each.month)}


def history(session: Session) -> list[MonthState]:
    """Every word, in the order in which they were said."""
    return [_state(row) for row in session.scalars(select(MonthRow).order_by(MonthRow.id))]


def add(
    session: Session, month: str, *, closed: bool, at: datetime, by: str, reason: str, digest: str | None = None
) -> MonthState:
    """Close a month, with the SHA-256 of its statuses, or open it again."""
    row = MonthRow(month=month, closed=closed, digest=digest, at=at, by=by, reason=reason)
    session.add(row)
    session.flush()
    return _state(row)


def unrecorded(session: Session) -> list[Told]:
    """Action and subject of the events that should tell of these words, and are not there."""
    due = [((MONTH_CLOSED if each.closed else MONTH_OPENED, each.month), each.at) for each in history(session)]
    return lacking(session, due)


def _state(row: MonthRow) -> MonthState:
    return MonthState(row.month, row.closed, row.digest, row.at, row.by, row.reason)
