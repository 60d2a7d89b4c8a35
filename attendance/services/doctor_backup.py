"""Doctor's look at the backups: whether they are written as they should be, and whether one was ever tried."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.services.doctor_finding import Finding

if TYPE_CHECKING:
    from gallery.repositories.backups import Backup

OLD: Final = timedelta(days=3)
"""So old the newest may be, as a service may stand still over a weekend."""


def backup_findings(backups: "Sequence[Backup]", folder: str | None, now: datetime) -> Iterator[Finding]:
    """What is wrong with those that were written, the newest first; nothing where none are to be written."""
    if folder is None:
        return
    there = [each for each in backups if each.gone is None and Path(each.path).is_file()]
    scheduled = [each for each in there if each.scheduled]
    if not scheduled or now - scheduled[0].at > OLD:
        newest = f"the newest is of {scheduled[0].at:%Y-%m-%d}" if scheduled else "there is none"
        yield Finding("backup", f"one is to be written every day, {newest}", "backup.old", "attendance backups run", 1)
    else:
        yield Finding("backup", f"{len(there)} kept, the newest of {there[0].at:%Y-%m-%d %H:%M} UTC")
    if there and not any(each.tested for each in backups):
        yield Finding("backup", "none was ever tried", "backup.untested", "attendance backups test")
