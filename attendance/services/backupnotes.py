"""What a home remembers of a backup that was written of it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gallery.repositories import backups as rows
from gallery.repositories.events import record

if TYPE_CHECKING:
    from gallery.backup import Saved
    from gallery.ports import Database, Transaction
    from gallery.repositories.backups import Backup

RUN: Final = "backup.run"


def noted(store: "Database", path: Path, saved: "Saved", *, at: datetime, by: str, scheduled: bool = False) -> "Backup":
    """Remember a backup that was just written and read back, and that somebody has taken it."""
    with store.atomic() as transaction:
        made = insert(transaction, path, saved, at=at, scheduled=scheduled)
        record(transaction, at=at, by=by, action=RUN, subject=made.id, details={"bytes": made.bytes})
    return made


def insert(transaction: "Transaction", path: Path, saved: "Saved", *, at: datetime, scheduled: bool) -> "Backup":
    """The row of a backup whose file is there, and was proved at an instant."""
    size = path.stat().st_size
    return rows.insert(
        transaction, str(path), at=saved.created, digest=saved.digest, size=size, scheduled=scheduled, verified=at
    )
