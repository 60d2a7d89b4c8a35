"""The processes that work with this database, as each last told of itself."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gallery.leasevalues import Worker
from gallery.sitetables import WorkerRow


def tell(session: Session, worker: Worker) -> None:
    """Keep what a process tells of itself, in the place of what it told before."""
    row = session.get(WorkerRow, worker.id, populate_existing=True) or WorkerRow(id=worker.id, begun=worker.begun)
    row.host, row.site, row.version, row.settings = worker.host, worker.site, worker.version, worker.settings
    row.seen, row.facts = worker.seen, dict(worker.facts)
    session.add(row)
    session.flush()


def forget(session: Session, worker: str) -> None:
    """It has ended."""
    session.execute(delete(WorkerRow).where(WorkerRow.id == worker))


def purge(session: Session, before: datetime) -> int:
    """Forget those that were last heard of before this instant; how many."""
    old = delete(WorkerRow).where(WorkerRow.seen < before)
    return len(session.execute(old.returning(WorkerRow.id)).all())


def all_workers(session: Session) -> list[Worker]:
    """Every one that has not ended in order, by when it began."""
    rows = session.scalars(select(WorkerRow).order_by(WorkerRow.begun, WorkerRow.id))
    return [_value(row) for row in rows]


def _value(row: WorkerRow) -> Worker:
    return Worker(row.id, row.host, row.site, row.version, row.settings, row.begun, row.seen, row.facts)
