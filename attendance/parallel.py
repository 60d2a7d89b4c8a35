"""Several pieces of work at a time, their results in the order of the work."""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Callable[[], Result]]]:
    """Each item with a function that gives its result or raises its error, in the items' order.

    At most ``2 * workers`` items are under way, so that memory does not grow with their number. Threads
    do, since decoding and inference release the interpreter. One worker works in the caller's thread.
    """
    if workers <= 1:
        for item in items:
            yield item, _later(work, item)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="attendance")
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) >= 2 * workers:
                done, future = waiting.popleft()
                yield done, future.result
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def worker_count(*wanted: int | None) -> int:
    """The first of these numbers that is one; without any, as many workers as there are cores to this process."""
    return next((each for each in wanted if each), None) or _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _later(work: Callable[[Item], Result], item: Item) -> Callable[[], Result]:
    return lambda: work(item)


def as_iterator(run: Callable[[Callable[[Result], None], Callable[[], bool]], None]) -> Iterator[Result]:
    """What ``run(emit, stop)`` emits, one by one, while it goes on in a thread of its own.

    Its error is raised at the end; leaving the iterator early makes ``stop()`` true and waits for it.
    """
    results: queue.SimpleQueue[tuple[Result] | None] = queue.SimpleQueue()
    left = threading.Event()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            run(lambda result: results.put((result,)), left.is_set)
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            errors.append(error)
        finally:
            results.put(None)

    thread = threading.Thread(target=work, name="attendance-stream")
    thread.start()
    try:
        while (found := results.get()) is not None:
            yield found[0]
    finally:
        left.set()
        thread.join()
    if errors:
        raise errors[0]
