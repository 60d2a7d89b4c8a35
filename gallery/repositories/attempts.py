"""How often a password or a PIN was tried in vain, so that a restart forgives nothing."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from gallery.repositories.upserts import inserting
from gallery.schema import AttemptRow
from gallery.servicevalues import Attempts


def of(session: Session, what: str) -> Attempts | None:
    """How often this was tried in vain, or None where it never was."""
    row = session.get(AttemptRow, what, populate_existing=True)
    return None if row is None else Attempts(row.failures, row.last)


def fail(session: Session, what: str, at: datetime) -> Attempts:
    """It was tried in vain once more: how often by now. One statement, so that no two tries count as one."""
    once = inserting(session, AttemptRow).values(what=what, failures=1, last=at)
    again = {"failures": AttemptRow.failures + 1, "last": at}
    counted = once.on_conflict_do_update(index_elements=[AttemptRow.what], set_=again)
    return Attempts(session.execute(counted.returning(AttemptRow.failures)).scalar_one(), at)


def forget(session: Session, what: str) -> None:
    """It succeeded, or somebody has forgiven it."""
    session.execute(delete(AttemptRow).where(AttemptRow.what == what))


def purge(session: Session, before: datetime) -> int:
    """Forget what was last tried before this instant; how many."""
    old = delete(AttemptRow).where(AttemptRow.last < before)
    return len(session.execute(old.returning(AttemptRow.what)).all())
