"""The first setup: whoever holds the link that the service printed makes the first admin."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from attendance.service_errors import AccountPassword, RequestInvalid, SetupOver
from attendance.web.admits import Anyone, Stranger
from attendance.web.helps import told_here
from attendance.web.pages import onward, page
from attendance.web.signing import sign_in
from attendance.web.site import site_of

router = APIRouter(include_in_schema=False)


@router.get("/setup")
def show(request: Request, who: Anyone, token: Annotated[str, Query()] = "") -> Response:
    """The form, for whoever has the link."""
    if not site_of(request).app.accounts.may_set_up(token):
        raise SetupOver("setup", "this link was used before, or is over")
    return page(request, who, "account/setup.html", token=token, name="", errors={})


@router.post("/setup")
def make(
    request: Request,
    who: Stranger,
    token: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """The first admin, signed in at once."""
    errors = {"again": "These are two different passwords."} if again != password else {}
    try:
        made = None if errors else site_of(request).app.accounts.first(token, name, password)
    except (AccountPassword, RequestInvalid) as error:
        errors = {"password" if isinstance(error, AccountPassword) else "name": told_here(error)}
        made = None
    if made is None:
        return page(request, who, "account/setup.html", status=422, token=token, name=name, errors=errors)
    answer = onward(request, "/", f"Welcome, {made.name}. Other people get their accounts under Settings.")
    return sign_in(request, answer, made)
