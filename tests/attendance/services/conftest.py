"""A home in which somebody works at night, on the morning after a month that is closed."""

from datetime import UTC, date, datetime

import pytest

from attendance.timetable.ruleparts import Parts

NIGHT = Parts(rrule="FREQ=DAILY", begins="22:00", ends="06:00", pairing="first-last")


@pytest.fixture
def closed_nights(app, draw, clock):
    """Ada works at night; it is noon on 2 March, and February is closed."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.timetables.add(app.actor, "Night", NIGHT, first=date(2026, 2, 20))
    clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    app.months.close(app.actor, "2026-02")
    return app
