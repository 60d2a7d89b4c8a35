"""An erasure with its proof as long work, for pages: every file of the home is looked through meanwhile."""

from typing import TYPE_CHECKING, Any, Final

from attendance.services.receipts import written

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.services.erasing import Erasing
    from attendance.services.jobs import Jobs, Progress
    from gallery.servicevalues import Job

KIND: Final = "erase"
"""What this work is called among others."""
RECEIPT: Final = "receipt.json"


def begin_erasure(actor: "Actor", erasing: "Erasing", jobs: "Jobs", person: int) -> "Job":
    """Begin it, of a person by internal id. Raises ServiceBusy where too much waits already."""

    def work(progress: "Progress") -> dict[str, Any]:
        done = erasing.proved(actor, person)
        (progress.folder / RECEIPT).write_text(written(done.receipt), encoding="utf-8")
        return {
            "files_looked_through": len(done.receipt["files"]),
            "traces": len(done.receipt["hits"]),
            "overwritten": "yes" if done.receipt["erased"] else "not yet, another program reads the home",
        }

    return jobs.begin(actor, KIND, work)
