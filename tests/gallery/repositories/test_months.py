"""Months: closed and opened again, every word kept, the latest counts."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery import record
from gallery.repositories import months
from gallery.repositories.events import MONTH_CLOSED, MONTH_OPENED
from gallery.timetablevalues import MonthState


def test_a_word_is_told_in_full(store, now):
    """Month, whether it is closed, the digest of its statuses, when, by whom and why."""
    with store.atomic() as step:
        made = months.add(step, "2026-02", closed=True, at=now, by="head", reason="paid", digest="d" * 64)
        assert [made] == months.history(step)
    assert MonthState("2026-02", True, "d" * 64, now, "head", "paid") == made


def test_every_word_has_an_event(store, now):
    """What the log lacks is named, as often as it was said."""
    with store.atomic() as step:
        for closed in (True, False, True):
            months.add(step, "2026-02", closed=closed, at=now, by="t", reason="r")
        due = [(MONTH_CLOSED, "2026-02"), (MONTH_OPENED, "2026-02"), (MONTH_CLOSED, "2026-02")]
        assert sorted(due) == sorted(months.unrecorded(step))
        record(step, at=now, by="t", action=MONTH_CLOSED, subject="2026-02")
        assert sorted(due[:2]) == sorted(months.unrecorded(step))


WORDS = st.lists(st.tuples(st.sampled_from(["2025-12", "2026-01", "2026-02"]), st.booleans()), max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS)
def test_the_latest_word_counts(store, now, words):
    """Each month is as was said of it last, in order of the months; all that was said is kept in its order."""
    with store.atomic() as step:
        for number, (month, closed) in enumerate(words):
            months.add(step, month, closed=closed, at=now + timedelta(minutes=number), by="t", reason=str(number))
        states, history = months.states(step), months.history(step)
        step.connection().exec_driver_sql("DELETE FROM month")

    assert dict(sorted(dict(words).items())) == {month: each.closed for month, each in states.items()}
    assert sorted(states) == list(states)
    assert words == [(each.month, each.closed) for each in history]
    assert [str(number) for number in range(len(words))] == [each.reason for each in history]
