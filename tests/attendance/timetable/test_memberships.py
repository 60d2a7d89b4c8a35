"""Spells of belonging, from what was said of them in whichever order."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from attendance.timetable import memberships
from attendance.timetable.facts import Person, Span, Spell

FOREVER = datetime.max.replace(tzinfo=UTC)
DAYS = [date(2026, 3, day) for day in range(1, 12)]


def test_without_a_turn_it_is_as_it_is_now():
    """Members of whom nothing was said have always belonged, others never."""
    assert [Spell("7b", None, None)] == memberships.spells("7b", [], member=True)
    assert [] == memberships.spells("7b", [], member=False)


def test_before_the_first_turn_it_was_the_other_way_round():
    """Who joins belongs from that day on, who leaves did so until then."""
    day = date(2026, 3, 4)
    assert [Spell("7b", day, None)] == memberships.spells("7b", [(day, True)], member=True)
    assert [Spell("7b", None, day)] == memberships.spells("7b", [(day, False)], member=False)


@given(days=st.sets(st.sampled_from(DAYS), max_size=8), joins=st.booleans(), member=st.booleans())
def test_each_day_is_what_the_last_turn_before_it_says(days, joins, member):
    """A day's membership is that of the last turn up to it, before the first the opposite of it, else as it is now."""
    turns = [(day, joins == (number % 2 == 0)) for number, day in enumerate(sorted(days))]
    person = Person(1, tuple(memberships.spells("7b", turns, member=member)))
    for day in DAYS:
        before = [joined for since, joined in turns if since <= day]
        expected = before[-1] if before else (not joins if turns else member)
        assert expected == person.belongs("7b", day)


def test_away_is_between_leaving_and_coming_back():
    """Who left and came back was away in between, who left for good for ever, who never left never."""
    left, back = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
    assert [Span(left, back)] == memberships.away([(left, False), (back, True)], FOREVER)
    assert [Span(left, FOREVER)] == memberships.away([(left, False)], FOREVER)
    assert [Span(datetime.min.replace(tzinfo=UTC), back)] == memberships.away([(back, True)], FOREVER)
    assert [] == memberships.away([], FOREVER)
