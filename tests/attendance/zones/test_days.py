"""Days are those of the wall calendar, also where clocks are turned."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import ZoneUnknown
from attendance.zones import day_bounds, days_between, days_of, local_day, zone
from attendance.zones.names import is_zone, name_in_path

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "America/New_York",
    "Africa/Casablanca",
]
zones = st.sampled_from(ZONES)
instants = st.datetimes(datetime(2005, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(2005, 1, 1), date(2036, 12, 31))


@given(instants, zones)
def test_every_instant_lies_in_its_day(at, name):
    """An instant lies within the bounds of the day that the wall calendar shows then."""
    begin, end = day_bounds(local_day(at, name), name)
    assert begin <= at < end


@given(days, zones)
def test_days_tile_time(day, name):
    """A day ends where the next begins, and is 23 to 25 hours long but for a day that was skipped."""
    begin, end = day_bounds(day, name)
    assert day_bounds(day + timedelta(days=1), name)[0] == end
    assert timedelta(hours=23) <= end - begin <= timedelta(hours=25) or begin == end


@pytest.mark.parametrize(
    ("day", "name", "hours"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 10, 4), "Australia/Lord_Howe", 23.5),
        (date(2011, 12, 30), "Pacific/Apia", 0),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),
        (date(2026, 3, 2), "Asia/Kathmandu", 24),
    ],
)
def test_known_days(day, name, hours):
    """Days on which clocks are turned, or that a country left out, have their true length."""
    begin, end = day_bounds(day, name)
    assert timedelta(hours=hours) == end - begin


@given(instants, zones)
def test_equals_the_wall_calendar(at, name):
    """The day is the date that a clock in the zone shows."""
    assert at.astimezone(ZoneInfo(name)).date() == local_day(at, name)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "/etc/passwd", "../UTC", "Europe"])
def test_no_zone(name):
    """What is no zone is refused, whatever it looks like."""
    assert not is_zone(name)
    with pytest.raises(ZoneUnknown):
        zone(name)


@pytest.mark.parametrize(
    "name", ["europe/berlin", "utc", "posix/Europe/Berlin", "right/UTC", "localtime", "posixrules"]
)
def test_one_name_a_zone(name):
    """Neither another spelling is a zone nor a file that means another one elsewhere: days would have two sessions."""
    assert not is_zone(name)


def test_near_zones_are_named():
    """A misspelt zone is refused with those that may be meant."""
    with pytest.raises(ZoneUnknown, match=r"did you mean Europe/Berlin\?"):
        zone("Berlin")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/posix/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/usr/share/zoneinfo/right/Europe/Berlin", "Europe/Berlin"),
        ("/var/db/timezone/zoneinfo/Europe/Oslo", "Europe/Oslo"),
        ("/usr/share/zoneinfo.default/Europe/Oslo", "Europe/Oslo"),
        ("/nix/store/x-tzdata-2026a/share/zoneinfo/UTC", "UTC"),
        ("/etc/localtime", None),
        ("/usr/share/zoneinfo/localtime", None),
        ("/usr/share/zoneinfo/Europe", None),
    ],
)
def test_names_of_places(place, name):
    """A file of compiled zones is named by where it lies, on Debian, macOS and NixOS alike."""
    assert name == name_in_path(place)


def march(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2026."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "days"),
    [
        (march(1, 0), march(2, 0), "UTC", [1]),
        (march(1, 0), march(2, 0, 1), "UTC", [1, 2]),
        (march(2, 0), march(2, 0), "UTC", [2]),
        (march(1, 0), march(2, 0), "Europe/Berlin", [1, 2]),
        (march(1, 23), march(4, 22), "Europe/Berlin", [2, 3, 4]),
    ],
)
def test_the_days_of_a_span(begins, ends, zone, days):
    """A span lies on each local day that it has an instant of; its end is free."""
    assert [date(2026, 3, day) for day in days] == days_between(begins, ends, zone)


def test_the_days_between_two_instants():
    """All local days with an instant from the first up to, and without, the last; at least that of the first."""
    begin = datetime(2026, 2, 27, 23, 30, tzinfo=UTC)
    assert [date(2026, 2, 28)] == days_between(begin, begin, "Europe/Berlin")
    assert [date(2026, 2, 27)] == days_between(begin, begin + timedelta(minutes=30), "UTC")
    assert [date(2026, 2, day) for day in (27, 28)] == days_between(begin, begin + timedelta(minutes=31), "UTC")


@pytest.mark.parametrize(
    ("text", "days"),
    [("2026-03-01", (1, 1)), (" 2026-03-01 .. 2026-03-04 ", (1, 4)), ("2026-03-04..2026-03-01", (4, 1))],
)
def test_days_as_people_type_them(text, days):
    """One day is the first and the last; two have dots between them, in whichever order."""
    assert tuple(date(2026, 3, day) for day in days) == days_of(text)


@pytest.mark.parametrize("text", ["", "..", "March", "2026-03-01..", "..2026-03-01", "2026-03-01-2026-03-02"])
def test_what_is_no_days(text):
    """What is neither a day nor two with dots between them is refused."""
    with pytest.raises(ValueError, match="isoformat"):
        days_of(text)
