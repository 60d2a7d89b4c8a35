"""The audit: what was done, by whom and when, newest first; filtered, paged, and as a table for spreadsheets."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.register.report import csv_text
from attendance.services.audit import COLUMNS, KINDS, SAYS, AuditWanted
from attendance.web.doors import AuditRead
from attendance.web.downloads import download
from attendance.web.forms import Asked, Given
from attendance.web.pages import page
from attendance.web.problems import status_of
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.app import Attendance

router = APIRouter(include_in_schema=False)
A_PAGE: Final = 100
NAMES: Final = ("action", "by", "from", "to", "person")


@router.get("/audit")
def audit(request: Request, who: AuditRead, asked: Asked) -> Response:
    """One page of the log."""
    app, error = site_of(request).app, None
    try:
        before = asked.number("before")
        found = app.audit.page(_wanted(app, who, asked), before=before, limit=A_PAGE + 1)
    except Refusal as refused:
        found, before, error = [], None, refused
    values = asked.values(*NAMES)
    query = urlencode({name: value for name, value in values.items() if value})
    return page(
        request, who, "office/audit.html", status=200 if error is None else status_of(error), error=error,
        entries=found[:A_PAGE], older=found[A_PAGE - 1].number if len(found) > A_PAGE else None, before=before,
        values=values, query=query, actors=app.audit.actors(), says=sorted(SAYS.items()), kinds=KINDS,
        people=app.people.all(gone_too=True),
    )  # fmt: skip


@router.get("/audit.csv")
def audit_csv(request: Request, who: AuditRead, asked: Asked) -> Response:
    """All entries that are wanted, as a table."""
    app = site_of(request).app
    wanted = _wanted(app, who, asked)

    def pieces() -> Iterator[str]:
        yield csv_text(COLUMNS, [])
        for each in app.audit.all(wanted):
            yield csv_text(COLUMNS, [app.audit.row(each)]).partition("\n")[2]

    return download(pieces(), f"audit {app.timetables.today}.csv")


def _wanted(app: "Attendance", who: "Visitor", asked: Given) -> AuditWanted:
    told = asked.text("person")
    person = app.own_people.person(who, told).id if told else None
    return AuditWanted(asked.some("action"), asked.some("by"), asked.day("from"), asked.day("to"), person)
