"""Excuses: appended, counted once approved where that is asked for, and not any more once withdrawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import KEPT
from sqlalchemy import text

from gallery import Conflict, record
from gallery.repositories import approvals, excuses
from gallery.repositories.events import EXCUSE_ADDED, EXCUSE_WITHDRAWN
from gallery.timetablevalues import StoredExcuse, Withdrawn
from gallery.values import Approval

BEGINS = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def ada(gallery, now) -> int:
    return gallery.add_person("Ada", at=now, by="t").id


def _excuse(step, person: int, now, begins=BEGINS, ends=BEGINS + HOUR, **more) -> StoredExcuse:
    return excuses.insert(step, person, begins, ends, **({"reason": "ill", "at": now, "by": "t"} | more))


def test_an_excuse_is_told_in_full(store, ada, now):
    """Person, span in UTC, reason, the hash of a document, who entered it, who approved it and who took it back."""
    with store.atomic() as step:
        made = _excuse(step, ada, now, document="d" * 64, awaits=True)
        said = approvals.add(step, granted=True, at=now, by="head", reason="seen", excuse=made.id)
        excuses.withdraw(step, made.id, at=now, by="head", reason="well again")
        found = excuses.numbered(step, made.id)

    assert StoredExcuse(1, ada, BEGINS, BEGINS + HOUR, "ill", "d" * 64, True, now, "t") == made
    assert Approval(1, True, now, "head", "seen", None, made.id) == said
    assert replace(made, approval=said, withdrawn=Withdrawn(now, "head", "well again")) == found


@pytest.mark.parametrize(
    ("awaits", "granted", "withdrawn", "counts", "pending"),
    [
        (False, None, False, True, False),
        (False, None, True, False, False),
        (True, None, False, False, True),
        (True, None, True, False, False),
        (True, True, False, True, False),
        (True, True, True, False, False),
        (True, False, False, False, False),
    ],
)
def test_whether_it_counts(store, ada, now, awaits, granted, withdrawn, counts, pending):
    """It counts unless it waits, was refused or was taken back; it is pending until somebody has looked at it."""
    with store.atomic() as step:
        made = _excuse(step, ada, now, awaits=awaits)
        if granted is not None:
            approvals.add(step, granted=granted, at=now, by="o", reason="", excuse=made.id)
        if withdrawn:
            excuses.withdraw(step, made.id, at=now, by="o", reason="")
        found = excuses.numbered(step, made.id)

        assert (counts, pending) == (found.counts, found.pending)
        assert [found] * pending == approvals.waiting_excuses(step)
        assert [found] * (not withdrawn) == excuses.of(step)
        assert [found] == excuses.of(step, withdrawn=True)


def test_each_is_said_once(store, ada, now):
    """A second withdrawal, a second approval, an excuse that ends as it begins, one of nobody: refused."""
    with store.atomic() as step:
        made = _excuse(step, ada, now, awaits=True)
        excuses.withdraw(step, made.id, at=now, by="t", reason="")
        approvals.add(step, granted=False, at=now, by="t", reason="", excuse=made.id)
    for again in (
        lambda step: excuses.withdraw(step, made.id, at=now, by="t", reason=""),
        lambda step: approvals.add(step, granted=True, at=now, by="t", reason="", excuse=made.id),
        lambda step: _excuse(step, ada, now, ends=BEGINS),
        lambda step: _excuse(step, 99, now),
    ):
        with pytest.raises(Conflict), store.atomic() as step:
            again(step)


def test_nobody_is_found_by_no_number(store):
    """An unknown number is None, and nobody has no excuses."""
    with store.reading() as view:
        assert (None, [], []) == (excuses.numbered(view, 7), excuses.of(view, []), excuses.of(view, [7]))


def test_every_excuse_and_withdrawal_has_an_event(store, ada, now):
    """What the log lacks is named by action and number of the excuse."""
    with store.atomic() as step:
        one, two = _excuse(step, ada, now), _excuse(step, ada, now)
        excuses.withdraw(step, one.id, at=now, by="t", reason="r")
        assert [(EXCUSE_ADDED, "1"), (EXCUSE_ADDED, "2"), (EXCUSE_WITHDRAWN, "1")] == excuses.unrecorded(step)
        record(step, at=now, by="t", action=EXCUSE_ADDED, subject=two.id, details={"person": ada})
        record(step, at=now, by="t", action=EXCUSE_WITHDRAWN, subject=one.id, details={"person": ada})
        assert [(EXCUSE_ADDED, "1")] == excuses.unrecorded(step)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spans=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(1, 4), st.booleans(), st.text(KEPT)), max_size=8
    ),
    asked=st.none() | st.sets(st.integers(0, 1)),
    within=st.none() | st.tuples(st.integers(0, 6), st.integers(0, 8)),
)
def test_those_of_a_span_are_those_of_a_list(store, gallery, now, spans, asked, within):
    """Of these people, with an instant in the span, not withdrawn, by their beginning: as a plain list tells."""
    people = [gallery.add_person("x", at=now, by="t").id for _ in range(2)]
    kept = []
    with store.atomic() as step:
        for which, begin, length, gone, reason in spans:
            begins, ends = BEGINS + begin * HOUR, BEGINS + (begin + length) * HOUR
            made = _excuse(step, people[which], now, begins, ends, reason=reason)
            if gone:
                excuses.withdraw(step, made.id, at=now, by="t", reason="")
            else:
                kept.append(made)
        whom = None if asked is None else {people[each] for each in asked}
        span = None if within is None else (BEGINS + within[0] * HOUR, BEGINS + within[1] * HOUR)
        found = excuses.of(step, whom, within=span)
        step.execute(text("DELETE FROM excuse"))

    expected = [
        each
        for each in kept
        if (whom is None or each.person in whom) and (span is None or (each.begins < span[1] and each.ends > span[0]))
    ]
    assert sorted(expected, key=lambda each: (each.begins, each.id)) == found
