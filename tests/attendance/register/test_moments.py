"""Times that people type: on the site's clock, within the session, and never in the future."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import MarkTime
from attendance.register.moments import day_told, moment
from attendance.register.sessions import SessionInfo
from attendance.zones import day_bounds

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def day(text: str, zone: str = "Europe/Berlin") -> SessionInfo:
    found = date.fromisoformat(text)
    return SessionInfo(1, text, "day", found, zone, day_bounds(found, zone)[0], None)


@pytest.mark.parametrize(
    ("typed", "hour", "minute", "second"),
    [
        ("08:05", 7, 5, 0),
        ("8:05", 7, 5, 0),
        (" 08:05:30 ", 7, 5, 30),
        ("2026-03-02T08:05", 7, 5, 0),
        ("2026-03-02 08:05", 7, 5, 0),
        ("2026-03-02T08:05+01:00", 7, 5, 0),
        ("2026-03-02T07:05Z", 7, 5, 0),
        ("2026-03-02T16:05+09:00", 7, 5, 0),
        ("00:00", -1, 0, 0),
    ],
)
def test_times_of_the_day(typed, hour, minute, second):
    """A time is that of the site's clock on the session's day; a whole instant may have its own offset."""
    expected = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour, minutes=minute, seconds=second)
    found = moment(typed, day("2026-03-02"), NOW)
    assert (expected, None) == (found.at, found.remark)


@pytest.mark.parametrize(
    "typed", ["", "8", "0805", "24:00", "25:00", "08:61", "noon", "2026-03-02", "8:05 pm", "-1:00", "08:05\0"]
)
def test_no_times(typed):
    """What is no time is refused, not guessed at; a bare number or day is none."""
    with pytest.raises(MarkTime, match=r"is no time|does not lie"):
        moment(typed, day("2026-03-02"), NOW)


@pytest.mark.parametrize("typed", ["2026-03-01T23:59", "2026-03-03T00:00:01", "2026-03-01T22:59Z", "1970-01-01T00:00"])
def test_outside_the_day(typed):
    """An instant of another day is refused with the bounds."""
    with pytest.raises(MarkTime, match="from 2026-03-02 00:00 to 2026-03-03 00:00"):
        moment(typed, day("2026-03-02"), NOW)


def test_not_yet():
    """What has not come yet is refused, also on the present day."""
    now = datetime(2026, 3, 2, 7, tzinfo=UTC)
    with pytest.raises(MarkTime, match="has not come yet: it is 2026-03-02 08:00"):
        moment("08:01", day("2026-03-02"), now)
    assert now == moment("08:00", day("2026-03-02"), now).at


def test_left_out_by_the_clock():
    """A time that was left out is moved on by what was left out, and that is said."""
    found = moment("02:30", day("2026-03-29"), NOW)
    assert datetime(2026, 3, 29, 1, 30, tzinfo=UTC) == found.at
    assert "02:30 was left out that day, as clocks were put forward: 03:30 is taken" == found.remark


def test_twice_on_the_clock():
    """Of a time that came twice the first is taken, and what means the other is said and means it."""
    session = day("2026-10-25")
    found = moment("02:30", session, NOW)
    assert datetime(2026, 10, 25, 0, 30, tzinfo=UTC) == found.at
    assert "2026-10-25T02:30+01:00 means the other" in (found.remark or "")
    assert datetime(2026, 10, 25, 1, 30, tzinfo=UTC) == moment("2026-10-25T02:30+01:00", session, NOW).at


def test_while_a_session_was_open():
    """In a named session the time lies between its opening and its closing."""
    opens = datetime(2026, 3, 2, 8, tzinfo=UTC)
    closed = SessionInfo(1, "Maths", "named", opens.date(), "UTC", opens, opens + timedelta(hours=1))
    assert opens + timedelta(minutes=5) == moment("08:05", closed, NOW).at
    for typed in ("07:59", "09:01"):
        with pytest.raises(MarkTime, match="does not lie in session Maths, from 2026-03-02 08:00 to 2026-03-02 09:00"):
            moment(typed, closed, NOW)


@pytest.mark.parametrize(
    ("typed", "told"),
    [("08:05", None), ("2026-03-02T08:05", date(2026, 3, 2)), ("2026-03-01T23:30Z", date(2026, 3, 2))],
)
def test_day_of_an_instant(typed, told):
    """A whole instant tells its day on the wall of the zone, a bare time tells none."""
    assert told == day_told(typed, "Europe/Berlin")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 1)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_every_wall_time_has_an_instant(wall, zone):
    """Each minute of each day is taken, as the clock showed it, or with a remark where it was turned."""
    found = moment(f"{wall:%H:%M}", day(wall.date().isoformat(), zone), NOW)
    shown = found.at.astimezone(ZoneInfo(zone))
    assert f"{wall:%Y-%m-%d %H:%M}" == f"{shown:%Y-%m-%d %H:%M}" or found.remark
