"""Several at a time: results keep the order of the work, errors stay with their item, leaving early stops."""

import os
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.parallel import as_iterator, in_order, worker_count


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4))
def test_order_is_that_of_the_items(delays, workers):
    """Whoever is ready first, results come in the order of the items."""

    def work(item: tuple[int, int]) -> int:
        time.sleep(item[1] / 1000)
        return item[0]

    items = list(enumerate(delays))
    assert [n for n, _ in items] == [result() for _, result in in_order(work, items, workers)]


@pytest.mark.parametrize("workers", [1, 3])
def test_error_belongs_to_its_item(workers):
    """An error comes out where its item's result would, and the others go on."""

    def work(item: int) -> float:
        return 1 / item

    found = []
    for item, result in in_order(work, [1, 0, 2], workers):
        try:
            found.append((item, result()))
        except ZeroDivisionError:
            found.append((item, None))
    assert [(1, 1.0), (0, None), (2, 0.5)] == found


def test_look_ahead_is_bounded():
    """However many items there are, only a few are under way."""
    begun = []
    results = in_order(begun.append, range(1000), workers=2)
    next(results)
    results.close()
    assert len(begun) <= 2 * 2 + 2


def test_stream_of_a_callback():
    """What is emitted comes out in order, the error last."""

    def run(emit, stop) -> None:
        assert not stop()
        for number in range(3):
            emit(number)
        raise ValueError("at the end")

    found = as_iterator(run)
    assert [0, 1, 2] == [next(found) for _ in range(3)]
    with pytest.raises(ValueError, match="at the end"):
        next(found)


def test_leaving_a_stream_stops_it():
    """Who leaves the iterator early makes the work stop, and waits for it."""
    stopped = threading.Event()

    def run(emit, stop) -> None:
        while not stop():
            emit(1)
            time.sleep(0.001)
        stopped.set()

    found = as_iterator(run)
    assert next(found) == 1
    found.close()
    assert stopped.is_set()


@pytest.mark.parametrize(("wanted", "expected"), [((3, 8), 3), ((None, 8), 8), ((0, 8), 8)])
def test_how_many_workers(wanted, expected):
    """The first number that is one says how many workers there are."""
    assert expected == worker_count(*wanted)


def test_as_many_workers_as_cores():
    """Without any number there is a worker for each core that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert cores == worker_count(None, 0)
