"""Under which names the service answers: no page of another site can have its own name lead here."""

import ipaddress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

REFUSED = "The service is not known under this name. Start it with --public-url to give it another.\n"


class Hosts:
    """Answers requests to these names and to bare addresses, which no name server can turn elsewhere."""

    def __init__(self, app: "ASGIApp", names: "Collection[str]") -> None:
        self._app, self._names = app, frozenset(each.lower() for each in names)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, or refuse it (400)."""
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).getlist("host")):
            await PlainTextResponse(REFUSED, 400)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, told: list[str]) -> bool:
        return len(told) == 1 and ((name := host_of(told[0])) in self._names or is_address(name))


def host_of(netloc: str) -> str:
    """The name or address in "name:port", an IPv6 address without its brackets, in small letters."""
    text = netloc.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")


def is_address(name: str) -> bool:
    """Whether it is an IP address, which is none that somebody could let lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
