"""Signing in and out."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from attendance.privacy_errors import TotpWrong
from attendance.service_errors import AccountUnknown, LimitReached, SignInRefused
from attendance.web.admits import Anyone, Stranger
from attendance.web.cookies import device_of, half_of
from attendance.web.helps import told_here
from attendance.web.pages import onward, page
from attendance.web.problems import status_of
from attendance.web.signing import inside, sign_in, sign_in_or_ask, sign_out, source_of
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def show(request: Request, who: Anyone, to: Annotated[str, Query()] = "/") -> Response:
    """The form; whoever is signed in goes on."""
    if who is not None and who.account is not None:
        return onward(request, inside(to))
    return _form(request, to)


@router.post("/sign-in")
def enter(
    request: Request,
    _who: Stranger,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:
    """Sign in, and go on to the page that was asked for."""
    accounts = site_of(request).app.accounts
    try:
        found = accounts.prove(name, password, source=source_of(request), device=device_of(request))
    except SignInRefused as error:
        return _form(request, to, name=name, error="Name and password do not belong together.", status=status_of(error))
    except LimitReached as error:
        answer = _form(request, to, name=name, error=f"{error.detail.capitalize()}.", status=status_of(error))
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
        return answer
    ask = onward(request, f"/sign-in/code?to={quote(inside(to), safe='/')}")
    return sign_in_or_ask(request, onward(request, inside(to)), found, ask)


@router.get("/sign-in/code")
def show_code(request: Request, _who: Anyone, to: Annotated[str, Query()] = "/") -> Response:
    """The form for the second factor; whoever has not shown a password begins there."""
    return onward(request, "/sign-in") if half_of(request) is None else _code_form(request, to)


@router.post("/sign-in/code")
def enter_code(
    request: Request, _who: Stranger, code: Annotated[str, Form(max_length=64)] = "", to: Annotated[str, Form()] = "/"
) -> Response:
    """Sign in by the second factor, after the password."""
    app, number = site_of(request).app, half_of(request)
    if number is None:
        return onward(request, "/sign-in", "It took too long: begin again with your password.", "warn")
    try:
        found = app.accounts.numbered(number)
        app.second_factors.prove(number, code, source=source_of(request))
    except (AccountUnknown, TotpWrong, LimitReached) as error:
        return _code_form(request, to, error)
    if not found.active:
        return onward(request, "/sign-in")
    return sign_in(request, onward(request, inside(to)), found)


@router.post("/sign-out")
def leave(request: Request, _who: Anyone) -> Response:
    """Sign this browser out."""
    return sign_out(request, onward(request, "/sign-in", "You are signed out."))


def _code_form(request: Request, to: str, error: Refusal | None = None) -> Response:
    told, status = ("", 200) if error is None else (told_here(error), status_of(error))
    answer = page(request, None, "account/code.html", status=status, to=inside(to), error=told)
    if isinstance(error, LimitReached):
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return answer


def _form(request: Request, to: str, *, name: str = "", error: str = "", status: int = 200) -> Response:
    nobody = not site_of(request).app.accounts.all()
    return page(
        request, None, "account/signin.html", status=status, to=inside(to), name=name, error=error, nobody=nobody
    )
