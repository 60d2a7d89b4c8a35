"""Totals: what is known decides the rate, and what is not is named beside it."""

import random

import pytest
from status_world import ADA, BOB, held, report, row, rule, week

from attendance.register import quota
from attendance.register.quota import NO_GROUP, in_words, share, totals
from attendance.timetable.attended import THERE, Status
from attendance.timetable.rule import Pairing


def test_of_people_groups_and_all():
    """People come first, then groups, then all; the groups are those that the entries are for."""
    found = totals(week())
    assert [("person", "Ada Lovelace"), ("person", "Bob Byron"), ("group", "7b"), ("all", "all")] == [
        (each.of, each.name) for each in found
    ]
    assert [3, 3, 6, 6] == [each.expected for each in found]


def test_rate_leaves_out_what_is_not_known():
    """Excused and no log count neither way: Ada was there 2 of 2 times, Bob 1 of 2."""
    ada, bob, group, _ = totals(week())
    assert (1.0, 0.5, 0.75) == (ada.rate, bob.rate, group.rate)
    assert (1, 1) == (ada.counts[Status.EXCUSED], bob.counts[Status.NO_LOG])


def test_rate_of_nothing():
    """Of whom nothing is known there is no rate, and they are under none."""
    found = report([row(ADA, Status.EXCUSED), row(BOB, Status.NO_LOG)])
    assert [None, None] == [each.rate for each in totals(found)[:2]]
    assert [] == totals(found, under=1.0)


def test_under():
    """Under a share are those alone whose rate is less, not those who have it."""
    assert ["Bob Byron"] == [each.name for each in totals(week(), under=0.75)]
    assert [] == totals(week(), under=0.5)


def test_random_statuses_counted_naively():
    """Whatever statuses there are, counts and rates are those of a plain count."""
    chance = random.Random(5)  # noqa: S311 - made-up statuses
    rows = [
        row(chance.choice((ADA, BOB)), chance.choice(list(Status)), late_s=chance.randrange(99)) for _ in range(300)
    ]
    for total, key in zip(totals(report(rows))[:2], (1, 2), strict=True):
        own = [each for each in rows if each.person == key]
        there = sum(each.status in THERE for each in own)
        absent = sum(each.status is Status.ABSENT for each in own)
        assert there / (there + absent) == total.rate
        assert [sum(each.status is status for each in own) for status in Status] == list(total.counts.values())
        assert sum(each.late_s for each in own) == total.late_s


def test_hours_of_those_with_check_out():
    """Hours are counted where people check out; elsewhere there are none, and the excused need not be worked."""
    shift = held(of=rule(pairing=Pairing.FIRST_LAST))
    rows = [row(ADA, Status.PRESENT, shift, worked_s=5000), row(ADA, Status.EXCUSED, shift), row(BOB, Status.PRESENT)]
    ada, bob, *_ = (dict(zip(quota.COLUMNS, each.cells(), strict=True)) for each in totals(report(rows)))
    assert (1.39, 1.5) == (ada["worked_h"], ada["planned_h"])
    assert (None, None) == (bob["worked_h"], bob["planned_h"])


def test_groups_of_entries_for_everybody():
    """An entry for all counts for the groups that people are in, and for a line of its own where they are in none."""
    everybody = held(group=None)
    found = totals(report([row(ADA, Status.PRESENT, everybody), row(BOB, Status.PRESENT, everybody)]))
    assert [NO_GROUP, "7b"] == [each.name for each in found if each.of == "group"]


def test_one_person_alone():
    """A report on one person has one line."""
    found = report([row(ADA, Status.PRESENT)], scope={"person": ADA})
    assert ["Ada Lovelace"] == [each.name for each in totals(found)]


def test_nobody():
    """Without a row there is no total."""
    assert [] == totals(report([]))


@pytest.mark.parametrize(("text", "value"), [("75%", 0.75), ("0.75", 0.75), ("7,5 %", 0.075), ("100%", 1), ("0", 0)])
def test_shares(text, value):
    """A share is told in percent or as a part of one."""
    assert value == share(text)


@pytest.mark.parametrize("text", ["75", "", "-5%", "101%", "a%", "1.5", "1e-1"])
def test_no_shares(text):
    """What may mean something else is refused, with how to say it."""
    with pytest.raises(ValueError, match=r"75% or 0\.75"):
        share(text)


@pytest.mark.parametrize(
    ("rate", "told"), [(None, ""), (1, "100.0%"), (0, "0.0%"), (0.99999, "99.9%"), (0.00001, "0.1%"), (2 / 3, "66.7%")]
)
def test_rates_in_words(rate, told):
    """Only who was always there is told to have 100%, only who never was to have 0%."""
    assert told == in_words(rate)
