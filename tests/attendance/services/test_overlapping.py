"""Overlaps are found as by comparing everything with everything."""

from datetime import date, time
from random import Random

import pytest

from attendance.services.overlapping import LOOKED_AT, Overlaps
from attendance.services.statuses import Plan
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import Entry, Version
from attendance.timetable.occurrences import of_entry
from attendance.timetable.rule import Rule

TODAY = date(2026, 3, 2)


class Person:
    """As much of a person as overlaps ask for."""

    def __init__(self, number: int, *groups: str) -> None:
        self.id, self.groups = number, groups


PEOPLE = [Person(1, "7a"), Person(2, "7a", "choir"), Person(3, "7b"), Person(4)]


def entries(seed: int) -> tuple[Entry, ...]:
    """Rules at random hours and days for groups, people and everybody."""
    chance, found = Random(seed), []  # noqa: S311 - made-up rules
    for key in range(8):
        begin = chance.randrange(24)
        rule = Rule(
            time(begin),
            time((begin + chance.choice([1, 3, 9])) % 24),
            chance.choice(["UTC", "Asia/Tokyo"]),
            TODAY,
            chance.choice(["FREQ=DAILY;INTERVAL=5", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=WEEKLY;BYDAY=SU"]),
        )
        group, person = chance.choice([("7a", None), ("7b", None), ("choir", None), (None, 4), (None, 2), (None, None)])
        found.append(Entry(key + 1, f"Rule {key}", group, person, (Version(key, TODAY, rule),)))
    return tuple(found)


def whom(entry: Entry) -> set[int]:
    """Whom the entry is for."""
    if entry.person is not None:
        return {entry.person}
    return {each.id for each in PEOPLE if entry.group is None or entry.group in each.groups}


@pytest.mark.parametrize("seed", range(20))
def test_as_by_comparing_all(seed):
    """Each pair of rules that share people and a moment is named, with how many people and the first day."""
    plan = Plan(entries(seed), ())
    overlaps = Overlaps(plan, PEOPLE, TODAY)
    held = {each.key: of_entry(each, TODAY, TODAY + LOOKED_AT, Calendar(())) for each in plan.entries}
    for entry in plan.entries:
        wanted = []
        for other in plan.entries:
            shared = whom(entry) & whom(other)
            days = [
                one.day
                for one in held[entry.key]
                for two in held[other.key]
                if one.begins < two.ends and two.begins < one.ends
            ]
            if other.key != entry.key and shared and days:
                who = "1 person" if len(shared) == 1 else f"{len(shared)} people"
                wanted.append(f"{entry.name} overlaps {other.name} for {who}, first on {min(days)}")
        assert wanted == list(overlaps.of(entry, TODAY))
