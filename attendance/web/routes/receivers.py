"""Other systems that are told of news: entered, tried, paused, and what was sent to them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.service_errors import ReceiverError
from attendance.web.doors import ReceiversManage, ReceiversRead
from attendance.web.helps import told_here
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of

router = APIRouter(prefix="/receivers", include_in_schema=False)
NEWS: Final = {
    "mark.made": "somebody is marked",
    "mark.voided": "a mark is declared wrong",
    "mark.restored": "a void is taken back",
    "review.waiting": "a face waits for somebody to look",
    "review.settled": "somebody has looked at a face",
    "face.unknown": "a face is nobody enrolled",
    "person.changed": "somebody is enrolled or changed",
    "camera.lost": "a camera delivers nothing more",
    "camera.back": "a camera delivers again",
    "camera.failed": "a camera cannot be used",
}
"""What the kinds of news are, in words."""


@router.get("")
def receivers(request: Request, who: ReceiversRead) -> Response:
    """All of them, and the form for another one."""
    return _listed(request, who)


def _listed(
    request: Request,
    who: Visitor,
    *,
    status: int = 200,
    error: str = "",
    secret: str = "",
    given: dict[str, str] | None = None,
) -> Response:
    app = site_of(request).app
    rows = [(each, app.brokering.trouble(each.receiver.id)) for each in app.receivers.all()]
    values: dict[str, Any] = {"rows": rows, "news": NEWS, "usual": app.receivers.usual, "secret": secret}
    return section(request, who, "/settings", "receivers/list.html", error, status=status, **values, given=given or {})


@router.post("")
def add(
    request: Request,
    who: ReceiversManage,
    name: Annotated[str, Form()] = "",
    address: Annotated[str, Form()] = "",
    kinds: Annotated[list[str] | None, Form()] = None,
    private: Annotated[bool, Form()] = False,
) -> Response:
    """Enter one; the secret of a webhook is shown on the page that answers, and never again."""
    try:
        made = site_of(request).app.receivers.add(who.actor, name, address, kinds=kinds or (), allow_private=private)
    except ReceiverError as error:
        given = {"name": name, "address": address}
        return _listed(request, who, status=422, error=told_here(error), given=given)
    if made.secret is None:
        return onward(request, "/receivers", f"{made.shown.receiver.name} is entered.")
    return _listed(request, who, secret=made.secret)


@router.get("/{number}")
def receiver(request: Request, who: ReceiversRead, number: int) -> Response:
    """One, with what was sent to it last."""
    app = site_of(request).app
    shown = app.receivers.numbered(number)
    sent = app.receivers.delivered(shown.receiver.name)
    trouble = app.brokering.trouble(number)
    return section(request, who, "/settings", "receivers/one.html", shown=shown, sent=sent, news=NEWS, trouble=trouble)


@router.post("/{number}/active")
def set_active(request: Request, who: ReceiversManage, number: int, active: Annotated[bool, Form()]) -> Response:
    """Pause it, or put it in use again."""
    app = site_of(request).app
    name = app.receivers.numbered(number).receiver.name
    app.receivers.change(who.actor, name, active=active)
    return onward(request, f"/receivers/{number}", f"{name} is {'in use' if active else 'paused'}.")


@router.post("/{number}/try")
def try_(request: Request, _who: ReceiversManage, number: int) -> Response:
    """Send a webhook a message that says nothing."""
    app = site_of(request).app
    name = app.receivers.numbered(number).receiver.name
    return onward(request, f"/receivers/{number}", f"It answered: {app.posting.ping(name)}", "warn")


@router.post("/{number}/remove")
def remove(request: Request, who: ReceiversManage, number: int) -> Response:
    """Forget it, with what is on its way to it."""
    app = site_of(request).app
    gone = app.receivers.remove(who.actor, app.receivers.numbered(number).receiver.name)
    return onward(request, "/receivers", f"{gone.receiver.name} is removed.")
