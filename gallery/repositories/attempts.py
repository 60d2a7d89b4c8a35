"""How often a password or a PIN was tried in vain, so that a restart forgives nothing."""

from datetime import datetime

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from gallery.servicetables import AttemptRow
from gallery.servicevalues import Attempts


def of(session: Session, what: str) -> Attempts | None:
    """How often this was tried in vain, or None where it never was."""
    row = session.get(AttemptRow, what, populate_existing=True)
    return None if row is None else Attempts(row.failures, row.last)


def fail(session: Session, what: str, at: datetime) -> Attempts:
    """It was tried in vain once more: how often by now. The database counts, so that no two tries count as one."""
    again = update(AttemptRow).where(AttemptRow.what == what).values(failures=AttemptRow.failures + 1, last=at)
    counted = again.returning(AttemptRow.failures).execution_options(synchronize_session=False)
    failures = session.scalar(counted)
    if failures is None:
        session.execute(insert(AttemptRow).values(what=what, failures=1, last=at))
    return Attempts(failures or 1, at)


def forget(session: Session, what: str) -> None:
    """It succeeded, or somebody has forgiven it."""
    session.execute(delete(AttemptRow).where(AttemptRow.what == what))


def purge(session: Session, before: datetime) -> int:
    """Forget what was last tried before this instant; how many."""
    old = delete(AttemptRow).where(AttemptRow.last < before)
    return len(session.execute(old.returning(AttemptRow.what)).all())
