"""The first setup: whoever holds the link that the service printed makes the first admin."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.service_errors import AccountPassword, RequestInvalid, SetupOver
from attendance.web.admits import Anyone, Stranger
from attendance.web.helps import told_here
from attendance.web.pages import onward, page
from attendance.web.signing import sign_in
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.app import Attendance

router = APIRouter(include_in_schema=False)
TRIAL: Final = "trial"
KINDS: Final = ("school", "firm", TRIAL)
"""What a home may be for; a school and a firm ask people before their faces are kept."""


@router.get("/setup")
def show(request: Request, who: Anyone, token: Annotated[str, Query()] = "") -> Response:
    """The form, for whoever has the link."""
    if not site_of(request).app.accounts.may_set_up(token):
        raise SetupOver("setup", "this link was used before, or is over")
    return page(request, who, "account/setup.html", token=token, name="", errors={}, kind="")


@router.post("/setup")
def make(
    request: Request,
    who: Stranger,
    token: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
) -> Response:
    """The first admin, signed in at once; and what the home is for, which says whether people are asked."""
    errors = {"again": "These are two different passwords."} if again != password else {}
    if kind not in KINDS:
        errors["kind"] = "Choose one of the three."
    try:
        made = None if errors else _begun(site_of(request).app, token, name, password, kind)
    except (AccountPassword, RequestInvalid) as error:
        errors = {"password" if isinstance(error, AccountPassword) else "name": told_here(error)}
        made = None
    if made is None:
        return page(request, who, "account/setup.html", status=422, token=token, name=name, errors=errors, kind=kind)
    answer = onward(request, "/", f"Welcome, {made.name}. Other people get their accounts under Settings.")
    return sign_in(request, answer, made)


def _begun(app: "Attendance", token: str, name: str, password: str, kind: str) -> Any:
    """The first admin, and the setting: both or neither."""
    with app.store.atomic():
        made = app.accounts.first(token, name, password)
        if kind != TRIAL:
            app.configuration.set(Visitor.of_account(made, "").actor, "site_kind", kind)
        return made
