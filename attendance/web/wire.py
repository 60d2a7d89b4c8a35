"""The connections below the answers: those that say nothing are closed, so that they keep nobody out."""

import asyncio
import socket
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SILENT_S: Final = 20.0
"""Seconds in which the head of a request must have come, from the connection's start or the request's."""


class Patient(H11Protocol):
    """As uvicorn's, and it closes connections whose request does not come.

    At most ``room`` may wait for one; with more, the one that has waited for longest is closed at once.
    """

    room: ClassVar[int] = 512
    _waiting: ClassVar[dict[asyncio.Protocol, None]] = {}
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A connection begins; what is answered in parts goes out at once.

        The event loop sees to that for sockets that it has made itself, and ours is made before it: else the second
        part of each answer would wait for a browser's acknowledgement of the first, 40 ms.
        """
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Something has come."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """A request was answered, and the next may be here in part."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Have the timer run as long as the head of a request is awaited, from when that began."""
        if self.transport.is_closing() or not self._awaits_head():
            self._rest()
        elif self._timer is None:
            self._timer = self.loop.call_later(SILENT_S, self.give_up)
            self._waiting[self] = None
            if len(self._waiting) > self.room:
                self._close_oldest()

    def _awaits_head(self) -> bool:
        return self.conn.their_state is h11.IDLE and (self.cycle is None or self.cycle.response_complete)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting.pop(self, None)

    def _close_oldest(self) -> None:
        oldest = next(iter(self._waiting))
        if isinstance(oldest, Patient):
            oldest.give_up()

    def give_up(self) -> None:
        """Close the connection: nothing has come."""
        self._rest()
        if not self.transport.is_closing():
            self.transport.abort()
