"""Kiosks: places where people mark themselves, and the link by which a tablet becomes one, shown once."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import Response

from attendance.access import Visitor
from attendance.web.asked import Number
from attendance.web.doors import TokensManage
from attendance.web.helps import told_here
from attendance.web.pages import onward, page
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2000)]


@router.get("/cameras/kiosks/add")
def adding(request: Request, who: TokensManage) -> Response:
    """The form for a new kiosk."""
    return _form(request, who, "", "", None)


@router.post("/cameras/kiosks/add")
def add(request: Request, who: TokensManage, name: Text = "", group: Text = "") -> Response:
    """Add a kiosk, and show how a tablet becomes it."""
    app = site_of(request).app
    try:
        made = app.places.add(who.actor, name.strip(), kind="kiosk", group=group or None).place
    except Refusal as error:
        return _form(request, who, name, group, error)
    return _paired(request, who, made.name)


@router.post("/cameras/kiosks/{number:int}/pair")
def pair(request: Request, who: TokensManage, number: Number) -> Response:
    """A new link; it is shown here and never again."""
    return _paired(request, who, site_of(request).app.cameras.place(number).name)


@router.post("/cameras/kiosks/tokens/{number:int}/revoke")
def revoke(request: Request, who: TokensManage, number: Number) -> Response:
    """Take a kiosk's link back: the tablet that has it is none any more."""
    found = site_of(request).app.tokens.revoke(who.actor, number)
    return onward(request, "/cameras", f"The tablet at {found.place or found.token.name} is no kiosk any more.", "warn")


def _paired(request: Request, who: Visitor, name: str) -> Response:
    site = site_of(request)
    made = site.app.tokens.add_kiosk(who.actor, name)
    link = f"{site.public}/kiosk/pair#{made.secret}"
    return page(request, who, "cameras/paired.html", name=name, link=link, qr=_qr(link))


def _qr(link: str) -> Markup:
    """The link as a picture (SVG) that a tablet's camera reads."""
    import segno

    drawn = segno.make_qr(link, error="m").svg_inline(scale=6, border=3, dark="#000", light="#fff", omitsize=True)
    return Markup(drawn)  # noqa: S704 - by the library: squares alone # nosec B704


def _form(request: Request, who: Visitor, name: str, group: str, error: Refusal | None) -> Response:
    values = {"name": name, "group": group, "groups": site_of(request).app.gallery.groups()}
    wrong = "" if error is None else told_here(error)
    return page(request, who, "cameras/kiosk.html", status=422 if error else 200, wrong=wrong, **values)
