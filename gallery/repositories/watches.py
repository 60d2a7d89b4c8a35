"""Cameras that are watched whenever the service runs, so that a restart goes on with them."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gallery.servicetables import WatchRow
from gallery.servicevalues import Watch


def all_watches(session: Session) -> list[Watch]:
    """Every one, by the number of its place."""
    rows = session.scalars(select(WatchRow).order_by(WatchRow.place_id))
    return [Watch(row.place_id, row.session, row.at, row.by) for row in rows]


def put(transaction: Session, place: int, *, session: str | None, at: datetime, by: str) -> None:
    """Watch this camera, for the session of this name or the day's own; said again it is for the one said last."""
    transaction.merge(WatchRow(place_id=place, session=session, at=at, by=by))
    transaction.flush()


def remove(session: Session, place: int) -> None:
    """Watch this camera no more; it may not have been watched."""
    session.execute(delete(WatchRow).where(WatchRow.place_id == place))
