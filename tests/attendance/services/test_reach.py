"""A closed month is reached by what counts for its nights, also on the morning after; other days are free."""

from datetime import UTC, date, datetime

import pytest

from attendance.services.reach import days_reached, month_days


def test_the_days_of_a_span_and_of_its_nights(closed_nights):
    """A span is of its own days and of those whose windows it lies in."""
    span = datetime(2026, 3, 1, 7, tzinfo=UTC), datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert {date(2026, 3, 1)} == days_reached(closed_nights.statuses.plan(), *span, "UTC")


def test_the_days_of_a_month():
    """First and last, leap years and December included; what is no month raises."""
    assert (date(2024, 2, 1), date(2024, 2, 29)) == month_days("2024-02")
    assert (date(2026, 12, 1), date(2026, 12, 31)) == month_days("2026-12")
    for text in ("2026-13", "2026", "x"):
        with pytest.raises(ValueError, match=r".+"):
            month_days(text)
