"""A closed month is reached by what counts for its nights, also on the morning after; other days are free."""

from datetime import UTC, date, datetime

import pytest

from attendance.services.reach import days_reached, month_days
from attendance.timetable.ruleparts import Parts

NIGHT = Parts(rrule="FREQ=DAILY", begins="22:00", ends="06:00", pairing="first-last")


@pytest.fixture
def closed(app, draw, clock):
    """Ada works at night; it is noon on 2 March, and February is closed."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.timetables.add(app.actor, "Night", NIGHT, first=date(2026, 2, 20))
    clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    app.months.close(app.actor, "2026-02")
    return app


def test_the_days_of_a_span_and_of_its_nights(closed):
    """A span is of its own days and of those whose windows it lies in."""
    span = datetime(2026, 3, 1, 7, tzinfo=UTC), datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert {date(2026, 3, 1)} == days_reached(closed.statuses.plan(), *span, "UTC")


def test_the_days_of_a_month():
    """First and last, leap years and December included; what is no month raises."""
    assert (date(2024, 2, 1), date(2024, 2, 29)) == month_days("2024-02")
    assert (date(2026, 12, 1), date(2026, 12, 31)) == month_days("2026-12")
    for text in ("2026-13", "2026", "x"):
        with pytest.raises(ValueError, match=r".+"):
            month_days(text)
