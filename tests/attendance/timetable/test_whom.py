"""Whom an entry is for on a day."""

from datetime import UTC, date, datetime, time

import pytest

from attendance.timetable.facts import Entry, Person, Span, Spell, Version
from attendance.timetable.rule import Rule
from attendance.timetable.whom import concerns

DAY = date(2026, 9, 7)
RULE = Rule(time(8), time(9), "Pacific/Auckland", date(2026, 1, 1), "FREQ=DAILY")


def entry(group=None, person=None):
    return Entry(1, "Maths", group, person, (Version(1, date(2026, 1, 1), RULE),))


def test_everybody_the_person_or_the_group():
    """An entry is for everybody, for one person, or for those of its group."""
    person = Person(7, (Spell("7b", None, None),))
    assert [True, True, False, True, False] == [
        concerns(each, person, DAY)
        for each in (entry(), entry(person=7), entry(person=8), entry(group="7b"), entry(group="8a"))
    ]


@pytest.mark.parametrize(("day", "there"), [(6, False), (7, True), (13, True), (14, False)])
def test_group_from_a_day_to_another(day, there):
    """Somebody belongs to a group from the first day on and not on the day of leaving."""
    person = Person(7, (Spell("7b", date(2026, 9, 7), date(2026, 9, 14)),))
    assert there == concerns(entry(group="7b"), person, date(2026, 9, day))


def test_inactive_people_drop_out_by_days_of_the_rules_zone():
    """Somebody away all day long on the wall of the rule's zone is concerned by nothing; away for a part, they are."""
    from_midnight = datetime(2026, 9, 6, 12, tzinfo=UTC)
    whole = Span(from_midnight, datetime(2026, 9, 7, 12, tzinfo=UTC))
    part = Span(from_midnight, datetime(2026, 9, 7, 11, 59, tzinfo=UTC))
    assert [False, True] == [concerns(entry(), Person(7, away=(away,)), DAY) for away in (whole, part)]
