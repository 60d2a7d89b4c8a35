"""What every answer carries: nothing from elsewhere, nothing framed, nothing remembered."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)
ALWAYS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
FOUND: Final = frozenset({200, 206, 304})
"""The statuses of a file that is there."""


class Headers:
    """Adds them; what is not of `/static` is not stored anywhere unless an answer says otherwise."""

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), scope, found=message["status"] in FOUND)
            await send(message)

        await self._app(scope, receive, sending)

    def _add(self, headers: MutableHeaders, scope: Scope, *, found: bool) -> None:
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        if self._secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        headers.setdefault("Cache-Control", _kept(scope, found=found))


def _kept(scope: Scope, *, found: bool) -> str:
    """A file whose address changes with it may be kept for ever; one without is asked for anew, and all else never.

    So is an address at which there is no file: it may be that of the next version.
    """
    if not found or not scope["path"].startswith("/static/"):
        return "no-store"
    return "public, max-age=31536000, immutable" if scope["query_string"].startswith(b"v=") else "no-cache"
