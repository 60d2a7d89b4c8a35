"""`Lane`: photos that people and programs send are judged one after another, so that cameras keep their share.

Urgent work, that of a kiosk, goes before what waits. Nothing waits without end: beyond `MOST` it is refused at once.
"""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Full, PriorityQueue
from typing import Any, Final, TypeVar

from attendance.service_errors import ServiceBusy

MOST: Final = 100
"""How much may wait."""
CLOSE_S: Final = 1.5
"""The longest that closing waits: the whole service ends within five seconds."""
T = TypeVar("T")


@dataclass(order=True)
class _Job:
    """What waits; the smaller comes first: urgent work, then whatever came earlier."""

    rank: int
    number: int
    work: Callable[[], Any] | None = field(compare=False)
    future: "Future[Any]" = field(compare=False, default_factory=Future)


class Lane:
    """One thread that does one thing at a time. `start` is done by the first work, `close` lets the present end."""

    def __init__(self, most: int = MOST) -> None:
        self._queue: PriorityQueue[_Job] = PriorityQueue(most + 1)  # one more, for what ends it
        self._most, self._counter = most, itertools.count()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How much waits, what is under way left out."""
        return self._queue.qsize()

    def start(self) -> None:
        """Begin to work; nothing where it does already."""
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="lane", daemon=True)
                self._thread.start()

    def submit(self, work: Callable[[], T], *, urgent: bool = False) -> "Future[T]":
        """Have it done; a coroutine awaits the result with ``asyncio.wrap_future``, which holds no thread.

        Whoever cancels the future in time leaves the queue. Raises ServiceBusy where too much waits, or at the end.
        """
        self.start()
        job = _Job(0 if urgent else 1, next(self._counter), work)
        with self._lock:
            if self._closed or self._queue.qsize() >= self._most:
                raise ServiceBusy("judging", _why(closed=self._closed, waiting=self._most))
            try:
                self._queue.put_nowait(job)
            except Full as error:
                raise ServiceBusy("judging", _why(closed=False, waiting=self._most)) from error
        return job.future

    def run(self, work: Callable[[], T], *, urgent: bool = False) -> T:
        """Do it, and wait for it; raises what it raises, and as `submit`."""
        return self.submit(work, urgent=urgent).result()

    def close(self) -> None:
        """Let what is under way end, and refuse what waits with ServiceBusy."""
        with self._lock:
            already, self._closed = self._closed, True
            thread = self._thread
        if already:
            return
        self._queue.put(_Job(-1, -1, None))
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_S)
        while not self._queue.empty():
            left = self._queue.get_nowait()
            if left.work is not None and left.future.set_running_or_notify_cancel():
                left.future.set_exception(ServiceBusy("judging", _why(closed=True, waiting=0)))

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            if job.work is None:
                return
            if job.future.set_running_or_notify_cancel():
                _settle(job)
            del job  # or the last result would live until the next work


def _settle(job: _Job) -> None:
    """Do it; whatever it raises belongs to whoever waits."""
    if job.work is None:
        return
    try:
        result = job.work()
    except BaseException as error:  # noqa: BLE001 - the thread must outlive it
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


def _why(*, closed: bool, waiting: int) -> str:
    return "the service is stopping" if closed else f"{waiting} photos wait to be judged"
