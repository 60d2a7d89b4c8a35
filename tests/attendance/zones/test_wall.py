"""Times on the wall as instants: shown once, twice, or never."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.zones.wall import Shown, shown

MINUTE = timedelta(minutes=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC")


@pytest.mark.parametrize(
    ("told", "zone", "expected"),
    [
        ("2026-03-02 08:05", "Europe/Berlin", Shown(datetime(2026, 3, 2, 7, 5, tzinfo=UTC))),
        ("2026-03-29 02:30", "Europe/Berlin", Shown(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), skipped=True)),
        (
            "2026-10-25 02:30",
            "Europe/Berlin",
            Shown(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ),
        ("2011-12-30 12:00", "Pacific/Apia", Shown(datetime(2011, 12, 30, 22, tzinfo=UTC), skipped=True)),
    ],
)
def test_once_twice_and_never(told, zone, expected):
    """A time that comes twice has both instants, one that is skipped goes as far past the gap as it says."""
    assert expected == shown(datetime.fromisoformat(told), ZoneInfo(zone))


@given(st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2035-01-01")), st.sampled_from(ZONES))
def test_equals_looking_at_the_clock(told, zone):
    """All instants at which a clock that is looked at each minute shows the time are found, in order, and no others."""
    where, told = ZoneInfo(zone), told.replace(second=0, microsecond=0)
    about = told.replace(tzinfo=where).astimezone(UTC)
    seen = [about + number * MINUTE for number in range(-200, 201)]
    seen = [each for each in seen if each.astimezone(where).replace(tzinfo=None) == told]
    found = shown(told, where)
    assert found.skipped is not bool(seen)
    if seen:
        assert seen == [each for each in (found.at, found.again) if each is not None]
