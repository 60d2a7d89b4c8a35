"""Long work that the service does or has done: how far it is, and how it ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gallery.servicetables import JobRow
from gallery.servicevalues import Job, JobState

RUNNING: Final = "running"


def begin(session: Session, kind: str, *, by: str, at: datetime, total: int | None = None) -> Job:
    """A job that runs from now on, over so many things where that is known."""
    row = JobRow(kind=kind, by=by, state=RUNNING, done=0, total=total, told={}, begun=at, seen=at)
    session.add(row)
    session.flush()
    return _told(row)


def progress(session: Session, number: int, *, done: int, total: int | None, at: datetime) -> None:
    """It is so far at that instant, which shows that it still runs; one that has ended stays as it is."""
    going = update(JobRow).where(JobRow.id == number, JobRow.state == RUNNING)
    session.execute(going.values(done=done, total=total, seen=at))


def end(session: Session, number: int, state: JobState, told: Mapping[str, Any], at: datetime) -> None:
    """It has ended so; ``told`` holds counts and ids of errors, never a name."""
    row = session.get_one(JobRow, number)
    row.state, row.told, row.seen, row.ended = state, dict(told), at, at
    session.flush()


def all_jobs(session: Session, *, limit: int = 50) -> list[Job]:
    """The latest, the newest first."""
    return [_told(row) for row in session.scalars(select(JobRow).order_by(JobRow.id.desc()).limit(limit))]


def numbered(session: Session, number: int) -> Job | None:
    """The job of this number, or None."""
    row = session.get(JobRow, number)
    return None if row is None else _told(row)


def interrupt_stale(session: Session, seen_before: datetime, at: datetime) -> int:
    """End those that still run but were last seen before this instant: whoever did them is gone. How many."""
    left = update(JobRow).where(JobRow.state == RUNNING, JobRow.seen < seen_before)
    return len(session.execute(left.values(state="interrupted", ended=at).returning(JobRow.id)).all())


def _told(row: JobRow) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        by=row.by,
        state=row.state,  # type: ignore[arg-type]
        done=row.done,
        total=row.total,
        told=row.told,
        begun=row.begun,
        seen=row.seen,
        ended=row.ended,
    )
