"""New templates for whoever lacks those of the present encoder, as long work beside the answers."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.services.jobs import Jobs, Progress
    from attendance.services.reembedding import Renewal
    from gallery.servicevalues import Job

KIND: Final = "reembed"
"""What this work is called among others."""


def begin_renewal(actor: "Actor", renewal: "Renewal", jobs: "Jobs") -> "Job":
    """Begin it. Raises ServiceBusy where too much waits already."""

    def work(progress: "Progress") -> dict[str, Any]:
        run, count = renewal.run(actor, lacking=True), 0
        for count, _ in enumerate(run, 1):
            progress.step(count, run.total)
        return {"looked_at": count}

    return jobs.begin(actor, KIND, work)
