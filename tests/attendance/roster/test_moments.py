"""Times of other systems are instants, or refused: none is guessed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from attendance.roster.moments import MomentError, read_moment

BERLIN = ZoneInfo("Europe/Berlin")
SEVEN = datetime(2026, 3, 2, 7, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 08:05",
        "2026-03-02T08:05:00",
        "2026/3/2 8:05",
        "2026-03-02 8:05 AM",
        "2026-03-02T07:05Z",
        "2026-03-02T07:05:00.000Z",
        "2026-03-02 12:35:00+05:30",
        "2026-03-02T02:05:00-0500",
        "2026-03-02T09:05+02",
    ],
)
def test_ways_to_write_an_instant(text):
    """With an offset it is that instant, without one it is on the wall of the zone."""
    assert SEVEN == read_moment(text, BERLIN).at


def test_afternoon_by_two_letters():
    """12 AM is midnight, 12 PM noon."""
    assert [23, 11, 15] == [
        read_moment(f"2026-03-02 {text}", BERLIN).at.hour for text in ("12:00 am", "12:00 PM", "4:00 p.m.")
    ]


@pytest.mark.parametrize("text", ["2.3.2026 08:05", "02/03/2026 08:05", "2-3-2026 8:05"])
def test_days_in_another_order_need_a_word(text):
    """2/3 may be two days: with --day-first it is the 2nd of March, without it is refused."""
    assert SEVEN == read_moment(text, BERLIN, day_first=True).at
    with pytest.raises(MomentError, match="--day-first"):
        read_moment(text, BERLIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "08:05",
        "2026-03-02",
        "2026-02-30 08:05",
        "2026-03-02 24:01",
        "2026-03-02 13:05 PM",
        "2026-03-02 08:05+25:00",
        "46083.33",
        "1772438400",
        "soon",
        "13/13/2026 08:05",
        "2/3/26 08:05",
        "2026-03-29 02:30",
        "0001-01-01 00:30",
        "9999-12-31 23:59-05:00",
    ],
)
def test_what_is_no_instant(text):
    """No time, no day, no offset, a number, and an hour that the clock left out."""
    with pytest.raises(MomentError):
        read_moment(text, BERLIN, day_first=True)


def test_an_hour_that_came_twice():
    """The first is taken, and it is said; an offset tells which."""
    found = read_moment("2026-10-25 02:30", BERLIN)
    assert (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True) == (found.at, found.remark is not None)
    assert datetime(2026, 10, 25, 1, 30, tzinfo=UTC) == read_moment("2026-10-25 02:30+01:00", BERLIN).at
