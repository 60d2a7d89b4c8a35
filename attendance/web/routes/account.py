"""Somebody's own account: who they are, another password, where they are signed in."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.service_errors import AccountPassword, LimitReached, SignInRefused
from attendance.services.sign_ins import key_of
from attendance.web.doors import AccountOwn
from attendance.web.pages import onward, page
from attendance.web.problems import status_of
from attendance.web.signing import sign_in, sign_out
from attendance.web.site import site_of
from refusal import Refusal, counted, sentence

router = APIRouter(include_in_schema=False)


@router.get("/account")
def show(request: Request, who: AccountOwn) -> Response:
    """Who is signed in, and the form for another password."""
    return _shown(request, who)


@router.post("/account/password")
def change(
    request: Request,
    who: AccountOwn,
    present: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Another password: all browsers are signed out, and this one is signed in anew."""
    accounts, account = site_of(request).app.accounts, who.account
    if account is None:
        return onward(request, "/")
    if password != again:
        return _shown(request, who, status=422, errors={"again": "These are two different passwords."})
    try:
        accounts.own_password(who.actor, present, password)
    except (SignInRefused, LimitReached, AccountPassword) as error:
        field = "password" if isinstance(error, AccountPassword) else "present"
        return _shown(request, who, status=status_of(error), errors={field: _told(error)})
    return sign_in(request, onward(request, "/account", "Your password is another one now."), account)


@router.post("/account/browsers/{key}/end")
def end_one(request: Request, who: AccountOwn, key: Annotated[str, Path(max_length=64)]) -> Response:
    """Sign out one browser of the account."""
    site_of(request).app.sign_ins.end_own(who.actor, key)
    return onward(request, "/account", "That browser is signed out.")


@router.post("/account/browsers/end")
def end_others(request: Request, who: AccountOwn) -> Response:
    """Sign out all browsers of the account but this one."""
    count = site_of(request).app.sign_ins.end_others(who.actor, request.state.sign_in)
    told = f"{counted(count, 'other browser is', 'other browsers are')} signed out."
    return onward(request, "/account", told if count else "No other browser was signed in.")


@router.post("/account/sign-out")
def leave(request: Request, who: AccountOwn) -> Response:
    """Sign out every browser of the account."""
    if who.account is not None:
        site_of(request).app.accounts.sign_out(who.account)
    return sign_out(request, onward(request, "/sign-in", "You are signed out everywhere."))


def _told(error: Refusal) -> str:
    told = sentence(error.detail[:1].upper() + error.detail[1:])
    return f"{told} {error.help}" if isinstance(error, AccountPassword) else told


def _shown(request: Request, who: Visitor, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    app, number = site_of(request).app, 0 if who.account is None else who.account.id
    here = getattr(request.state, "sign_in", "")
    browsers = [(key_of(each), each, each.digest == here) for each in app.sign_ins.all(number)]
    return page(
        request, who, "account/account.html", status=status, errors=errors or {},
        factor=app.second_factors.of(number), browsers=browsers,
    )  # fmt: skip
