"""Retention: how long what is kept, what the next run lets go, what must be kept for the time being, and receipts."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.privacy_errors import PurgeClock
from attendance.services.purging import WORDS
from attendance.web.doors import HoldsManage, PrivacyRead, PurgeRun
from attendance.web.forms import Asked, Form
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)
PAGE: Final = "/settings/retention"


@router.get("/settings/retention")
def retention(request: Request, who: PrivacyRead, asked: Asked) -> Response:
    """The rules, the holds and the last receipts; when asked, what the next run would let go."""
    app, tried, error = site_of(request).app, None, None
    if asked.flag("try"):
        try:
            tried = app.purging.tried()
        except Refusal as refused:
            error = refused
    return _shown(request, who, error, tried=tried)


@router.post("/settings/retention/run")
def run(request: Request, who: PurgeRun, given: Form) -> Response:
    """Let go what is due, now."""
    app = site_of(request).app
    try:
        done = app.purging.run(who.actor, clock_is_right=given.flag("clock_is_right"))
    except Refusal as error:
        return _shown(request, who, error)
    told = "; ".join(done.lines())
    return onward(request, PAGE, f"{told[:1].upper()}{told[1:]}.")


@router.post("/settings/retention/holds")
def hold(request: Request, who: HoldsManage, given: Form) -> Response:
    """Begin a hold."""
    app = site_of(request).app
    try:
        whom = None if given.flag("all") else given.needed("person", "whom to keep")
        made = app.holds.add(who.actor, whom, reason=given.needed("reason", "the reason"))
    except Refusal as error:
        return _shown(request, who, error, given=given.values("person", "reason"))
    return onward(request, PAGE, f"Nothing of {app.holds.called(made)} is erased until hold {made.id} is lifted.")


@router.post("/settings/retention/holds/{number}/lift")
def lift(request: Request, who: HoldsManage, number: int) -> Response:
    """End a hold."""
    try:
        site_of(request).app.holds.lift(who.actor, number)
    except Refusal as error:
        return _shown(request, who, error)
    return onward(request, PAGE, f"Hold {number} is lifted.")


def _shown(request: Request, who: Any, error: Refusal | None = None, **more: Any) -> Response:
    app = site_of(request).app
    holds = [(each, app.holds.called(each)) for each in app.holds.all()]
    values: dict[str, Any] = {"tried": None, "given": {"person": "", "reason": ""}, **more}
    return section(
        request, who, "/settings", "office/retention.html", error, rules=app.purging.rules(), holds=holds,
        receipts=app.purging.receipts(), proofs=app.erasing.proofs(), kept_from=app.purging.kept_from(), words=WORDS,
        jumped=isinstance(error, PurgeClock), people=app.people.all(), **values,
    )  # fmt: skip
