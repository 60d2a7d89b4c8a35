"""The audit: what was done, by whom and when, newest first; filtered, paged, and as a table for spreadsheets."""

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.services.audit import KINDS, SAYS, AuditWanted
from attendance.services.auditchain import notes, sentence
from attendance.web.asked import Number
from attendance.web.doors import AuditAnchor, AuditRead
from attendance.web.downloads import download
from attendance.web.forms import Asked, Given
from attendance.web.pages import onward, page
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
    app.looks.at_log(who.actor)
    return download(app.audit.table(wanted), f"audit {app.timetables.today}.csv")


@router.get("/audit/proof")
def proof(request: Request, who: AuditRead, asked: Asked) -> Response:
    """Whether the log is as it was written, and its anchors."""
    app, found, error = site_of(request).app, None, None
    try:
        if asked.flag("verify"):
            found = app.audit_chain.verify(lines=asked.text("anchors"))
    except Refusal as refused:
        error = refused
    return page(
        request, who, "office/audit_proof.html", status=200 if error is None else status_of(error),
        path="/audit", error=error, found=found, anchors=app.audit_chain.all(), values=asked.values("anchors"),
        findings=[] if found is None else [_capital(sentence(each)) for each in found.check.findings],
        remarks=[] if found is None else [_capital(each) for each in notes(found)],
        anchor_to=app.settings.anchor_to,
    )  # fmt: skip


@router.post("/audit/anchors")
def anchor(request: Request, who: AuditAnchor) -> Response:
    """Note where the log ends; whoever asked downloads the line."""
    site_of(request).app.audit_chain.anchor(who.actor)
    return onward(request, "/audit/proof", "An anchor is made. Download it, and keep it elsewhere.")


@router.get("/audit/anchors/{number}")
def anchor_again(request: Request, _who: AuditRead, number: Number) -> Response:
    """The line of an anchor that was made."""
    line = site_of(request).app.audit_chain.again(number)
    return download(f"{line}\n", f"anchor {number}.txt")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _wanted(app: "Attendance", who: "Visitor", asked: Given) -> AuditWanted:
    told = asked.text("person")
    person = app.own_people.person(who, told).id if told else None
    return AuditWanted(asked.some("action"), asked.some("by"), asked.day("from"), asked.day("to"), person)
