"""The lane of photos: one after another, urgent ones first, never without end, nothing lost when it closes."""

import threading

import pytest

from attendance.service_errors import ServiceBusy
from attendance.services.lane import Lane


@pytest.fixture
def lane():
    made = Lane(most=3)
    yield made
    made.close()


def held(lane):
    """Work that goes on until the event is set; the lane is at it when this returns."""
    begun, go = threading.Event(), threading.Event()
    future = lane.submit(lambda: (begun.set(), go.wait(10)))
    assert begun.wait(10)
    return future, go


def test_result_and_error_belong_to_whoever_asked(lane):
    """Work hands its result, or what it raises, to the one who waits, and the lane goes on."""
    with pytest.raises(ZeroDivisionError):
        lane.run(lambda: 1 // 0)
    assert lane.run(lambda: 7) == 7


def test_urgent_goes_first(lane):
    """What a kiosk waits for is done before photos that wait, each sort in its order."""
    done = []
    _, go = held(lane)
    waiting = [
        lane.submit(lambda: done.append("photo 1")),
        lane.submit(lambda: done.append("photo 2")),
        lane.submit(lambda: done.append("kiosk"), urgent=True),
    ]
    go.set()
    for each in waiting:
        each.result(10)
    assert done == ["kiosk", "photo 1", "photo 2"]


def test_full_lane_refuses_at_once(lane):
    """Beyond what may wait, work is refused with `service.busy`, and what waited is done."""
    _, go = held(lane)
    waiting = [lane.submit(lambda: 1) for _ in range(3)]
    with pytest.raises(ServiceBusy) as caught:
        lane.submit(lambda: 1)
    go.set()
    assert [each.result(10) for each in waiting] == [1, 1, 1]
    assert caught.value.id == "service.busy"


def test_cancelled_work_is_not_done(lane):
    """Whoever goes away leaves the queue."""
    done = []
    _, go = held(lane)
    gone, stays = lane.submit(lambda: done.append("gone")), lane.submit(lambda: done.append("stays"))
    assert gone.cancel()
    go.set()
    stays.result(10)
    assert done == ["stays"]


def test_close_ends_the_present_and_refuses_the_rest(lane):
    """Closing waits for what is under way and tells everybody else that the service stops."""
    present, go = held(lane)
    waits = lane.submit(lambda: 1)
    threading.Timer(0.1, go.set).start()
    lane.close()
    assert present.done()
    with pytest.raises(ServiceBusy):
        waits.result(10)
    with pytest.raises(ServiceBusy):
        lane.submit(lambda: 1)
