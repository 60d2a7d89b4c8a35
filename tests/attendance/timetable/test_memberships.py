"""Spells of belonging, from what was said of them in whichever order."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from attendance.timetable import memberships
from attendance.timetable.facts import Expected, Span, Spell

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


def test_the_latest_word_counts():
    """A turn said later takes back what was said before of later days."""
    turns = [(date(2026, 3, 9), False), (date(2026, 3, 5), False), (date(2026, 3, 7), True)]
    expected = [Spell("7b", None, date(2026, 3, 5)), Spell("7b", date(2026, 3, 7), None)]
    assert expected == memberships.spells("7b", turns, member=True)


@given(turns=st.lists(st.tuples(st.sampled_from(DAYS), st.booleans()), min_size=1, max_size=8))
def test_each_day_is_what_the_latest_word_about_it_says(turns):
    """A day's membership is that of the last turn said of this day or one before it, unless a later word cut it off."""
    person = Expected(1, tuple(memberships.spells("7b", turns, member=turns[-1][1])))
    for day in DAYS:
        standing: list[tuple[date, bool]] = []
        for turn in turns:
            standing = [each for each in standing if each[0] < turn[0]] + [turn]
        before = [joined for since, joined in standing if since <= day]
        assert (before[-1] if before else not standing[0][1]) == person.belongs("7b", day)


def test_away_is_between_leaving_and_coming_back():
    """Who left and came back was away in between, who left for good for ever, who never left never."""
    left, back = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
    assert [Span(left, back)] == memberships.away([(left, False), (back, True)], FOREVER)
    assert [Span(left, FOREVER)] == memberships.away([(left, False)], FOREVER)
    assert [Span(datetime.min.replace(tzinfo=UTC), back)] == memberships.away([(back, True)], FOREVER)
    assert [] == memberships.away([], FOREVER)
