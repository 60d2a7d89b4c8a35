"""Waiting until the server tells that something has changed, on a connection of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import psycopg

NOTICE: Final = "attendance_generation"
"""Where listeners hear of a new generation once it is committed."""
NET_S: Final = 30.0
"""So often the database is asked all the same: a notice may never come."""
_SLICE_S: Final = 0.5
"""So often a listener looks whether it is to stop."""


class Listeners:
    """Connections that listen, kept for the next who waits; ``connect`` makes one."""

    def __init__(self, connect: "Callable[[], psycopg.Connection]") -> None:
        self._connect = connect
        self._idle: list[psycopg.Connection] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def wait(self, changed: Callable[[], bool], timeout_s: float, *, net_s: float = NET_S) -> bool:
        """Until ``changed()``, which is asked at first, at each notice, and every ``net_s``; false when time is up."""
        until = time.monotonic() + timeout_s
        with self._listening() as connection:
            while not changed():
                left = until - time.monotonic()
                if left <= 0 or self._closed.is_set():
                    return False
                self._hear(connection, min(left, net_s))
        return True

    def _hear(self, connection: "psycopg.Connection", most_s: float) -> None:
        until = time.monotonic() + most_s
        while not self._closed.is_set() and (left := until - time.monotonic()) > 0:
            if list(connection.notifies(timeout=min(left, _SLICE_S), stop_after=1)):
                return

    @contextmanager
    def _listening(self) -> "Iterator[psycopg.Connection]":
        """A connection that listens already, so that no notice comes between a look and the wait."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None or connection.closed:
            connection = self._connect()
            connection.autocommit = True
            connection.execute(f"LISTEN {NOTICE}")
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if not self._closed.is_set():
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close what is idle; whoever waits stops soon."""
        self._closed.set()
        with self._lock:
            while self._idle:
                self._idle.pop().close()
