"""Backups and trials of them as long work beside the answers."""

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.access import Actor
    from attendance.services.backups import Backups
    from attendance.services.jobs import Jobs, Progress
    from gallery.servicevalues import Job

    Beginning: TypeAlias = Callable[[Actor, Backups, Jobs], Job]
    """What begins one of these works."""

KIND: Final = "backup"
TRIAL: Final = "trial"
"""What these works are called among others."""


def begin_backup(actor: "Actor", backups: "Backups", jobs: "Jobs") -> "Job":
    """Begin to write one. Raises BackupFolder where there is no folder, ServiceBusy where too much waits already."""
    backups.folder()

    def work(_: "Progress") -> dict[str, Any]:
        done = backups.run(actor)
        return {"backup": done.backup.id, "deleted": len(done.dropped), "left_alone": len(done.left)}

    return jobs.begin(actor, KIND, work)


def begin_trial(actor: "Actor", backups: "Backups", jobs: "Jobs") -> "Job":
    """Begin to try the newest. Raises BackupUnknown where there is none, ServiceBusy where too much waits already."""
    path = backups.newest()

    def work(_: "Progress") -> dict[str, Any]:
        return {"problems": len(backups.test(actor, path).problems)}

    return jobs.begin(actor, TRIAL, work)
