"""Ids and names within paths: a slash that belongs to one comes encoded, as %2F, and is told from those between."""

from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from attendance.web.api.operations import PREFIX

_SLASH: Final = "\0"
"""What stands for an encoded slash between the middleware and a route: no name can hold it."""


class EncodedSlashes:
    """Lets an encoded slash be part of its segment; servers hand out paths in which all are alike."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        raw = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%2f" in raw.lower() and scope["path"].startswith(PREFIX):
            scope = {**scope, "path": _path(raw)}
        await self._app(scope, receive, send)


def _path(raw: bytes) -> str:
    from urllib.parse import unquote

    text = raw.partition(b"?")[0].decode("ascii", "replace")
    return "/".join(unquote(each).replace("/", _SLASH) for each in text.split("/"))


def _told(segment: str) -> str:
    return segment.replace(_SLASH, "/")


_LONGEST: Final = 600
PersonId = Annotated[
    str, Path(description="The person's external id.", examples=["P-1"], max_length=_LONGEST), AfterValidator(_told)
]
SessionName = Annotated[
    str,
    Path(description="A session's name; that of a day's own is the day.", examples=["2026-03-02"], max_length=_LONGEST),
    AfterValidator(_told),
]
RuleName = Annotated[
    str, Path(description="The rule's name.", examples=["Maths 7A"], max_length=_LONGEST), AfterValidator(_told)
]
PlaceName = Annotated[
    str, Path(description="The place's name.", examples=["Front door"], max_length=_LONGEST), AfterValidator(_told)
]
MarkId = Annotated[
    str, Path(description="The mark's id.", examples=["01JNZ0"], max_length=_LONGEST), AfterValidator(_told)
]
Number = Annotated[int, Path(description="Its number.", examples=[1], ge=1, le=2**53)]
