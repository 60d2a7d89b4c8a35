"""Frames that are pushed: the newest alone, until none comes or somebody closes."""

from datetime import UTC, datetime

import numpy as np
import pytest

from attendance.cameras import Frame
from attendance.live import PushFeed


class Ticks:
    """A clock that is moved by hand."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def utc(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


def frame(number: int) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), number, float(number), datetime(2026, 3, 2, tzinfo=UTC))


def test_the_newest_frame_alone_is_handed_on(ticks):
    """What came while another one was looked at is not looked at later."""
    with PushFeed(ticks) as feed:
        items = iter(feed)
        for number in (1, 2, 3):
            assert feed.push(frame(number))
        assert 3 == next(items).number
        assert next(items) is None


def test_it_ends_when_no_frame_has_come_for_so_long(ticks):
    """And takes none from then on, so that the next one begins another run."""
    feed = PushFeed(ticks, quiet_s=15)
    feed.push(frame(1))
    items = iter(feed)
    assert 1 == next(items).number
    ticks.seconds = 14.9
    assert next(items) is None
    ticks.seconds = 15.0
    assert [] == list(items)
    assert not feed.push(frame(2))


def test_what_waits_when_it_is_closed_is_handed_on_first(ticks):
    """No frame that was taken is lost."""
    feed = PushFeed(ticks)
    feed.push(frame(1))
    feed.close()
    assert [1] == [each.number for each in feed]


def test_left_it_is_closed(ticks):
    """A run that failed takes no more frames."""
    feed = PushFeed(ticks)
    with feed:
        pass
    assert not feed.push(frame(1))
