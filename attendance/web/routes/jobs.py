"""Long work: what runs, how far it is, how it ended, and the files that it has made."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from attendance.web.doors import JobsRead
from attendance.web.downloads import download
from attendance.web.problems import wants_json
from attendance.web.sections import section
from attendance.web.site import site_of

router = APIRouter(include_in_schema=False)
KINDS: Final = {
    "backup": "Backup",
    "enrol": "Enrolment",
    "erase": "Erasure with proof",
    "marks": "Marks of another device",
    "reembed": "New templates",
    "report": "Report",
    "roster": "Register of another system",
    "trial": "Trial of a backup",
}
"""What kinds of work are called."""


@router.get("/jobs")
def jobs(request: Request, who: JobsRead) -> Response:
    """The latest jobs of whoever looks; of an admin those of all."""
    found = site_of(request).app.jobs.of(who)
    return section(request, who, "/reports", "office/jobs.html", jobs=found, kinds=KINDS)


@router.get("/jobs/{number}")
def job(request: Request, who: JobsRead, number: int) -> Response:
    """One job, for the page's script as JSON."""
    app = site_of(request).app
    found = app.jobs.seen_by(who, number)
    if wants_json(request):
        return JSONResponse(_told(found))
    problem, files = app.jobs.problem(number), app.jobs.files(number)
    return section(request, who, "/reports", "office/job.html", job=found, problem=problem, files=files, kinds=KINDS)


@router.get("/jobs/{number}/files/{name}")
def job_file(request: Request, who: JobsRead, number: int, name: str) -> Response:
    """A file that a job has made."""
    app = site_of(request).app
    app.jobs.seen_by(who, number)
    return download(app.jobs.file(number, name), name)


def _told(job: Any) -> dict[str, object]:
    return {"number": job.id, "state": job.state, "done": job.done, "total": job.total}
