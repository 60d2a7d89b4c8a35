"""People as a service: found, listed, renamed, grouped, merged and removed, and each refusal with its reason."""

from datetime import date

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import GroupUnknown, MonthClosed, SessionDay
from enroll.errors import NameInvalid
from gallery import Conflict, PersonAmbiguous, PersonUnknown
from gallery.errors import PersonInvalid
from gallery.repositories import groups, months

TEACHER = Actor("teacher")


@pytest.fixture
def people(app, draw):
    """Ada of 7b with a mark, and two called Bob, of whom one has left."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B1", groups=["7b"])
    app.enroll(draw("bob2.png", (3,)), name="Bob", external_id="B2")
    app.mark("Ada")
    app.leaving.set_active(TEACHER, "B2", False)
    return app.people


def ids(found) -> list[str]:
    return [each.external_id for each in found]


def test_found_by_id_name_and_number(people):
    """Somebody is found by id, by exact name, and by the gallery's own number."""
    ada = people.find("A")
    assert (ada, ada) == (people.find("Ada"), people.find(ada.id))


def test_lists(people):
    """Lists hold the active people, of a group where one is named, and those who left where they are wanted."""
    assert ["A", "B1"] == ids(people.all())
    assert ["A", "B1"] == ids(people.all("7b"))
    assert ["A", "B1", "B2"] == ids(people.all(gone_too=True))


def test_a_group_that_is_not_there(people):
    """A list of a group that nobody made is refused rather than empty."""
    with pytest.raises(GroupUnknown, match="7c"):
        people.all("7c")


def test_rename(people):
    """A new name is kept as names are, and the id stays."""
    assert ("Ada Lovelace", "A") == (people.rename(TEACHER, "A", " Ada  Lovelace ").name, people.find("A").external_id)


def test_groups_are_those_given(people):
    """Somebody is in the groups given and in no others, and without any in none."""
    assert ("8a", "choir") == people.put_in(TEACHER, "A", ["choir", "8a"]).groups
    assert () == people.put_in(TEACHER, "A", []).groups


@pytest.mark.usefixtures("people")
def test_groups_change_on_the_day_of_the_site(app, clock, pipeline):
    """Another class counts from today on, as the wall at the site says, whatever day it is in UTC."""
    clock.forward(hours=12)
    with Attendance.open(app.home, clock=clock, pipeline=pipeline, flags={"time_zone": "Asia/Tokyo"}) as east:
        east.people.put_in(TEACHER, "A", ["7b", "choir"])
    with app.store.reading() as view:
        assert [("choir", True, "2026-03-03")] == [
            (each.group, each.member, each.from_day.isoformat()) for each in groups.turns(view)
        ]


def test_groups_of_an_earlier_day(people, app):
    """Somebody who has long been in a class is put in since that day; what was said of later days is taken back."""
    people.put_in(TEACHER, "A", ["7b", "choir"])
    people.put_in(TEACHER, "A", ["7b", "choir"], since=date(2026, 2, 2))
    with app.store.reading() as view:
        assert [("choir", "2026-02-02")] == [(each.group, each.from_day.isoformat()) for each in groups.turns(view)]
    with pytest.raises(SessionDay, match="has not begun"):
        people.put_in(TEACHER, "A", [], since=date(2026, 3, 3))


def test_groups_of_a_closed_month_stay(people, app, clock):
    """Who belonged on a day of a closed month, or before one, is settled; afterwards it is not, nor once opened."""
    who = {"at": clock.now, "by": "head"}
    with app.store.atomic() as step:
        months.add(step, "2026-01", closed=True, reason="r", **who)
    for day in (date(2026, 1, 31), date(2025, 12, 24)):
        with pytest.raises(MonthClosed, match="2026-01"):
            people.put_in(TEACHER, "A", ["choir"], since=day)
    assert ("7b",) == people.find("A").groups
    people.put_in(TEACHER, "A", ["choir"], since=date(2026, 2, 1))
    with app.store.atomic() as step:
        months.add(step, "2026-01", closed=False, reason="r", **who)
    assert ("go",) == people.put_in(TEACHER, "A", ["go"], since=date(2026, 1, 31)).groups


def test_merge(people):
    """Of two who were one person the heir has all templates, and the other is gone."""
    assert ("A", 2) == (people.merge(TEACHER, "B1", "A").external_id, people.find("A").templates)
    with pytest.raises(PersonUnknown):
        people.find("B1")


def test_remove(people):
    """What would go is told before, and is what has gone after."""
    held = people.holdings("A")
    assert ("A", 1, 1) == (held.person.external_id, held.templates, held.marks)
    gone = people.remove(TEACHER, held.person.id)
    assert ("Ada", 1, 1, True) == (gone.person.name, gone.templates, gone.marks, gone.erased)
    assert ["B1", "B2"] == ids(people.all(gone_too=True))


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda people: people.find("Eve"), PersonUnknown),
        (lambda people: people.find(999), PersonUnknown),
        (lambda people: people.find("Bob"), PersonAmbiguous),
        (lambda people: people.rename(TEACHER, "Eve", "Eva"), PersonUnknown),
        (lambda people: people.rename(TEACHER, "Bob", "Rob"), PersonAmbiguous),
        (lambda people: people.rename(TEACHER, "A", " \t"), NameInvalid),
        (lambda people: people.rename(TEACHER, "A", "Ada\nLovelace"), NameInvalid),
        (lambda people: people.put_in(TEACHER, "Eve", ["7b"]), PersonUnknown),
        (lambda people: people.put_in(TEACHER, "A", [""]), PersonInvalid),
        (lambda people: people.merge(TEACHER, "A", "A"), Conflict),
        (lambda people: people.merge(TEACHER, "A", "Eve"), PersonUnknown),
        (lambda people: people.holdings("Eve"), PersonUnknown),
        (lambda people: people.remove(TEACHER, "Bob"), PersonAmbiguous),
    ],
)
def test_what_is_refused_changes_nothing(app, people, call, error):
    """What cannot be done is refused with its reason, and nobody and nothing is changed by it."""
    generation, before = app.store.generation(), people.all(gone_too=True)
    with pytest.raises(error):
        call(people)
    assert (generation, before) == (app.store.generation(), people.all(gone_too=True))
