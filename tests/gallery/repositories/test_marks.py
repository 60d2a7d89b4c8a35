"""Marks for timetables: the valid ones of a span, in order, with the day of their session and what awaits approval."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gallery import GalleryFailed
from gallery.repositories import approvals, corrections, marks, sessions
from gallery.values import TimedMark

AWAITED = {"awaits": "approval"}


@pytest.fixture
def people(gallery, now) -> list[int]:
    return [gallery.add_person(name, at=now, by="t").id for name in ("Ada", "Bob", "Cid")]


@pytest.fixture
def days(store, now) -> list[int]:
    """The own session of a day, and a named one that began late on a day that is another one in its zone."""
    with store.atomic() as step:
        return [
            sessions.insert(step, "2026-03-02", "Europe/Berlin", now, day=date(2026, 3, 2)).id,
            sessions.insert(step, "Night", "Pacific/Auckland", datetime(2026, 3, 2, 20, tzinfo=UTC)).id,
        ]


def _add(step, person: int, session: int, at, **more) -> str:
    given = {"entered": at, "by": "t", "method": "manual", "unless": "none"}
    return marks.add(step, person, session, at=at, **(given | more)).id


def test_a_mark_is_told_in_columns(store, people, days, now):
    """Person, instant in UTC, direction, method, session and its local day, whether the time is known and it waits."""
    with store.atomic() as step:
        first = _add(step, people[0], days[0], now, direction="in", method="badge")
        second = _add(step, people[0], days[1], now + timedelta(1), details=AWAITED, time_known=False)
        found = list(marks.timeline(step, now, now + timedelta(2)))

    assert [
        TimedMark(first, people[0], now, True, "in", "badge", days[0], date(2026, 3, 2), False),
        TimedMark(second, people[0], now + timedelta(1), False, None, "manual", days[1], date(2026, 3, 3), True),
    ] == found
    assert {UTC} == {each.at.tzinfo for each in found}


def test_a_direction_is_kept(store, people, days, now):
    """Which way somebody went is the mark's own; without it none is made up."""
    with store.atomic() as step:
        told = [_add(step, people[0], days[0], now, direction=each) for each in ("in", "out", None)]
        assert ["in", "out", None] == [marks.by_id(step, each).direction for each in told]


def test_the_span_holds_its_beginning_and_not_its_end(store, people, days, now):
    """A mark of the first instant is in, one of the last is not."""
    with store.atomic() as step:
        first, second = (_add(step, people[0], days[0], at) for at in (now, now + timedelta(1)))
        spans = [
            list(marks.timeline(step, now, now + timedelta(1))),
            list(marks.timeline(step, now + timedelta(1), now + timedelta(2))),
        ]

    assert [[first], [second]] == [[each.id for each in found] for found in spans]


def test_a_note_is_no_wish_for_approval(store, people, days, now):
    """Only what the details say by this word waits: not a note that holds it, nor another value."""
    with store.atomic() as step:
        for details in (
            {"note": '"awaits": "approval"'},
            {"note": "awaits"},
            {"awaits": "nothing"},
            {"approval": "awaits"},
        ):
            _add(step, people[0], days[0], now, details=details)
        assert [False] * 4 == [each.pending for each in list(marks.timeline(step, now, now + timedelta(1)))]
        assert [] == approvals.waiting_marks(step)


def test_a_zone_that_nobody_knows_is_refused(store, people, days, now):
    """Where the day of a session cannot be told, no day is made up: the session is named."""
    with store.atomic() as step:
        _add(step, people[0], days[1], now)
        step.execute(text("UPDATE session SET zone = 'Mars/Olympus' WHERE name = 'Night'"))
        with pytest.raises(GalleryFailed, match=r"Night.*Mars/Olympus"):
            list(marks.timeline(step, now, now + timedelta(1)))


def test_many_marks_cost_few_statements(store, people, days, now, statements):
    """However many marks there are, they are read by four statements, and what is not asked for is not read."""
    with store.atomic() as step:
        for number in range(40):
            _add(step, people[number % 3], days[number % 2], now + timedelta(minutes=number))
    statements.clear()
    with store.reading() as view:
        assert 40 == len(list(marks.timeline(view, now, now + timedelta(1))))

    assert 4 == sum(each.startswith("SELECT") for each in statements)


@dataclass
class Made:
    """A mark as a list by hand keeps it."""

    person: int
    at: datetime
    ordinal: int
    void: bool
    awaits: bool
    granted: bool | None


MADE = st.tuples(
    st.integers(0, 2),
    st.integers(0, 1),
    st.integers(0, 5),
    st.sampled_from([(), ("void",), ("void", "restore"), ("void", "restore", "void")]),
    st.booleans(),
    st.sampled_from([None, True, False]),
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    made=st.lists(MADE, max_size=12),
    first=st.integers(0, 5),
    last=st.integers(0, 6),
    asked=st.none() | st.sets(st.integers(0, 2)),
)
def test_the_timeline_is_that_of_a_list(store, people, days, now, made, first, last, asked):
    """Void and refused marks are out, those that nobody has approved wait, and the order is that of a plain sort."""
    kept: dict[str, Made] = {}
    with store.atomic() as step:
        for which, session, hour, said, awaits, granted in made:
            at = now + timedelta(hours=hour)
            mark = _add(step, people[which], days[session], at, details=AWAITED if awaits else {})
            for kind in said:
                corrections.add(step, kind, mark=mark, at=now, by="t", reason="r")
            if awaits and granted is not None:
                approvals.add(step, granted=granted, at=now, by="o", reason="", mark=mark)
            ordinal = marks.by_id(step, mark).ordinal
            kept[mark] = Made(people[which], at, ordinal, bool(said) and said[-1] == "void", awaits, granted)
        whom = None if asked is None else {people[each] for each in asked}
        found = list(marks.timeline(step, now + timedelta(hours=first), now + timedelta(hours=last), whom))
        waiting = {each.id for each in approvals.waiting_marks(step)}
        told = approvals.of_marks(step, kept)
        step.execute(text("DELETE FROM mark"))

    def counts(each: Made) -> bool:
        inside = now + timedelta(hours=first) <= each.at < now + timedelta(hours=last)
        return (
            inside
            and not each.void
            and not (each.awaits and each.granted is False)
            and (whom is None or each.person in whom)
        )

    expected = sorted((each.person, each.at, each.ordinal, mark) for mark, each in kept.items() if counts(each))
    assert expected == [(each.person, each.at, kept[each.id].ordinal, each.id) for each in found]
    assert all(each.pending == (kept[each.id].awaits and kept[each.id].granted is None) for each in found)
    assert {mark for mark, each in kept.items() if each.awaits and each.granted is None and not each.void} == waiting
    assert {mark: each.granted for mark, each in kept.items() if each.awaits and each.granted is not None} == {
        mark: each.granted for mark, each in told.items()
    }
