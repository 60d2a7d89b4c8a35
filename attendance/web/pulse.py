"""`Pulse`: what wakes the streams of a service, when there is news and when it stops.

One thread asks for the newest number, while somebody listens; streams of any number of event loops hear of it.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Final

EVERY_S: Final = 0.5


class Pulse:
    """Asks ``newest`` every half second, and wakes whoever listens where it tells another number than before."""

    def __init__(self, closing: threading.Event, newest: Callable[[], int], every_s: float = EVERY_S) -> None:
        self._closing, self._newest, self._every_s = closing, newest, every_s
        self._lock = threading.Lock()
        self._ears: set[Ear] = set()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def heard(self) -> Iterator["Ear"]:
        """An ear that hears news and the end of the service, for as long as the ``with`` lasts."""
        ear = Ear(asyncio.get_running_loop(), self._closing)
        with self._lock:
            self._ears.add(ear)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
                self._thread.start()
        try:
            yield ear
        finally:
            with self._lock:
                self._ears.discard(ear)

    def _beat(self) -> None:
        last: int | None = None
        while not self._closing.wait(self._every_s):
            with self._lock:
                if not self._ears:
                    self._thread = None
                    return
            with contextlib.suppress(Exception):  # the database is busy: asked again at once
                last = self._ask(last)
        self._wake()

    def _ask(self, last: int | None) -> int:
        found = self._newest()
        if found != last:
            self._wake()
        return found

    def _wake(self) -> None:
        with self._lock:
            ears = list(self._ears)
        for each in ears:
            each.wake()


class Ear:
    """One stream's: `wait` returns when something may be new or the service stops; `over` says the latter."""

    def __init__(self, loop: asyncio.AbstractEventLoop, closing: threading.Event) -> None:
        self._loop, self._closing = loop, closing
        self._rung, self._end = asyncio.Event(), asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether the service stops."""
        return self._closing.is_set()

    async def wait(self) -> None:
        """Until there may be something new."""
        await self._rung.wait()
        self._rung.clear()

    async def end(self) -> None:
        """Until the service stops."""
        if not self.over:
            await self._end.wait()

    def wake(self) -> None:
        """From any thread: look again."""
        with contextlib.suppress(RuntimeError):  # its loop is over, and so is the stream
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        self._rung.set()
        if self.over:
            self._end.set()
