"""The calendar: entries are appended, and hold until they are withdrawn."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import KEPT
from sqlalchemy import text

from gallery import Conflict, record
from gallery.repositories import calendar, groups
from gallery.repositories.events import CALENDAR_ADDED, CALENDAR_WITHDRAWN
from gallery.timetablevalues import CalendarDays, Withdrawn


def _closed(step, now, first: int, last: int, **more):
    given = {"name": "holiday", "source": "by hand", "at": now, "by": "t"}
    return calendar.insert(step, "closed", date(2026, 3, first), date(2026, 3, last), **(given | more))


def test_an_entry_is_told_in_full(store, now):
    """Kind, first and last day, name, source, site, group, who entered it; by the first day."""
    with store.atomic() as step:
        group = groups.ensure(step, "7b")
        later = _closed(step, now, 9, 9)
        first = calendar.insert(
            step, "term", date(2026, 3, 2), date(2026, 7, 1), name="term", source="holidays 0.109 DE-BY", at=now,
            by="t", site="North", group_id=group,
        )  # fmt: skip
        found = calendar.entries(step)

    assert [first, later] == found
    assert (
        CalendarDays(
            2, "term", date(2026, 3, 2), date(2026, 7, 1), "term", "holidays 0.109 DE-BY", "North", "7b", now, "t", None
        )
        == first
    )


def test_what_was_withdrawn_holds_no_longer(store, now):
    """It is told only where it is asked for, with who took it back and why; that is said once."""
    with store.atomic() as step:
        gone, kept = _closed(step, now, 2, 3), _closed(step, now, 4, 4)
        calendar.withdraw(step, gone.id, at=now + timedelta(1), by="head", reason="a strike")
        assert [kept] == calendar.entries(step)
        both = calendar.entries(step, withdrawn=True)
    with pytest.raises(Conflict), store.atomic() as step:
        calendar.withdraw(step, gone.id, at=now, by="head", reason="again")

    assert [Withdrawn(now + timedelta(1), "head", "a strike"), None] == [each.withdrawn for each in both]


def test_days_in_the_wrong_order_are_refused(store, now):
    """The last day is not before the first; one and the same is a day."""
    with store.atomic() as step:
        _closed(step, now, 2, 2)
    with pytest.raises(Conflict), store.atomic() as step:
        _closed(step, now, 3, 2)


def test_every_entry_and_withdrawal_has_an_event(store, now):
    """What the log lacks is named by action and number of the entry."""
    with store.atomic() as step:
        one, two = _closed(step, now, 2, 2), _closed(step, now, 3, 3)
        calendar.withdraw(step, two.id, at=now, by="t", reason="r")
        due = [(CALENDAR_ADDED, "1"), (CALENDAR_ADDED, "2"), (CALENDAR_WITHDRAWN, "2")]
        assert due == calendar.unrecorded(step)
        record(step, at=now, by="t", action=CALENDAR_ADDED, subject=one.id)
        record(step, at=now, by="t", action=CALENDAR_WITHDRAWN, subject=two.id)
        assert [(CALENDAR_ADDED, "2")] == calendar.unrecorded(step)


ENTRY = st.tuples(
    st.sampled_from(["closed", "open", "term"]),
    st.dates(),
    st.dates(),
    st.text(KEPT),
    st.none() | st.text(KEPT),
    st.booleans(),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(ENTRY, max_size=6))
def test_entries_come_back_as_they_went_in(store, now, told):
    """Any days, names and sites are read back equal, sorted by their days, without those that were withdrawn."""
    with store.atomic() as step:
        made = []
        for kind, one, other, name, site, gone in told:
            first, last = sorted((one, other))
            each = calendar.insert(step, kind, first, last, name=name, source=name, at=now, by="t", site=site)
            made.append((first, last, each.id, kind, name, site, gone))
            if gone:
                calendar.withdraw(step, each.id, at=now, by="t", reason="")
        found, everything = calendar.entries(step), calendar.entries(step, withdrawn=True)
        step.execute(text("DELETE FROM calendar_entry"))

    assert [each[:6] for each in sorted(made) if not each[6]] == [
        (each.first, each.last, each.id, each.kind, each.name, each.site) for each in found
    ]
    assert sorted(each[2] for each in made) == sorted(each.id for each in everything)
