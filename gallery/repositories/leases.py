"""What one process does alone for a while, such as watching a camera: taken, held on to, let go, and asked for.

Instants are those of the one clock that all who share the database go by. The row of a name stays when nobody holds
it, so that its epoch never falls back.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from gallery.leasevalues import Lease
from gallery.sitetables import LeaseRow


def take(session: Session, name: str, holder: str, *, now: datetime, lasts: timedelta) -> Lease | None:
    """Hold this name from now on, inside `atomic()`; None where somebody else holds it.

    Nobody holds it whose time is over, or would be over later than any that is taken now: then the clock was set back.
    """
    row = session.get(LeaseRow, name, populate_existing=True)
    if row is None:
        row = LeaseRow(name=name, holder=holder, epoch=1, taken=now, until=now + lasts)
        session.add(row)
    elif row.holder == holder:
        row.until = now + lasts
    elif now < row.until <= now + lasts:
        return None
    else:
        row.holder, row.epoch, row.taken, row.until = holder, row.epoch + 1, now, now + lasts
    session.flush()
    return _value(row)


def renew(session: Session, held: Collection[Lease], *, now: datetime, lasts: timedelta) -> set[str]:
    """Hold on to these, inside `atomic()`; returns the names of those that still stand.

    One whose time was over, and that nobody has taken meanwhile, stands again.
    """
    for each in held:
        session.execute(update(LeaseRow).where(*_this(each)).values(until=now + lasts))
    return {each.name for each in held if stands(session, each.name, each.holder, each.epoch)}


def release(session: Session, lease: Lease, *, now: datetime) -> None:
    """Let it go, so that the next need not wait; what is another's by now is left alone."""
    session.execute(update(LeaseRow).where(*_this(lease)).values(until=now))


def stands(session: Session, name: str, holder: str, epoch: int) -> bool:
    """Whether nobody has taken it since; true also where its time is over, as long as nobody has."""
    found = select(LeaseRow.name).where(LeaseRow.name == name, LeaseRow.holder == holder, LeaseRow.epoch == epoch)
    return session.scalar(found) is not None


def named(session: Session, name: str) -> Lease | None:
    """Who holds this name, or held it last; None where nobody ever did."""
    row = session.get(LeaseRow, name, populate_existing=True)
    return None if row is None else _value(row)


def all_leases(session: Session) -> list[Lease]:
    """Every one that was ever taken, by name; those whose ``until`` lies behind are nobody's."""
    return [_value(row) for row in session.scalars(select(LeaseRow).order_by(LeaseRow.name))]


def _this(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return LeaseRow.name == lease.name, LeaseRow.holder == lease.holder, LeaseRow.epoch == lease.epoch


def _value(row: LeaseRow) -> Lease:
    return Lease(row.name, row.holder, row.epoch, row.taken, row.until)
