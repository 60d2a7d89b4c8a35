"""The server: one process that listens, answers until it is told to stop, and is gone within five seconds then."""

import asyncio
import contextlib
import gc
import os
import signal
import ssl
import threading
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from attendance.web import addresses
from attendance.web.build import build
from attendance.web.wire import SILENT_S, Patient
from enroll.children import leave_no_core

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator
    from pathlib import Path
    from types import FrameType

    from attendance.web.site import Site

GRACE_S: Final = 3
"""Seconds in which requests under way are finished; what runs beside them has the rest of five."""
FILES: Final = 16_384
"""Open files that the service asks the system for, as each connection is one."""
INTERRUPTED: Final = 130


class Deadline:
    """Ends the process when what was to end has not: nothing is lost, as what was answered is on the disk.

    It is for the program's own process alone, and stays armed until that is gone: the interpreter waits for threads.
    """

    def __init__(self, seconds: float = 4.5) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def arm(self, code: int) -> None:
        """From now on."""
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, os._exit, (code,))
            self._timer.daemon = True
            self._timer.start()


class Server(uvicorn.Server):
    """As uvicorn's; when it is told to stop, streams end first, and the signal is answered by an exit code alone."""

    def __init__(
        self,
        config: uvicorn.Config,
        site: "Site",
        ready: "Callable[[], object]" = bool,
        deadline: Deadline | None = None,
    ) -> None:
        super().__init__(config)
        self._site, self._ready, self._deadline = site, ready, deadline
        self.told_by: int | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> "Generator[None, None, None]":
        """Listen to signals while it runs; unlike uvicorn's, they are not raised again in the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
        """End the streams, then the rest; a second interruption waits for nobody."""
        self._site.closing.set()
        self.told_by = self.told_by or sig
        if self._deadline is not None:
            self._deadline.arm(code_of(self.told_by))
        super().handle_exit(sig, frame)

    async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
        """Begin; a connection by TLS has as long for its handshake as one without for its request."""
        loop: Any = asyncio.get_running_loop()
        plain = loop.create_server

        def patient(*given: Any, **told: Any) -> Any:
            waits = {"ssl_handshake_timeout": SILENT_S, "ssl_shutdown_timeout": 1.0} if told.get("ssl") else {}
            return plain(*given, **told, **waits)

        loop.create_server = patient
        try:
            await super().startup(sockets)
        finally:
            del loop.create_server
        self._ready()


def configured(site: "Site", tls: "tuple[Path, Path] | None" = None, *, proxied: bool = False) -> uvicorn.Config:
    """What uvicorn is told: no log of requests, no name of the program, no web sockets, one process.

    ``tls`` are certificate and key; ``proxied``: a proxy on this computer tells from where requests come.
    """
    made = uvicorn.Config(
        build(site),
        http=Patient,
        ws="none",
        loop="asyncio",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=proxied,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_S,
        backlog=addresses.WAITING,
        ssl_certfile=None if tls is None else tls[0],
        ssl_keyfile=None if tls is None else tls[1],
    )
    made.load()
    if made.ssl is not None:
        made.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def serve(
    site: "Site",
    bound: "socket.socket",
    tls: "tuple[Path, Path] | None" = None,
    *,
    proxied: bool = False,
    ready: "Callable[[], object]" = bool,
    deadline: Deadline | None = None,
) -> int:
    """Answer until a signal tells to stop; returns the exit code. What runs beside is begun and ended with it.

    ``ready`` is called when answers are given; ``deadline`` begins when it is told to stop.
    """
    leave_no_core()
    Patient.room = _raise_files() // 2
    server = Server(configured(site, tls, proxied=proxied), site, ready, deadline)
    gc.freeze()  # what is loaded by now stays: to look through it for garbage would keep answers waiting
    server.run(sockets=[bound])
    return code_of(server.told_by)


def code_of(told_by: int | None) -> int:
    """The exit code after a signal: an interruption is told from an end that was asked for."""
    return INTERRUPTED if told_by == signal.SIGINT else 0


def _raise_files() -> int:
    """Ask for more open files, as far as the system lets this account; how many there may be now."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return FILES if soft == resource.RLIM_INFINITY else soft
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
