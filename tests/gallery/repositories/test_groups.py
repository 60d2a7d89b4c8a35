"""Groups: who belongs to them now, since when, and that none goes while anything is for it."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gallery import Gallery, PersonInvalid
from gallery.repositories import calendar, coverage, groups, places, rules, sessions
from gallery.timetablevalues import MembershipTurn, MembershipWord

BY = "teacher"


def day(number: int) -> date:
    return date(2026, 3, number)


@pytest.fixture
def ada(gallery, now) -> int:
    """Somebody who belongs to class 7b from ever."""
    return gallery.add_person("Ada", at=now, by=BY, groups=["7b"]).id


def _turns(gallery: Gallery) -> list[tuple[str, bool, int]]:
    with gallery.store.reading() as view:
        return [(each.group, each.member, each.from_day.day) for each in groups.turns(view)]


def _words(gallery: Gallery, person: int) -> list[tuple[str, bool, int]]:
    with gallery.store.reading() as view:
        return [(each.group, each.member, each.from_day.day) for each in groups.words(view, person)]


def test_who_was_just_made_belongs_from_ever(gallery, ada):
    """The groups that somebody is entered with have no day: nothing is said of when they joined."""
    assert [] == _turns(gallery)
    assert ("7b",) == gallery.find(ada).groups


def test_a_change_has_its_day(gallery, ada, now):
    """Another class from a day on: left the one, joined the other, with who said so and when."""
    gallery.set_groups(ada, ["8a", "chess"], at=now, by=BY, from_day=day(9))
    with gallery.store.reading() as view:
        found = groups.turns(view)
        said = groups.words(view, ada)

    assert [
        MembershipTurn(ada, "8a", True, day(9)),
        MembershipTurn(ada, "chess", True, day(9)),
    ] == found
    assert [MembershipWord("8a", True, day(9), now, BY), MembershipWord("chess", True, day(9), now, BY)] == said
    assert ["8a", "chess"] == gallery.groups(), "the class that nobody belongs to any more is gone"


def test_leaving_some_groups_says_nothing_of_others(gallery, ada, now):
    """Who leaves one group stays in the others as long as before, also where that is since a later day."""
    gallery.set_groups(ada, ["7b", "art", "chess"], at=now, by=BY, from_day=day(9))
    with gallery.store.atomic() as step:
        groups.remove_member(step, ada, ["art", "no such group"], day=day(5), at=now, by=BY)
        groups.remove_member(step, ada, ["7b"], day=day(5), at=now, by=BY)
    assert ("chess",) == gallery.find(ada).groups
    assert [("chess", True, 9)] == _turns(gallery)


def test_without_a_day_it_is_that_of_the_instant(gallery, ada, now):
    """Where no day is told, the day of the instant itself counts."""
    gallery.set_groups(ada, ["7b", "chess"], at=now, by=BY)
    assert [("chess", True, now.day)] == _turns(gallery)


def test_what_is_so_already_is_not_said_again(gallery, ada, now):
    """Somebody who belongs already has no turn, from whatever later day it is said."""
    for number in (9, 12, 20):
        gallery.set_groups(ada, ["7b", "chess"], at=now, by=BY, from_day=day(number))
    assert [("chess", True, 9)] == _turns(gallery) == _words(gallery, ada)


def test_the_latest_word_counts(gallery, ada, now):
    """An earlier day said later takes back what was said of later days; every word is kept."""
    gallery.add_person("Bob", at=now, by=BY, groups=["chess"])
    gallery.set_groups(ada, ["7b", "chess"], at=now, by=BY, from_day=day(9))
    gallery.set_groups(ada, ["7b"], at=now, by=BY, from_day=day(20))
    gallery.set_groups(ada, ["7b", "chess"], at=now, by=BY, from_day=day(5))
    assert [("chess", True, 5)] == _turns(gallery)
    gallery.set_groups(ada, ["7b"], at=now, by=BY, from_day=day(4))

    assert [] == _turns(gallery)
    assert ("7b",) == gallery.find(ada).groups
    assert [("chess", True, 9), ("chess", False, 20), ("chess", True, 5), ("chess", False, 4)] == _words(gallery, ada)


def test_who_left_and_came_back(gallery, ada, now):
    """Left on a day and back on another: both turns are told, in order of the days."""
    gallery.add_person("Bob", at=now, by=BY, groups=["7b"])
    gallery.set_groups(ada, [], at=now, by=BY, from_day=day(9))
    gallery.set_groups(ada, ["7b"], at=now, by=BY, from_day=day(12))

    assert [("7b", False, 9), ("7b", True, 12)] == _turns(gallery)


def test_a_photo_adds_somebody_to_a_group_from_a_day_on(gallery, enrol, now):
    """Who is new belongs from ever; who is enrolled again with another group joins it on the day that is told."""
    enrol(gallery, "Ada", 1, groups=["7b"], from_day=day(9))
    enrol(gallery, "Ada", 2, groups=["7b", "chess"], from_day=day(10))
    enrol(gallery, "Ada", 3, groups=["7b", "go"])

    assert [("chess", True, 10), ("go", True, now.day)] == _turns(gallery)


def test_adding_tells_whether_anything_changed(store, ada, now):
    """A new membership is a change, and so is one from an earlier day; the same again is none."""
    said = {"at": now, "by": BY}
    with store.atomic() as step:
        assert [True, False, True, False, False] == [
            groups.add_member(step, ada, ["chess"], day=day(9), **said),
            groups.add_member(step, ada, ["chess", "7b"], day=day(11), **said),
            groups.add_member(step, ada, ["chess"], day=day(3), **said),
            groups.add_member(step, ada, [], day=day(1), **said),
            groups.add_member(step, ada, ["7b"], day=None, **said),
        ]
        assert [("chess", True, 3)] == [(each.group, each.member, each.from_day.day) for each in groups.turns(step)]


def test_a_group_is_made_once(store):
    """The number of a group is that of the one there is, whatever blanks surround its name; no name is none."""
    with store.atomic() as step:
        made = groups.ensure(step, " 7b ")
        assert (made, made, ["7b"]) == (groups.ensure(step, "7b"), groups.number_of(step, "7b"), groups.names(step))
    with pytest.raises(PersonInvalid), store.atomic() as step:
        groups.ensure(step, " ")


def test_a_group_stays_while_anything_is_for_it(store, gallery, now):
    """A session, a place, a rule, coverage or a calendar entry, also a withdrawn one, keeps its group; others go."""
    with store.atomic() as step:
        number = {name: groups.ensure(step, name) for name in ("session", "place", "rule", "entry", "look", "nothing")}
        sessions.insert(step, "Maths", "UTC", now, group_id=number["session"])
        places.insert(step, None, "hall", "kiosk", at=now, group_id=number["place"])
        rules.insert(step, "Maths", at=now, group_id=number["rule"])
        coverage.begin(step, "hand", "me", begins=now, ends=now, at=now, by=BY, group_id=number["look"])
        entered = calendar.insert(
            step, "closed", day(1), day(2), name="x", source="by hand", at=now, by=BY, group_id=number["entry"]
        )
        calendar.withdraw(step, entered.id, at=now, by=BY, reason="r")
    gone = gallery.add_person("Ada", at=now, by=BY, groups=["theirs"])
    gallery.remove(gone.id, at=now, by=BY)

    assert ["entry", "look", "place", "rule", "session"] == gallery.groups()


# Merging


def _belongs(gallery: Gallery, person: int, group: str, number: int) -> bool:
    """As the turns say, by the rule that readers go by."""
    with gallery.store.reading() as view:
        turns = [each for each in groups.turns(view) if (each.person, each.group) == (person, group)]
    if not turns:
        return group in gallery.find(person).groups
    before = [each.member for each in turns if each.from_day <= day(number)]
    return before[-1] if before else not turns[0].member


def test_merged_they_belong_where_either_did(gallery, ada, now):
    """Somebody in a class from ever, and the same person entered again who joined it late: in it from ever."""
    twin = gallery.add_person("A. L.", at=now, by=BY).id
    gallery.set_groups(twin, ["7b", "chess"], at=now, by=BY, from_day=day(10))
    gallery.set_groups(ada, [], at=now, by=BY, from_day=day(5))
    gallery.merge(twin, ada, at=now, by="head")
    found = {name: [_belongs(gallery, ada, name, number) for number in (1, 5, 10)] for name in ("7b", "chess")}

    assert {"7b": [True, False, True], "chess": [False, False, True]} == found
    assert ("7b", "chess") == gallery.find(ada).groups


CHANGES = st.lists(st.tuples(st.integers(0, 1), st.sets(st.sampled_from(["a", "b"])), st.integers(1, 9)), max_size=6)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(first=st.sets(st.sampled_from(["a", "b"])), second=st.sets(st.sampled_from(["a", "b"])), changes=CHANGES)
def test_any_changes_then_merged(gallery, now, first, second, changes):
    """Whatever was said of two people in whatever order: each day is as a list by hand tells, and so when merged."""
    keeper = gallery.add_person("keeper", at=now, by=BY, groups=["a", "b"]).id
    people = [gallery.add_person("x", at=now, by=BY, groups=sorted(each)).id for each in (first, second)]
    by_hand = [{number: set(each) for number in range(10)} for each in (first, second)]
    for which, wanted, since in changes:
        gallery.set_groups(people[which], sorted(wanted), at=now, by=BY, from_day=day(since))
        by_hand[which] |= dict.fromkeys(range(since, 10), wanted)
    try:
        for person, days in zip(people, by_hand, strict=True):
            assert all(
                (group in days[number]) == _belongs(gallery, person, group, number)
                for group in "ab"
                for number in range(1, 10)
            )
        gallery.merge(people[1], people[0], at=now + timedelta(days=1), by=BY)
        assert all(
            (group in by_hand[0][number] | by_hand[1][number]) == _belongs(gallery, people[0], group, number)
            for group in "ab"
            for number in range(1, 10)
        )
        assert sorted(by_hand[0][9] | by_hand[1][9]) == list(gallery.find(people[0]).groups)
    finally:
        for person in (keeper, people[0]):
            gallery.remove(person, at=now, by=BY)
