"""What is seen on the morning after belongs to the night before; in the middle of a month nothing is asked."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from attendance.errors import MonthClosed
from attendance.services.nights import Nights


def test_the_morning_after_is_the_night_before(closed_nights):
    """A mark by hand that would count for the last night of a closed month is refused, one a second later is not."""
    for refused in ("2026-02-28T22:00", "2026-03-01T00:00", "2026-03-01T06:29:59"):
        with pytest.raises(MonthClosed, match="and 2026-02-28 would change"):
            closed_nights.mark("Ada", at=refused)
    assert closed_nights.mark("Ada", at="2026-03-01T06:30").at == datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def test_the_plan_is_read_beside_a_closed_month_alone(closed_nights):
    """For a mark in the middle of an open month nothing of the timetable is read."""
    with closed_nights.store.reading() as transaction:
        assert set() == Nights(None, "UTC").of_mark(transaction, 1, datetime(2026, 3, 10, 12, tzinfo=UTC))
        found = closed_nights.nights.of_mark(transaction, 1, datetime(2026, 3, 1, 5, tzinfo=UTC))
    assert {date(2026, 2, 28), date(2026, 3, 1)} == found


def test_what_derives_statuses_is_loaded_where_it_is_needed():
    """A check that marks somebody in an open month does not wait for the timetable to load."""
    code = "import sys, attendance.services.nights, attendance.services.settled; print('dateutil' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == run.stdout.strip()
