"""The backups that were written of this home, as far as it knows: where they lie, what proved them, which are gone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gallery.privacytables import BackupRow


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup: its file, the moment that it is of, the digest of what it holds (hexadecimal), its size in bytes.

    ``scheduled``: rules say until when it is kept; any other nobody deletes. ``gone``: when it was deleted.
    """

    id: int
    path: str
    at: datetime
    digest: str
    bytes: int
    scheduled: bool
    verified: datetime | None = None
    tested: datetime | None = None
    gone: datetime | None = None


def insert(
    session: Session, path: str, *, at: datetime, digest: str, size: int, scheduled: bool, verified: datetime
) -> Backup:
    """Remember one that has just been written and read back."""
    row = BackupRow(path=path, at=at, digest=digest, bytes=size, scheduled=scheduled, verified=verified)
    session.add(row)
    session.flush()
    return _backup(row)


def all_backups(session: Session) -> list[Backup]:
    """All of them, the newest first."""
    query = select(BackupRow).order_by(BackupRow.at.desc(), BackupRow.id.desc())
    return [_backup(row) for row in session.scalars(query)]


def put_tested(session: Session, number: int, at: datetime) -> None:
    """A home was made of it, and was found sound."""
    session.execute(update(BackupRow).where(BackupRow.id == number).values(tested=at))


def put_gone(session: Session, number: int, at: datetime) -> None:
    """Its file was deleted."""
    session.execute(update(BackupRow).where(BackupRow.id == number).values(gone=at))


def _backup(row: BackupRow) -> Backup:
    return Backup(
        id=row.id,
        path=row.path,
        at=row.at,
        digest=row.digest,
        bytes=row.bytes,
        scheduled=row.scheduled,
        verified=row.verified,
        tested=row.tested,
        gone=row.gone,
    )
