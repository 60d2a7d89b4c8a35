"""How much may be sent, and how slowly: a body is counted while it comes, and one that trickles in is cut off."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request

from attendance.service_errors import RequestSlow, SignedOut, TokenInvalid, UploadLarge
from attendance.web.known import still_there
from attendance.web.problems import refused
from refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANONYMOUS: Final = 64 * 1024
"""Bytes that may be sent by whoever shows neither cookie nor token: a sign-in has less."""
PATIENCE_S: Final = 20.0
"""Seconds in which something must come, and in which a body may be slower than `SLOWEST`."""
SLOWEST: Final = 4096
"""Bytes a second that a body must come with in the long run."""
DRAINED: Final = 4
"""Of a body that is too large so many times the limit is read and dropped, so that browsers see the answer."""


class Bodies:
    """Lets at most ``limit`` bytes come with a request, 64 KiB from whoever is not known at all.

    ``larger`` tells by path where more may come: there a route reads the body once it knows who has sent it.
    """

    def __init__(
        self,
        app: "ASGIApp",
        limit: int,
        larger: "Mapping[str, int] | None" = None,
        known: "Callable[[Request], object]" = still_there,
    ) -> None:
        self._app, self._limit, self._larger, self._known = app, limit, larger or {}, known

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, or refuse it (413, 408)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = max(self._limit, self._larger.get(scope["path"], 0))
        known = not _is_large(Headers(scope=scope)) or await self._is_known(scope)
        await _Body(scope, receive, send, most if known else min(ANONYMOUS, most)).run(self._app)

    async def _is_known(self, scope: "Scope") -> bool:
        """Whether an account, a kiosk or a program sends it; asked only where more than a little may come."""
        headers = Headers(scope=scope)
        if "cookie" not in headers and "authorization" not in headers:
            return False
        with suppress(Refusal):  # a database that is locked: the route says so
            return await run_in_threadpool(self._known, Request(scope)) is not None
        return True


def _is_large(headers: Headers) -> bool:
    """Whether more than a little comes, or it is not told how much."""
    told = headers.get("content-length", "")
    return int(told) > ANONYMOUS if told.isdigit() else "transfer-encoding" in headers


class _Refused(Exception):  # noqa: N818 - it ends the reading of one body and is seen by nobody else
    pass


class _Body:
    """One request: what of it has come, and since when."""

    def __init__(self, scope: "Scope", receive: "Receive", send: "Send", limit: int) -> None:
        self._scope, self._receive, self._send, self._limit = scope, receive, send, limit
        self._come, self._whole, self._begun = 0, False, asyncio.get_running_loop().time()
        self._error: Refusal | None = None
        self._answered = False

    async def run(self, app: "ASGIApp") -> None:
        told = Headers(scope=self._scope).get("content-length", "")
        if told.isdigit() and int(told) > self._limit:
            self._error = self._large()
            await self._refuse()
            return
        try:
            await app(self._scope, self._receiving, self._sending)
        except Exception:
            if self._error is None:
                raise
        if self._error is not None and not self._answered:
            await self._refuse()

    async def _receiving(self) -> "Message":
        if self._error is not None:
            raise _Refused
        message = await (self._receive() if self._whole else self._next())
        if message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            self._come += len(message.get("body", b""))
            if self._come > self._limit:
                self._error = self._large()
                raise _Refused
        return message

    async def _next(self) -> "Message":
        """The next part of the body, unless it comes too slowly."""
        left = PATIENCE_S + self._come / SLOWEST - (asyncio.get_running_loop().time() - self._begun)
        try:
            return await asyncio.wait_for(self._receive(), max(0.0, min(PATIENCE_S, left)))
        except TimeoutError as error:
            self._error = RequestSlow(self._scope["path"], "what was sent came too slowly")
            raise _Refused from error

    async def _sending(self, message: "Message") -> None:
        if self._error is None:
            self._answered = True
            await self._send(message)

    def _large(self) -> "Refusal":
        headers = Headers(scope=self._scope)
        if self._limit <= ANONYMOUS and "authorization" in headers:
            return TokenInvalid("token", "it is none that holds: unknown, taken back or over")
        if self._limit <= ANONYMOUS and "cookie" in headers:
            return SignedOut(self._scope["path"], "nobody is signed in")
        if self._limit <= ANONYMOUS:
            return UploadLarge(self._scope["path"], f"more than {self._limit // 1024} KiB from somebody unknown")
        return UploadLarge(self._scope["path"], f"more than {self._limit // 1_000_000} MB")

    async def _refuse(self) -> None:
        """Answer; what else comes of a body that is too large is dropped before, for a while."""
        if self._error is None:
            return
        if not isinstance(self._error, RequestSlow):
            await self._drain()
        answer = refused(Request(self._scope), self._error)
        answer.headers["Connection"] = "close"
        await answer(self._scope, self._receive, self._send)

    async def _drain(self) -> None:
        dropped: Any = 0
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self._whole and dropped < DRAINED * self._limit:
                    message = await self._receive()
                    dropped += len(message.get("body", b""))
                    self._whole = not message.get("more_body", False)
        except TimeoutError:
            return
