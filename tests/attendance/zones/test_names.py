"""Near zones: what people type instead of a zone leads to the one they mean."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.zones.names import hours_of, near_zones, shipped, zone_names, zones_like


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("EUROPE/BERLIN", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("Asia/Tokio", "Asia/Tokyo"),
        ("new york", "America/New_York"),
        ("Zürich", "Europe/Zurich"),
        ("São Paulo", "America/Sao_Paulo"),
        ("germany", "Europe/Berlin"),
        ("DE", "Europe/Berlin"),
        ("UK", "Europe/London"),
        ("cet", "CET"),
        ("CEST", "Europe/Paris"),
        ("PST", "America/Los_Angeles"),
        ("UTC+2", "Etc/GMT-2"),
        ("GMT-5", "Etc/GMT+5"),
    ],
)
def test_meant(typed, meant):
    """The first zone offered is the one meant."""
    assert meant == near_zones(typed)[0]


@pytest.mark.parametrize("typed", ["", "   ", "Mars/Olympus", "../../etc/passwd", "UTC+99", "\0"])
def test_nothing_near(typed):
    """Nothing is offered for what is near to nothing."""
    assert [] == near_zones(typed)


@given(st.text(max_size=30))
def test_any_text(text):
    """Whatever is typed, at most three zones are offered, and each is one."""
    found = near_zones(text)
    assert len(found) <= 3
    assert set(found) <= set(zone_names())


@pytest.mark.parametrize(
    "name", ["Europe/London", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca"]
)
def test_history_tells_the_zone(name):
    """Hours since 1970 tell a zone from all others that keep its hours today."""
    assert name == zones_like(hours_of(shipped(name)), 2026, since=1970)[0]


def test_hours_of_no_zone():
    """A clock that no zone keeps is like none."""
    assert [] == zones_like(lambda _: (19_020, "XXX"), 2026)


def test_hours():
    """Hours are seconds east of Greenwich and the abbreviation."""
    hours = hours_of(shipped("Europe/Berlin"))
    assert [(3600, "CET"), (7200, "CEST")] == [hours(datetime(2026, month, 1, tzinfo=UTC)) for month in (1, 7)]
