"""For whoever supervises the service: whether it lives, whether it can do its work, and what it does in numbers."""

import ipaddress
from typing import Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from attendance.access import Visitor, may
from attendance.service_errors import AccessRefused, SignedOut, TokenScope
from attendance.web.admits import Anyone
from attendance.web.readiness import ready
from attendance.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""What a proxy adds: whoever stands behind it is not on this computer."""
SCOPE: Final = "metrics"


@router.get("/health")
def health(_who: Anyone) -> Response:
    """A word as long as the process answers; it tells nothing of what is in it."""
    return PlainTextResponse("alive\n")


@router.get("/ready")
def readiness(request: Request, _who: Anyone) -> Response:
    """200 where this process can do its work, else 503 and why, in one line."""
    found = ready(site_of(request).app)
    return PlainTextResponse(f"{found.line}\n", 200 if found.why_not is None else 503)


@router.get("/metrics")
async def metrics(request: Request, who: Anyone) -> Response:
    """Numbers for Prometheus: asked from this computer itself, or by a token with the scope `metrics`."""
    from attendance.web.metrics import CONTENT_TYPE, written

    _refuse_others(request, who)
    return Response(await run_in_threadpool(written, site_of(request)), media_type=CONTENT_TYPE)


def _refuse_others(request: Request, who: Visitor | None) -> None:
    """Raise SignedOut, AccessRefused or TokenScope for whoever may not read them."""
    if who is None:
        if not from_here(request, site_of(request)):
            raise SignedOut(request.url.path, "from other computers a token with the scope metrics is needed")
    elif who.role == "program" and (who.token is None or SCOPE not in who.token.scopes):
        raise TokenScope(request.url.path, f"the token has not the scope {SCOPE}")
    elif not may(who.actor, "metrics.read"):
        raise AccessRefused(request.url.path, f"this is not for the role {who.role}")


def from_here(request: Request, site: Site) -> bool:
    """Whether a program of this computer asks; behind a proxy nobody can tell."""
    if site.proxied or any(each in request.headers for each in FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
