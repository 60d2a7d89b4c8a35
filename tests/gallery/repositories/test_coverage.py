"""Coverage: from when to when each source has looked, and for whom."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery import Conflict
from gallery.repositories import coverage, groups, places
from gallery.timetablevalues import StoredCoverage

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _cover(step, now, begin: int, end: int, source: str = "door", **more) -> int:
    given = {"begins": BEGIN + begin * HOUR, "ends": BEGIN + end * HOUR, "at": now, "by": "t"}
    return coverage.begin(step, "camera", source, **(given | more))


def test_a_cover_is_told_in_full(store, now):
    """Kind, source, place with its site, group, span, who entered it and why."""
    with store.atomic() as step:
        door = places.insert(step, None, "door", "kiosk", at=now, site="North").id
        number = _cover(step, now, 0, 2, place=door, group_id=groups.ensure(step, "7b"), reason="r")
        (found,) = coverage.within(step, BEGIN, BEGIN + HOUR)

    span = (BEGIN, BEGIN + 2 * HOUR)
    assert StoredCoverage(number, "camera", "door", door, "7b", "North", *span, now, "t", "r") == found


def test_the_end_moves_on_and_never_back(store, now):
    """A source that goes on looking has a later end; an earlier one changes nothing."""
    with store.atomic() as step:
        number, other = _cover(step, now, 0, 1), _cover(step, now, 0, 1, "yard")
        for hours in (3, 2):
            coverage.extend(step, number, BEGIN + hours * HOUR)
            assert {"door": BEGIN + 3 * HOUR, "yard": BEGIN + HOUR} == coverage.watermarks(step)
        assert [number, other] == [each.id for each in coverage.within(step, BEGIN, BEGIN + HOUR)]


def test_the_watermark_is_the_latest_of_a_source(store, now):
    """Of several spans of one source the one that reaches furthest counts; without any there is none."""
    with store.atomic() as step:
        assert {} == coverage.watermarks(step)
        for begin, end in ((0, 5), (6, 6), (1, 2)):
            _cover(step, now, begin, end)
        assert {"door": BEGIN + 6 * HOUR} == coverage.watermarks(step)


def test_a_place_that_has_looked_stays(store, now):
    """A place is recorded as soon as coverage names it, and cannot be deleted."""
    with store.atomic() as step:
        door = places.insert(step, None, "door", "kiosk", at=now)
        assert not places.is_recorded(step, door.id)
        _cover(step, now, 0, 1, place=door.id)
        assert places.is_recorded(step, door.id)
    with pytest.raises(Conflict), store.atomic() as step:
        places.remove(step, door.id)


def test_nonsense_is_refused(store, now):
    """An end before the beginning and an unknown kind are refused; an instant is a span."""
    with store.atomic() as step:
        _cover(step, now, 1, 1)
    with pytest.raises(Conflict), store.atomic() as step:
        _cover(step, now, 1, 0)
    with pytest.raises(Conflict), store.atomic() as step:
        coverage.begin(step, "guess", "x", begins=now, ends=now, at=now, by="t")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spans=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=8),
    begin=st.integers(0, 7),
    length=st.integers(0, 4),
)
def test_those_of_a_span_are_those_of_a_list(store, now, spans, begin, length):
    """Whatever has an instant in begin <= t < end is told, by its beginning, a look of one instant, too."""
    with store.atomic() as step:
        made = [(first, first + more, _cover(step, now, first, first + more)) for first, more in spans]
        found = coverage.within(step, BEGIN + begin * HOUR, BEGIN + (begin + length) * HOUR)
        step.connection().exec_driver_sql("DELETE FROM coverage")

    expected = [(first, number) for first, last, number in made if first < begin + length and last >= begin]
    assert [number for _, number in sorted(expected)] == [each.id for each in found]
