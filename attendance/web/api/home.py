"""Who asks, what answers, and what may be asked."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import JSONResponse, Response

from attendance.access import Visitor
from attendance.records import instant
from attendance.web.admits import Admits
from attendance.web.api.models.home import Me, Version
from attendance.web.api.operations import Operations, refusals
from attendance.web.site import site_of

router = Operations("service")
Known = Annotated[Visitor, Depends(Admits("admin", "teacher", "auditor", "program", right="account.own"))]
"""Whoever is signed in, and any program, whatever its scopes."""


@router.get("/me", responses=refusals())
def get_me(who: Known) -> Me:
    """Who the token is, and what it may do."""
    token = who.token
    return Me(
        name=who.actor.name,
        role=who.role,
        token=None if token is None else token.id,
        scopes=[] if token is None else list(token.scopes),
        ends=None if token is None or token.ends is None else instant(token.ends),
    )


@router.get("/version", responses=refusals())
def get_version(request: Request, _who: Known) -> Version:
    """Which version answers, where and when."""
    from importlib.metadata import version

    app = site_of(request).app
    return Version(
        name="attendance", version=version("attendance"), api="v1", zone=app.zone, now=instant(app.clock.utc())
    )


@router.get("/openapi.json", include_in_schema=False)
def get_openapi(request: Request, _who: Known) -> Response:
    """All that may be asked, as OpenAPI 3.1."""
    return JSONResponse(request.app.openapi())
