"""Statuses are those that a plain and slow reckoning, second by second, comes to; and what holds for all of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from timetable_naive import naive
from timetable_random import case, draws

from attendance.timetable.attended import THERE, Status
from attendance.timetable.facts import Cover, Mark, Span
from attendance.timetable.status import Coverage, derive

BLOCK = 250
CASES = range(2000)


def derived(told):
    return derive(told.person, told.occurrences, told.marks, told.excuses, told.covers, now=told.now)


@pytest.mark.parametrize("block", range(8))
def test_second_by_second(block):
    """Every row is the same to the last field, in thousands of random cases."""
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        told = case(seed)
        expected = naive(told.person, told.occurrences, told.marks, told.excuses, told.covers, told.now)
        assert (seed, expected) == (seed, derived(told))


def test_order_of_the_input():
    """The order in which facts are handed in never matters, and deriving twice is equal."""
    for seed in CASES:
        told, rng = case(seed), draws(seed)
        first = derived(told)
        for facts in (told.occurrences, told.marks, told.excuses, told.covers):
            rng.shuffle(facts)
        assert (seed, first) == (seed, derived(told))


def test_prepared_coverage():
    """Coverage prepared once, and asked for other people before, changes nothing."""
    for seed in CASES:
        told = case(seed)
        made = Coverage(told.covers)
        for other in (replace(told.person, recognisable=None), replace(told.person, spells=()), told.person):
            found = derive(other, told.occurrences, told.marks, told.excuses, made, now=told.now)
        assert (seed, derived(told)) == (seed, found)


def test_another_mark_makes_nobody_absent():
    """Who was there by marks of their own is not absent by one more, unless presence has a least length."""
    for seed in CASES:
        told, rng = case(seed), draws(seed)
        before = derived(told)
        told.marks.append(
            Mark(
                "new",
                rng.choice(told.occurrences).begins + timedelta(seconds=rng.randrange(1200)),
                told.occurrences[0].day,
                rng.choice(["in", "out", None]),
            )
        )
        for old, new in zip(before, derived(told), strict=True):
            if old.status in THERE and old.marks and not old.occurrence.rule.absent_below:
                assert (seed, True) == (seed, new.status in THERE)


def test_a_mark_within_makes_everybody_be_there():
    """A mark in an occurrence is presence there, whatever else is known, unless presence has a least length."""
    for seed in CASES:
        told = case(seed)
        chosen = draws(seed).choice(told.occurrences)
        told.marks.append(Mark("new", chosen.begins + timedelta(seconds=30), chosen.day))
        for found in derived(told):
            if found.occurrence is chosen and not chosen.rule.absent_below:
                assert (seed, True) == (seed, found.status in THERE)


def moved(told, by):
    """The case some days later."""

    def later(each, *names):
        return replace(each, **{name: getattr(each, name) + by for name in names})

    def spans(found):
        return tuple(later(each, "begins", "ends") for each in found)

    return replace(
        told,
        person=replace(
            told.person,
            recognisable=told.person.recognisable and told.person.recognisable + by,
            away=spans(told.person.away),
            known=told.person.known and told.person.known + by,
        ),
        occurrences=[
            replace(later(each, "day", "begins", "ends", "opens", "closes"), breaks=spans(each.breaks))
            for each in told.occurrences
        ],
        marks=[later(each, "at", "day") for each in told.marks],
        excuses=[later(each, "begins", "ends") for each in told.excuses],
        covers=[later(each, "begins", "ends", *(["searched"] if each.searched else [])) for each in told.covers],
        now=told.now + by,
    )


def moved_row(found, by):
    def later(moment):
        return None if moment is None else moment + by

    def spans(found):
        return tuple(Span(each.begins + by, each.ends + by) for each in found)

    told = found.occurrence
    return replace(
        found,
        occurrence=replace(
            told,
            day=told.day + by,
            begins=told.begins + by,
            ends=told.ends + by,
            opens=told.opens + by,
            closes=told.closes + by,
            breaks=spans(told.breaks),
        ),
        arrived=later(found.arrived),
        left=later(found.left),
        present=spans(found.present),
        worked_by_day=tuple((day + by, seconds) for day, seconds in found.worked_by_day),
    )


def test_another_day_is_the_same():
    """Everything some days later is the same some days later, as long as no clocks change between."""
    for seed in CASES:
        told, by = case(seed), timedelta(days=1 + seed % 20)
        assert (seed, [moved_row(each, by) for each in derived(told)]) == (seed, derived(moved(told, by)))


def test_hours_add_up():
    """Hours by day add up to the whole, which is no more than planned; times of presence are in order and apart."""
    for seed in CASES:
        for found in derived(case(seed)):
            assert (seed, found.worked_s) == (seed, sum(seconds for _, seconds in found.worked_by_day))
            assert (seed, True) == (seed, 0 <= found.worked_s <= found.occurrence.planned_s)
            edges = [edge for each in found.present for edge in (each.begins, each.ends)]
            assert (seed, sorted(edges)) == (seed, edges)
            assert (seed, True) == (seed, all(each.begins < each.ends for each in found.present))
            assert (seed, True) == (seed, min(found.late_s, found.early_s) >= 0)


def test_automatic_presence_is_not_worked():
    """What the rule closed is worked exactly as if the rule had left it open: not at all."""
    seen = 0
    for seed in CASES:
        told = case(seed)
        left_open = replace(
            told, occurrences=[replace(each, rule=replace(each.rule, auto_close=None)) for each in told.occurrences]
        )
        for found, plain in zip(derived(told), derived(left_open), strict=True):
            seen += found.automatic
            assert (seed, plain.worked_s, plain.worked_by_day) == (seed, found.worked_s, found.worked_by_day)
    assert seen > BLOCK // 10


def test_absent_needs_a_look():
    """Nobody without marks is absent before what looked has passed the beginning, nor where nobody looked."""
    for seed in CASES:
        told = case(seed)
        for found in derived(told):
            if found.status is not Status.ABSENT or found.marks:
                continue
            asked = found.occurrence
            before = [each for each in told.covers if each.ends < asked.begins]
            for covers, now in ((before, told.now), ([], told.now), (told.covers, asked.begins - timedelta(seconds=1))):
                (less,) = derive(told.person, [asked], [], told.excuses, covers, now=now)
                assert (seed, Status.NO_LOG) == (seed, less.status)


def test_another_look_changes_no_presence():
    """One more look makes of "no log" an absence at most, and leaves every other status as it was."""
    for seed in CASES:
        told = case(seed)
        before = derived(told)
        first, last = told.occurrences[0], told.occurrences[-1]
        told.covers.append(Cover("hand", "hand", first.opens, last.closes))
        for old, new in zip(before, derived(told), strict=True):
            allowed = {Status.NO_LOG, Status.ABSENT} if old.status is Status.NO_LOG else {old.status}
            assert (seed, True) == (seed, new.status in allowed)


def test_no_mark_is_lost():
    """Every valid mark in a window, or of a day with one occurrence, counts for something, and no other does."""
    for seed in CASES:
        told = case(seed)
        found = derived(told)
        counted = {mark for each in found for mark in each.marks}
        for mark in told.marks:
            if mark.time_known:
                inside = any(each.occurrence.opens <= mark.at <= each.occurrence.closes for each in found)
            else:
                inside = 1 == sum(each.occurrence.day == mark.day for each in found)
            assert (seed, mark.id, inside and not mark.pending) == (seed, mark.id, mark.id in counted)
