"""People who leave and come back: since when, in the zone of the site, and nothing twice."""

from datetime import date, timedelta

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import SessionDay
from gallery import PersonUnknown, history
from gallery.repositories.events import PERSON_ACTIVE

TEACHER = Actor("teacher")


@pytest.fixture
def leaving(app, draw, clock):
    """Ada was enrolled three days ago."""
    clock.forward(days=-3)
    app.enroll(draw("ada.png", (1,)), name="Ada")
    clock.forward(days=3)
    return app.leaving


def changes(app) -> int:
    with app.store.reading() as transaction:
        return len(history(transaction, action=PERSON_ACTIVE))


def test_from_now_on(leaving, clock):
    """Somebody who leaves does so from now on, on the site's clock, until they come back."""
    assert "active" == leaving.of("Ada").words
    assert f"inactive since {clock.now:%Y-%m-%d %H:%M}" == leaving.set_active(TEACHER, "Ada", False).words
    assert not leaving.of("Ada").person.active
    assert "active" == leaving.set_active(TEACHER, "Ada", True).words


def test_since_a_day(leaving):
    """Somebody who left on a day gone by has been away since its first instant."""
    assert "inactive since 2026-03-01 00:00" == leaving.set_active(TEACHER, "Ada", False, since=date(2026, 3, 1)).words


def test_the_day_is_the_site_s(app, home, clock, pipeline, leaving):  # noqa: ARG001 - somebody is enrolled
    """The first instant of a day is that of the site's zone, and is shown on its clock."""
    app.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"time_zone": "Asia/Tokyo"}) as tokyo:
        found = tokyo.leaving.set_active(TEACHER, "Ada", False, since=date(2026, 3, 2))
    assert ("inactive since 2026-03-02 00:00", timedelta(hours=9)) == (found.words, found.since.utcoffset())


def test_the_same_again_is_no_change(app, leaving):
    """Who is inactive already is not set so a second time: the first word on since when counts."""
    first = leaving.set_active(TEACHER, "Ada", False)
    app.clock.forward(hours=2)
    assert (first, 1) == (leaving.set_active(TEACHER, "Ada", False), changes(app))


@pytest.mark.parametrize(
    ("who", "since", "error"),
    [
        ("Eve", None, PersonUnknown),
        ("Ada", date(2026, 3, 3), SessionDay),
        ("Ada", date(1969, 12, 31), SessionDay),
    ],
)
def test_refused(app, leaving, who, since, error):
    """Nobody leaves who is not there, nor on a day that has not begun or is beyond all records."""
    with pytest.raises(error):
        leaving.set_active(TEACHER, who, False, since=since)
    assert (0, True) == (changes(app), leaving.of("Ada").person.active)
