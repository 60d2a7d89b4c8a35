"""Several pieces of work at a time, their results in the order of the work."""

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


def _later(work: Callable[[Item], Result], item: Item) -> Callable[[], Result]:
    return lambda: work(item)
