"""Old names of zones are told by what the place is called now."""

from datetime import UTC, datetime

import pytest

from attendance.zones.aliases import present_name
from attendance.zones.names import place_names, shipped, zone_names


@pytest.mark.parametrize(
    ("old", "new"),
    [("Europe/Kiev", "Europe/Kyiv"), ("Asia/Rangoon", "Asia/Yangon"), ("Asia/Katmandu", "Asia/Kathmandu")],
)
def test_old_names(old, new):
    """A name that a place no longer has becomes the present one."""
    assert new == present_name(old)


@pytest.mark.parametrize("name", ["Europe/Oslo", "Atlantic/Reykjavik", "UTC", "EET", "Etc/GMT+3", "Africa/Asmera"])
def test_names_that_stay(name):
    """Places that share their hours with another, names without a place, and unclear ones stay as they are."""
    assert name == present_name(name)


def test_every_zone_keeps_its_hours():
    """Whatever the name, the present one has the same hours, and names of places stay as they are."""
    moments = [datetime(year, month, 15, tzinfo=UTC) for year in range(1975, 2030, 6) for month in (1, 7)]
    for name in zone_names():
        old, new = shipped(name), shipped(present_name(name))
        assert [at.astimezone(old).utcoffset() for at in moments] == [at.astimezone(new).utcoffset() for at in moments]
        assert name == present_name(name) or name not in place_names()
