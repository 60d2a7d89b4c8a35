"""Versions as HTTP tells them: an ETag with what is read, and If-Match with what is changed."""

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from starlette.responses import JSONResponse, Response

from attendance.service_errors import EditChanged, EditUnconditional, RequestInvalid

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
ETAG: Final = {"ETag": {"description": "The version of what is told.", "schema": {"type": "string"}}}
"""For ``responses``, among ``headers``."""


def tagged(request: Request, content: dict[str, Any], version: str, *, status: int = 200) -> Response:
    """What is read with its ETag, or 304 where the version is one that the program has already."""
    headers = {"ETag": f'"{version}"', "Cache-Control": "no-store"}
    if request.method == "GET" and version in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return JSONResponse(content, status, headers)


def _tags(text: str) -> set[str]:
    return {found[2] for found in _TAG.finditer(text)}


def _needed(
    request: Request,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="The ETag that was read, or `*` for any.")
    ] = None,
) -> str | None:
    if if_match is None:
        raise EditUnconditional(request.url.path, "the header If-Match is missing")
    return _version(request, if_match)


def _allowed(
    request: Request,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="The ETag that was read; else whatever is there.")
    ] = None,
) -> str | None:
    return None if if_match is None else _version(request, if_match)


def _version(request: Request, text: str) -> str | None:
    """The one version named, None for any. Raises EditChanged for a weak one, RequestInvalid for what is none."""
    if text.strip() == "*":
        return None
    found = _TAG.fullmatch(text.strip())
    if found is None:
        raise RequestInvalid(request.url.path, "If-Match: give one ETag as it was read, in quotes")
    if found[1]:
        raise EditChanged(request.url.path, "a weak ETag names no state for certain")
    return found[2]


Needed = Annotated[str | None, Depends(_needed)]
"""The version that a change is of; the request is refused without one."""
IfGiven = Annotated[str | None, Depends(_allowed)]
"""The version that was seen, where it is told."""
