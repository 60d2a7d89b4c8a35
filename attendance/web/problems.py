"""Refusals as answers: a page for people, application/problem+json (RFC 9457) for programs."""

import logging
import traceback
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attendance.errors import InternalFailed
from attendance.faults import ENDS_A_RUN, refusal_of
from attendance.service_errors import AccessRefused, MethodUnknown, PathUnknown, RequestInvalid, TokenScope
from attendance.services.jobs import without_folders
from attendance.web.known import visitor_of
from attendance.web.pages import page
from attendance.web.site import site_of
from refusal import Refusal

LOG: Final = logging.getLogger("attendance.web")
STATUSES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "access.form": 403,
        "access.refused": 403,
        "access.signedout": 401,
        "access.signin": 403,
        "consent.form": 410,
        "consent.missing": 409,
        "consent.unknown": 409,
        "edit.changed": 412,
        "edit.unconditional": 428,
        "gallery.conflict": 409,
        "gallery.duplicate_id": 409,
        "gallery.full": 507,
        "gallery.lease_lost": 409,
        "gallery.locked": 503,
        "gallery.lookalike_unknown": 404,
        "gallery.offline_over": 503,
        "gallery.person_ambiguous": 409,
        "gallery.person_inactive": 409,
        "gallery.person_unknown": 404,
        "gallery.site_unknown": 404,
        "gallery.unreachable": 503,
        "internal.failed": 500,
        "key.reused": 422,
        "kiosk.frame": 409,
        "limit.reached": 429,
        "mark.several": 409,
        "mark.voided": 409,
        "method.unknown": 405,
        "output.failed": 507,
        "person.ambiguous": 409,
        "person.duplicate": 409,
        "person.unlike": 409,
        "place.retired": 409,
        "place.used": 409,
        "request.slow": 408,
        "service.busy": 503,
        "setup.over": 410,
        "sighting.faceless": 404,
        "totp.off": 403,
        "totp.wrong": 403,
        "token.invalid": 401,
        "token.scope": 403,
        "upload.large": 413,
    }
)
"""By id what differs from what the id's ending tells."""
WITHIN: Final = frozenset({"gallery.offline_over", "gallery.unreachable"})
"""Errors that name an address which is nobody's business outside."""
ENDINGS: Final[Mapping[str, int]] = MappingProxyType(
    {"unknown": 404, "exists": 409, "taken": 409, "closed": 409, "missing": 503, "settled": 409}
)


def status_of(error: Refusal) -> int:
    """The HTTP status of a refusal: 422 where nothing else is told, 500 where the home or a model cannot be used."""
    otherwise = 500 if error.exit_code == ENDS_A_RUN else 422
    return STATUSES.get(error.id, ENDINGS.get(error.id.partition(".")[2], otherwise))


def problem(error: Refusal, path: str) -> dict[str, Any]:
    """The JSON object of RFC 9457; ``type`` is the stable id as a URN."""
    status = status_of(error)
    told = {
        "type": f"urn:attendance:{error.id}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{error}. {error.help}",
        "instance": path,
        "id": error.id,
    }
    return told | ({"reasons": list(error.reasons)} if error.reasons else {})


def wants_json(request: Request) -> bool:
    """Whether a program or a script asks, not a page."""
    accepts = request.headers.get("accept", "")
    return request.url.path.startswith("/api/v1") or ("json" in accepts and "html" not in accepts)


def plainly(request: Request, error: Refusal) -> Refusal:
    """The error without the folders in which the service keeps its files, and the address of its database."""
    home = site_of(request).app.home
    if error.id in WITHIN:
        error.where = "database"
    error.where, error.detail = without_folders(error.where, home), without_folders(error.detail, home)
    return error


def refused(request: Request, error: Refusal) -> Response:
    """The answer to a request that was refused."""
    error = plainly(request, error)
    status = status_of(error)
    headers = {}
    if error.id == "token.invalid" or (status == HTTPStatus.UNAUTHORIZED and wants_json(request)):
        headers["WWW-Authenticate"] = "Bearer"
    wait = getattr(error, "retry_after_s", None)
    if wait is not None or status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(max(1, round(wait or 1)))
    if wants_json(request):
        content = problem(error, request.url.path)
        return JSONResponse(content, status, headers, media_type="application/problem+json")
    if error.id == "access.signedout" and request.method == "GET":
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?to={quote(wanted, safe='/')}", 303)
    if error.id == "totp.off" and request.method == "GET":
        return RedirectResponse("/account/totp", 303)
    answer = page(request, getattr(request.state, "who", None), "error.html", status=status, error=error)
    answer.headers.update(headers)
    return answer


class Failures:
    """Answers what nobody foresaw, and logs where it happened: no message, as that may hold a name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; where that fails before it is answered, answer it (500)."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            request = Request(scope, receive)
            trace = error if LOG.isEnabledFor(logging.DEBUG) else None
            LOG.log(logging.ERROR, "%s %s failed: %s", request.method, _route(scope), _where(error), exc_info=trace)
            await refused(request, InternalFailed(request.url.path, _where(error)))(scope, receive, send)


def _route(scope: Scope) -> str:
    """The path as the route has it, without what stands in it."""
    return str(getattr(scope.get("route"), "path", "a page"))


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


def install(app: FastAPI) -> None:
    """Answer every refusal and every failure as above."""

    async def failed(request: Request, error: Exception) -> Response:
        who = getattr(request.state, "who", None)
        if who is not None and isinstance(error, AccessRefused | TokenScope):
            noted = site_of(request).app.refusals.note
            await run_in_threadpool(noted, who, _route(request.scope), request.method)
        if isinstance(error, Refusal) and error.id == "gallery.unreachable":
            site_of(request).note_lost()
        return refused(request, refusal_of(error, request.url.path))

    async def invalid(request: Request, error: Exception) -> Response:
        return refused(request, RequestInvalid(request.url.path, _said(error)))

    async def beyond(request: Request, error: Exception) -> Response:
        LOG.info("%s %s: %s", request.method, _route(request.scope), _where(error))
        return refused(request, RequestInvalid(request.url.path, "a number or a day in it is beyond all that there is"))

    async def http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            return plain(request, 500)
        if not wants_json(request):
            await _meet(request)
        answer = (
            _in_api(request, error) if request.url.path.startswith("/api/v1") else plain(request, error.status_code)
        )
        for name, value in (error.headers or {}).items():
            answer.headers.setdefault(name, value)
        return answer

    app.add_exception_handler(Refusal, failed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(OverflowError, beyond)
    app.add_exception_handler(HTTPException, http)


async def _meet(request: Request) -> None:
    """Find out who asks for what no route answers, so that the page they get has their ways on."""
    if getattr(request.state, "who", None) is None:
        with suppress(Refusal):
            request.state.who = await visitor_of(request, frozenset({"admin", "teacher", "auditor"}))


def _in_api(request: Request, error: HTTPException) -> Response:
    """What the framework refuses, as a refusal of ours."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refused(request, PathUnknown(request.url.path, "there is nothing here"))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        from attendance.web.api.operations import allowed

        answer = refused(request, MethodUnknown(request.url.path, f"it is not asked by {request.method}"))
        if ways := allowed(request):
            answer.headers["Allow"] = ways
        return answer
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return refused(request, RequestInvalid(request.url.path, str(error.detail)))
    return plain(request, error.status_code)


def plain(request: Request, status: int) -> Response:
    """What is no refusal of ours: no such page, another method."""
    title = HTTPStatus(status).phrase
    if wants_json(request):
        told = {"type": "about:blank", "title": title, "status": status, "instance": request.url.path}
        return JSONResponse(told, status, media_type="application/problem+json")
    return page(request, getattr(request.state, "who", None), "error.html", status=status, error=None, title=title)


def _said(error: Exception) -> str:
    if not isinstance(error, RequestValidationError):
        return str(error)
    parts = [f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors()[:5]]
    return "; ".join(parts)
