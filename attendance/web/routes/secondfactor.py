"""Somebody's second factor: set up with a telephone, confirmed by its digits, turned off again."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import Response

from attendance.access import Visitor
from attendance.privacy_errors import TotpWrong
from attendance.service_errors import LimitReached, SignInRefused
from attendance.web.asked import wrong_in
from attendance.web.doors import AccountOwn
from attendance.web.pages import onward, page
from attendance.web.problems import status_of
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)
FIELDS = {"access.signin": "present", "totp.wrong": "code"}
"""By the id of an error, at which field of the form it is said."""
Text = Annotated[str, Form(max_length=400)]


@router.get("/account/totp")
def show(request: Request, who: AccountOwn) -> Response:
    """What there is, or the way to it."""
    return _shown(request, who)


@router.post("/account/totp/begin")
def begin(request: Request, who: AccountOwn, present: Text = "") -> Response:
    """Make a secret, which the page shows until it is confirmed."""
    try:
        site_of(request).app.second_factors.begin(who.actor, present)
    except (SignInRefused, LimitReached) as error:
        return _shown(request, who, error)
    return onward(request, "/account/totp")


@router.post("/account/totp/confirm")
def confirm(request: Request, who: AccountOwn, code: Text = "") -> Response:
    """Have it be asked for, and show once the codes for a lost telephone."""
    try:
        codes = site_of(request).app.second_factors.confirm(who.actor, code)
    except (TotpWrong, LimitReached) as error:
        return _shown(request, who, error)
    return page(request, who, "account/codes.html", codes=codes)


@router.post("/account/totp/off")
def turn_off(request: Request, who: AccountOwn, present: Text = "", code: Text = "") -> Response:
    """Ask for it no more."""
    try:
        site_of(request).app.second_factors.turn_off(who.actor, present, code)
    except (SignInRefused, TotpWrong, LimitReached) as error:
        return _shown(request, who, error)
    return onward(request, "/account", "Your second factor is turned off.", "warn")


def _shown(request: Request, who: Visitor, error: Refusal | None = None) -> Response:
    app, number = site_of(request).app, 0 if who.account is None else who.account.id
    waiting = app.second_factors.waiting(number)
    values: dict[str, Any] = {
        "held": app.second_factors.of(number),
        "secret": "" if waiting is None else _in_fours(waiting.secret),
        "qr": "" if waiting is None else _qr(waiting.address),
        "needed": app.settings.totp_for_admins and who.role == "admin",
        "wrong": wrong_in(FIELDS, error),
    }
    return page(request, who, "account/totp.html", status=200 if error is None else status_of(error), **values)


def _in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _qr(address: str) -> Markup:
    """The address as a picture (SVG) that a telephone's camera reads."""
    import segno

    drawn = segno.make_qr(address, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff", omitsize=True)
    return Markup(drawn)  # noqa: S704 - made by the library; of the address it holds squares alone
