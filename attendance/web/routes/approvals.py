"""Four eyes: what somebody has entered and a second person must look at; one by one or many at once."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import ApprovalUnknown
from attendance.service_errors import RequestInvalid
from attendance.web.doors import MarksChange, MarksRead
from attendance.web.forms import Form
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal, counted

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.services.approving import Waiting

router = APIRouter(include_in_schema=False)


@router.get("/approvals")
def approvals(request: Request, who: MarksRead) -> Response:
    """What waits, of whom a visitor may see."""
    return _page(request, who)


@router.post("/approvals")
def decide(request: Request, who: MarksChange, given: Form) -> Response:
    """Let those that were chosen count, or refuse them: all of them or none."""
    approvals = site_of(request).app.approvals
    reason, chosen = given.text("reason"), given.all("id")
    try:
        own = {each.id for each in _waiting(request, who)}
        for each in chosen:
            if each not in own:
                raise ApprovalUnknown(each[:40], "nothing waits under this id")
        if not chosen:
            raise RequestInvalid("id", "choose what is meant first")
        if given.text("say") == "refuse":
            if not reason:
                raise RequestInvalid("reason", "say why it is refused")
            done = approvals.refuse(who.actor, chosen, reason=reason)
        else:
            done = approvals.approve(who.actor, chosen, reason=reason)
    except Refusal as error:
        return _page(request, who, error, reason, chosen)
    word = "refused" if given.text("say") == "refuse" else "approved"
    return onward(request, "/approvals", f"{counted(len(done), 'entry is', 'entries are')} {word}.")


def _waiting(request: Request, who: "Visitor") -> "list[Waiting]":
    return [each for each in site_of(request).app.approvals.waiting() if who.may_see(each.person)]


def _page(
    request: Request,
    who: "Visitor",
    error: Refusal | None = None,
    reason: str = "",
    chosen: list[str] | None = None,
) -> Response:
    app, me = site_of(request).app, who.actor.name.casefold()
    rows = [(each, each.to_dict(), each.by.casefold() == me) for each in _waiting(request, who)]
    return section(
        request, who, "/timetable", "office/approvals.html", error, rows=rows, needed=app.settings.second_approval,
        reason=reason, chosen=chosen or [],
    )  # fmt: skip
