"""Backups: which there are, until when, whether one was tried; write and try one now, as long work."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.services.backuptasks import begin_backup, begin_trial
from attendance.services.keeping import Keep
from attendance.web.doors import BackupsManage, BackupsRead
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.services.backuptasks import Beginning

router = APIRouter(include_in_schema=False)


@router.get("/settings/backups")
def backups(request: Request, who: BackupsRead) -> Response:
    """The backups."""
    return _shown(request, who)


@router.post("/settings/backups/run")
def run(request: Request, who: BackupsManage) -> Response:
    """Write one now."""
    return _begun(request, who, begin_backup)


@router.post("/settings/backups/test")
def test(request: Request, who: BackupsManage) -> Response:
    """Try the newest now."""
    return _begun(request, who, begin_trial)


def _begun(request: Request, who: "Visitor", begin: "Beginning") -> Response:
    """Begin this work, and go where it is shown; else the page says why not."""
    app = site_of(request).app
    try:
        made = begin(who.actor, app.backups, app.jobs)
    except Refusal as error:
        return _shown(request, who, error)
    return onward(request, f"/jobs/{made.id}")


def _shown(request: Request, who: "Visitor", error: Refusal | None = None) -> Response:
    app = site_of(request).app
    told = app.settings
    return section(
        request, who, "/settings", "office/backups.html", error, backups=app.backups.all(), folder=told.backup_folder,
        keep=Keep.parse(told.backup_keep).says, recovery=told.recovery_key is not None, key=str(app.home / "key"),
    )  # fmt: skip
