"""Since when somebody belongs to a group: the latest word counts, as a list of days by hand tells."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.belonging import Belonging, told_by, united

FIRST = date(2026, 3, 1)
SPAN = [FIRST + timedelta(days=number) for number in range(12)]
DAYS = st.sampled_from(SPAN)
WORDS = st.lists(st.tuples(DAYS, st.booleans()), max_size=8)


def _day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def _by_hand(words: list[tuple[date, bool]], *, member: bool) -> list[bool]:
    """Day by day, and long before and after: each word overwrites its day and all later ones."""
    from_ever = (not words[0][1]) if words else member
    days = [date.min, *SPAN, date.max]
    states = [from_ever] * len(days)
    for since, state in words:
        states = [state if day >= since else told for day, told in zip(days, states, strict=True)]
    return states


@given(WORDS, st.booleans())
def test_the_latest_word_counts(words, member):
    """On every day it is as the last word says that was said of that day or an earlier one."""
    found = told_by(words, member=member)

    assert _by_hand(words, member=member) == [found.on(day) for day in (date.min, *SPAN, date.max)]


@given(WORDS, st.booleans())
def test_changes_take_turns(words, member):
    """Each change is another state than the one before, days rise, and the first is the other way round than ever."""
    found = told_by(words, member=member)
    states = [found.from_ever, *(state for _, state in found.changes)]

    assert all(one != other for one, other in pairwise(states))
    assert sorted({day for day, _ in found.changes}) == [day for day, _ in found.changes]


@given(WORDS, WORDS, st.booleans())
def test_said_again_it_is_the_same(words, before, member):
    """What a belonging says of itself makes it so, whatever was said before."""
    found = told_by(words, member=member)

    assert found == told_by([*before, *found.words], member=member)


@given(WORDS, WORDS, st.booleans(), st.booleans())
def test_two_are_united_day_by_day(one, other, first, second):
    """United, somebody belonged on each day on which either did, and on no other."""
    found = united(told_by(one, member=first), told_by(other, member=second))
    both = zip(_by_hand(one, member=first), _by_hand(other, member=second), strict=True)

    assert [a or b for a, b in both] == [found.on(day) for day in (date.min, *SPAN, date.max)]


@given(WORDS, st.booleans(), DAYS, st.booleans())
def test_whether_it_is_so_from_a_day_on(words, member, day, state):
    """It is so from a day on if it is so on that day and on every later one."""
    later = [
        told for at, told in zip([date.min, *SPAN, date.max], _by_hand(words, member=member), strict=True) if at >= day
    ]

    assert ({state} == set(later)) == told_by(words, member=member).is_so_from(day, member=state)


@pytest.mark.parametrize(
    ("words", "member", "expected"),
    [
        ([], True, Belonging(from_ever=True)),
        ([], False, Belonging(from_ever=False)),
        ([(_day(10), True)], True, Belonging(False, ((_day(10), True),))),
        ([(_day(10), False)], False, Belonging(True, ((_day(10), False),))),
        ([(_day(10), True), (_day(5), True)], True, Belonging(False, ((_day(5), True),))),
        ([(_day(10), True), (_day(5), False)], False, Belonging(from_ever=False)),
        ([(_day(10), False), (_day(5), True)], True, Belonging(from_ever=True)),
        ([(_day(3), True), (_day(7), False), (_day(7), True)], True, Belonging(False, ((_day(3), True),))),
        ([(_day(3), True), (date.min, True)], True, Belonging(from_ever=True)),
    ],
)
def test_a_few_by_hand(words, member, expected):
    """Joined, left, moved to an earlier day, taken back, said to have been so from ever."""
    assert expected == told_by(words, member=member)
