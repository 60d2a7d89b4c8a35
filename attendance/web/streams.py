"""Answers that go on: server-sent events, and pictures one after another. All end when the service stops.

A stream takes what comes next only when its client has taken what came before: a slow one makes nothing pile up, and
one that takes nothing for a while is left.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Send

from attendance.web.known import still_there

if TYPE_CHECKING:
    from attendance.web.pulse import Ear
    from attendance.web.site import Site

HEARTBEAT_S: Final = 15.0
"""The longest that a stream of events is silent."""
STUCK_S: Final = 60.0
"""After so long without taking anything a client is gone."""
RETRY_MS: Final = 2000
BOUNDARY: Final = "picture"
BATCH: Final = 200
T = TypeVar("T")
Wanted = Callable[[Any], bool]
Still = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Item:
    """One event: ``data`` is sent as JSON; with an ``id`` a client that comes back goes on after it."""

    data: Any
    event: str = ""
    id: int | None = None

    def to_bytes(self) -> bytes:
        """As the standard writes it."""
        head = ([] if self.id is None else [f"id: {self.id}"]) + ([f"event: {self.event}"] if self.event else [])
        return "\n".join([*head, f"data: {json.dumps(self.data, ensure_ascii=False)}", "", ""]).encode()


class Stream(StreamingResponse):
    """Ends without a word where the client takes nothing any more, or the service stops while it does not."""

    def __init__(self, site: "Site", parts: AsyncIterator[bytes], media_type: str) -> None:
        headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        super().__init__(parts, media_type=media_type, headers=headers)
        self._site, self._parts = site, parts

    async def stream_response(self, send: Send) -> None:
        """Send what comes, as fast as it is taken."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            with self._site.pulse.heard() as ear:
                async for part in self._parts:
                    if not await _within(send({"type": "http.response.body", "body": part, "more_body": True}), ear):
                        return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if isinstance(self._parts, AsyncGenerator):
                await self._parts.aclose()


def sse(site: "Site", items: AsyncIterator[Item], *, still: Still | None = None) -> Stream:
    """Send events as they come, and a sign of life between them.

    It ends where ``still`` says so, asked at each sign of life: the visitor is signed out, say.
    """
    return Stream(site, _lines(site, items, still), "text/event-stream")


def mjpeg(site: "Site", pictures: AsyncIterator[bytes], *, still: Still | None = None) -> Stream:
    """Send pictures (JPEG), each in the place of the one before, as an ``<img>`` shows them; ends as `sse` does."""
    return Stream(site, _framed(site, pictures, still), f"multipart/x-mixed-replace; boundary={BOUNDARY}")


async def begins_after(site: "Site", after: int | None) -> int:
    """After which piece of news a stream begins: the one that its client has had (None: the newest).

    To be asked before the stream is answered: whoever hears that it is open misses nothing that happens from then on.
    """
    latest = await asyncio.to_thread(site.app.newsroom.latest)
    return latest if after is None else min(after, latest)


async def follow(site: "Site", number: int, wanted: Wanted) -> AsyncIterator[Any]:
    """The news after the piece of this number that are wanted, then each as it is written.

    ``wanted`` may ask the database. Ends when the service stops.
    """
    newsroom = site.app.newsroom
    with site.pulse.heard() as ear:
        while not ear.over:
            found = await asyncio.to_thread(newsroom.after, number, BATCH)
            for each in await asyncio.to_thread(lambda some: [one for one in some if wanted(one)], found):
                yield each
            number = found[-1].id if found else number
            if not found:
                await ear.wait()


def came_before(request: Request) -> int | None:
    """The number of the last event that the client has had: by its ``Last-Event-ID``, else ``?after=``; None: none."""
    told = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 16 else None  # noqa: PLR2004 - below 2**53


def still_here(request: Request) -> Still:
    """Whether whoever began the stream may still see as much: signed in, in the same role and groups."""
    before: Any = getattr(request.state, "who", None)

    async def ask() -> bool:
        now = await asyncio.to_thread(still_there, request)
        return now is not None and (now.role, now.groups) == (before.role, before.groups)

    return ask


async def _lines(site: "Site", items: AsyncIterator[Item], still: Still | None) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    async for item in _paced(site, items, still):
        yield b": here\n\n" if item is None else item.to_bytes()


async def _framed(site: "Site", pictures: AsyncIterator[bytes], still: Still | None) -> AsyncIterator[bytes]:
    yield f"--{BOUNDARY}\r\n".encode()
    async for picture in _paced(site, pictures, still):
        if picture is not None:
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            # The boundary goes out with the picture that it ends: a browser shows it only then.
            yield head.encode() + picture + f"\r\n--{BOUNDARY}\r\n".encode()


async def _paced(site: "Site", items: AsyncIterator[T], still: Still | None) -> AsyncIterator[T | None]:
    """What comes, and None after each pause; until there is no more, nobody is there, or the service stops."""
    following: asyncio.Future[T] | None = None
    asked = asyncio.get_running_loop().time()
    with site.pulse.heard() as ear:
        end = asyncio.ensure_future(ear.end())
        try:
            while not ear.over:
                following = following or asyncio.ensure_future(_next(items))
                waited: set[asyncio.Future[Any]] = {following, end}
                await asyncio.wait(waited, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                now = asyncio.get_running_loop().time()
                if still is not None and now - asked >= HEARTBEAT_S:
                    asked = now
                    if not await still():
                        return
                if following.done():
                    got, following = following, None
                    try:
                        yield got.result()
                    except StopAsyncIteration:
                        return
                elif not ear.over:
                    yield None
        finally:
            await _drop(end, following)
            if isinstance(items, AsyncGenerator):
                await items.aclose()


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)


async def _within(sending: Awaitable[None], ear: "Ear") -> bool:
    """Whether it was sent before the client was given up, or the service stopped."""
    sent, end = asyncio.ensure_future(sending), asyncio.ensure_future(ear.end())
    try:
        await asyncio.wait({sent, end}, timeout=STUCK_S, return_when=asyncio.FIRST_COMPLETED)
        if sent.done():
            sent.result()
            return True
        return False
    finally:
        await _drop(sent, end)


async def _drop(*tasks: "asyncio.Future[Any] | None") -> None:
    for each in tasks:
        if each is not None and not each.done():
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await each
