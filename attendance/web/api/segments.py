"""Ids and names within paths: a slash that belongs to one comes encoded, as %2F, and is told from those between."""

from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Path
from pydantic import AfterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from attendance.web.api.operations import PREFIX


class EncodedSlashes:
    """Lets an encoded slash be part of its segment: it stays encoded until a route asks for the segment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        raw = (scope.get("raw_path") or b"").lower()
        if scope["type"] == "http" and (b"%2f" in raw or b"%25" in raw) and scope["path"].startswith(PREFIX):
            scope = {**scope, "path": _path(scope["raw_path"])}
        await self._app(scope, receive, send)


def _path(raw: bytes) -> str:
    text = raw.partition(b"?")[0].decode("ascii", "replace")
    return "/".join(unquote(each).replace("%", "%25").replace("/", "%2F") for each in text.split("/"))


def _told(segment: str) -> str:
    return segment.replace("%2F", "/").replace("%25", "%")


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
ModelName = Annotated[
    str, Path(description="The model's name.", examples=["objects-pair"], max_length=_LONGEST), AfterValidator(_told)
]
MarkId = Annotated[
    str, Path(description="The mark's id.", examples=["01JNZ0"], max_length=_LONGEST), AfterValidator(_told)
]
Number = Annotated[int, Path(description="Its number.", examples=[1], ge=1, le=2**53)]
