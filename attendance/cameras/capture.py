"""The capture process: opens one source, keeps its newest frame, hands it over when asked, and can be killed.

Run as ``python -m attendance.cameras.capture``; `wire` tells what is said. It lives apart because a decoder
may hang in ``read()`` for ever, print to standard error as it likes, or crash on garbage.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, Final

import numpy as np

from attendance.cameras.backend import Backend, check_picture, open_backend
from attendance.cameras.frame import Pixels
from attendance.cameras.wire import Message, Order, Orders, Word, send, since_boot
from attendance.errors import CameraError
from enroll.children import bound_computing, bound_memory, leave_no_core

HEARTBEAT_S: Final = 0.5
READ_AHEAD: Final = 3  # frames decoded before they are asked for, when each in turn is wanted
DEFAULT_FPS: Final = 25.0
HIGHEST_FPS: Final = 240.0
FRAME_S: Final = 300  # of computing for one picture of a file, all threads together
FILE_BYTES: Final = 4_000_000_000  # that reading a file may take: the largest pictures, a few for each thread


Opener = Callable[[Orders], Backend]


class _Shelf:
    """Where the grabbing thread leaves frames: one place (newest) or a short row (every)."""

    def __init__(self, order: Order) -> None:
        self._change = threading.Condition()
        self._every = order is Order.EVERY
        self._row: deque[Message] = deque(maxlen=None if self._every else 1)
        self._last: Message | None = None
        self._same = 0

    def put(self, message: Message) -> None:
        """Leave a frame; in the newest order it replaces the one that nobody fetched."""
        with self._change:
            self._change.wait_for(lambda: not self._every or len(self._row) < READ_AHEAD)
            self._row.append(message)
            self._change.notify_all()

    def same(self) -> None:
        """Note that the source repeats itself."""
        with self._change:
            self._same += 1

    def end(self, message: Message) -> None:
        """Leave the last word; it comes after the frames that wait."""
        with self._change:
            self._last = message
            self._change.notify_all()

    def take(self) -> Message | None:
        """The next message; None after a while with nothing new."""
        with self._change:
            ready = self._change.wait_for(lambda: self._row or self._last, HEARTBEAT_S)
            if self._row:
                self._change.notify_all()
                return self._row.popleft()
            if ready:
                return self._last
            same, self._same = self._same, 0
            return Message(Word.SAME) if same else None


def serve(opener: Opener, requests: BinaryIO, replies: BinaryIO) -> None:
    """Follow the orders on `requests` until that pipe closes; then end the whole process at once."""
    orders = Orders.from_line(requests.readline())
    wants = threading.Semaphore(0)
    shelf = _Shelf(orders.order)
    threading.Thread(target=_listen, args=(requests, wants), daemon=True).start()
    threading.Thread(target=_grab, args=(opener, orders, shelf, replies), daemon=True).start()
    try:
        _answer(wants, shelf, replies)
    finally:
        os._exit(0)  # the grabbing thread may hang in a read that no exception reaches


def _listen(requests: BinaryIO, wants: threading.Semaphore) -> None:
    while requests.read(1):
        wants.release()
    os._exit(0)


def _answer(wants: threading.Semaphore, shelf: _Shelf, replies: BinaryIO) -> None:
    while True:
        wants.acquire()
        message = shelf.take()
        while message is None:
            message = shelf.take()
        send(replies, message)


def _grab(opener: Opener, orders: Orders, shelf: _Shelf, replies: BinaryIO) -> None:
    if orders.kind == "file":
        bound_memory(FILE_BYTES)
        bound_computing(FRAME_S)
    try:
        backend = opener(orders)
        # Nobody else writes yet: the first frame, and so the first answer, comes after this.
        send(replies, Message(Word.OPENED, fps=backend.fps, frames=backend.frames, detail=backend.codec))
        shelf.end(_read_all(backend, orders, shelf))
    except CameraError as error:
        shelf.end(Message(Word.FAILED, detail=error.detail, problem=error.id))
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises is told to the other side
        shelf.end(Message(Word.FAILED, detail=str(error) or type(error).__name__))


def _read_all(backend: Backend, orders: Orders, shelf: _Shelf) -> Message:
    """Read to the end; returns the last word."""
    live = orders.kind != "file"
    pace = 1.0 / min(backend.fps or DEFAULT_FPS, HIGHEST_FPS) if orders.order is Order.NEWEST and not live else 0.0
    start, number, before = time.monotonic(), 0, None
    while (pixels := _next(backend, live=live)) is not None:
        check_picture(pixels)
        if live and before is not None and np.array_equal(before, pixels):
            shelf.same()  # no new evidence: a frozen picture must not vote again
        else:
            time.sleep(max(0.0, start + number * pace - time.monotonic()) if pace else 0.0)
            shelf.put(Message(Word.FRAME, number, since_boot(), pixels=pixels))
        before = pixels
        number += 1
    return Message(Word.ENDED, number)


def _next(backend: Backend, *, live: bool) -> Pixels | None:
    """The next picture; of a file it may take no more computing than the slowest machine needs for one."""
    if not live:
        bound_computing(FRAME_S)
    return backend.read()


def main() -> None:
    """Entry of the capture process."""
    leave_no_core()
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    serve(open_backend, sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
