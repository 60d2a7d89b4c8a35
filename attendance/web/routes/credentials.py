"""Other ways than the face, on a page of each person: a PIN that is shown once, a QR code to print, a badge to scan."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.service_errors import CredentialUnknown
from attendance.web.asked import Number, person_of
from attendance.web.doors import CredentialsManage
from attendance.web.downloads import download
from attendance.web.helps import told_here
from attendance.web.pages import onward, page
from attendance.web.problems import status_of
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)


@router.post("/people/cards")
def cards(request: Request, who: CredentialsManage, group: Annotated[str, Form(max_length=200)] = "") -> Response:
    """QR cards of a group, or of all whom the visitor sees, to print; whoever has no code gets one."""
    app = site_of(request).app
    known = app.own_people.group(who, group.strip() or None)
    made = app.qr_sheets.of(who.actor, group=known, groups=who.groups)
    return download(made.pdf, f"qr-cards-{known}.pdf" if known else "qr-cards.pdf")


@router.get("/people/{number}/ways")
def ways(request: Request, who: CredentialsManage, number: Number) -> Response:
    """What this person has beside a face."""
    return _page(request, who, person_of(request, who, number))


@router.post("/people/{number}/ways/pin")
def give_pin(request: Request, who: CredentialsManage, number: Number) -> Response:
    """Give a PIN, and show it: it is told on this page alone, and once."""
    found = person_of(request, who, number)
    given = site_of(request).app.credentials.give_pin(who.actor, found.id)
    return _page(request, who, found, given=given)


@router.post("/people/{number}/ways/qr")
def give_qr(request: Request, who: CredentialsManage, number: Number) -> Response:
    """Give a QR code, another one than before."""
    found = person_of(request, who, number)
    site_of(request).app.credentials.give_qr(who.actor, found.id)
    return onward(request, f"/people/{number}/ways", f"{found.name} has a new QR code; an old one opens nothing.")


@router.post("/people/{number}/ways/badge")
def give_badge(
    request: Request, who: CredentialsManage, number: Number, text: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Have a badge stand for this person."""
    found = person_of(request, who, number)
    try:
        site_of(request).app.credentials.give_badge(who.actor, found.id, text)
    except Refusal as error:
        return _page(request, who, found, error=error)
    return onward(request, f"/people/{number}/ways", f"The badge stands for {found.name} now.")


@router.post("/people/{number}/ways/{credential}/remove")
def remove(request: Request, who: CredentialsManage, number: Number, credential: Number) -> Response:
    """Take one away."""
    held = _held(request, who, number, credential)
    site_of(request).app.credentials.remove(who.actor, held.id)
    return onward(request, f"/people/{number}/ways", "It is taken away, and opens nothing any more.")


@router.get("/people/{number}/ways/{credential}/qr.{form}")
def picture(
    request: Request, who: CredentialsManage, number: Number, credential: Number, form: Literal["svg", "png"]
) -> Response:
    """The QR code as a picture."""
    held = _held(request, who, number, credential)
    data, media = site_of(request).app.credentials.qr_picture(held, form)
    return Response(data, media_type=media)


@router.get("/people/{number}/ways/{credential}/card")
def card(request: Request, who: CredentialsManage, number: Number, credential: Number) -> Response:
    """The QR code with the name of whoever it is of, to print."""
    held = _held(request, who, number, credential)
    site_of(request).app.credentials.qr_text(held)
    return page(request, who, "kiosk/card.html", person=held.person, held=held)


def _held(request: Request, who: Visitor, number: int, credential: int) -> Any:
    """What the visitor may see of this person's; another number is as unknown as none."""
    found = person_of(request, who, number)
    held = next((each for each in site_of(request).app.credentials.of(found.id) if each.id == credential), None)
    if held is None:
        raise CredentialUnknown(str(credential), "this person has no PIN, QR code or badge of this number")
    return held


def _page(request: Request, who: Visitor, person: Any, *, given: Any = None, error: Refusal | None = None) -> Response:
    held = site_of(request).app.credentials.of(person.id)
    status = 200 if error is None else status_of(error)
    wrong = "" if error is None else told_here(error)
    return page(request, who, "kiosk/ways.html", status=status, person=person, held=held, given=given, wrong=wrong)
