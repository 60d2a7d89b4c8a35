"""The product's end of one capture process: start it, ask it, kill it."""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import BinaryIO, Final, cast

from attendance.cameras import ffmpeg
from attendance.cameras.wire import WANT, Message, Orders, Word, receive
from enroll.children import environment, widen

COMMAND: Final = (sys.executable, "-P", "-m", "attendance.cameras.capture")
_DRIVERS: Final = ("OPENCV_", "LIBV4L", "LIBVA_", "OMP_", "XDG_RUNTIME_DIR", "DBUS_", "PIPEWIRE_", "SSL_CERT_")
_PIPE_BYTES: Final = 1 << 20


class CaptureProcess:
    """One running child. At most one frame is on its way at any time, so nothing can pile up.

    Raises `EOFError` when it cannot be started.
    """

    def __init__(self, orders: Orders, command: Sequence[str] = COMMAND) -> None:
        self._process = _started(command, orders)
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies = cast("BinaryIO", self._process.stdout)
        widen(self._replies.fileno(), _PIPE_BYTES)
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._asked = False
        self._tell(orders.to_line())

    @property
    def pid(self) -> int:
        """The child's process number."""
        return self._process.pid

    @property
    def waiting(self) -> bool:
        """Whether a frame was asked for that has not come."""
        return self._asked

    def ask(self, timeout_s: float) -> Message | None:
        """The next message; None when none came in time. Raises `EOFError` once the child is gone."""
        if not self._asked:
            self._asked = True
            self._tell(WANT)
        try:
            item = self._messages.get(timeout=max(timeout_s, 1e-3))
        except queue.Empty:
            return None
        if item is None:
            self._messages.put(None)
            raise EOFError(f"the capture process ended ({self._end()})")
        self._asked = item.word is Word.OPENED  # that one comes unasked; every other answers the request
        return item

    def kill(self) -> None:
        """End the child at once, whatever it hangs in."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in a driver: the system reaps it later
            self._process.wait(timeout=2.0)
            self._reader.join(timeout=2.0)
        for pipe in (self._requests, self._replies):
            with contextlib.suppress(OSError, ValueError):
                pipe.close()

    def _tell(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a dead child is noticed by its closed replies
            self._requests.write(data)
            self._requests.flush()

    def _read(self) -> None:
        message: Message | None = None
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # garbage counts as a dead child
            while (message := receive(self._replies)) is not None:
                self._messages.put(message)
        self._messages.put(None)

    def _end(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(timeout=1.0)
            return f"signal {-code}" if code < 0 else f"exit status {code}"
        return "its answers make no sense"


def _started(command: Sequence[str], orders: Orders) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # decoders complain there, addresses with passwords included
            env=_environment(orders),
        )
    except OSError as error:
        raise EOFError(f"the capture process cannot be started ({error.strerror or error})") from error


def _environment(orders: Orders) -> dict[str, str]:
    """What the child needs and no more. No proxy: a camera's pictures and password go to its own address alone."""
    given = os.environ.get(ffmpeg.VARIABLE)
    return {**environment(*_DRIVERS), ffmpeg.VARIABLE: ffmpeg.options(orders.kind, orders.value, given, orders.ca_file)}
