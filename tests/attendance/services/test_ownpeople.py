"""Whose people a visitor sees: others are as if they were not there, in whatever way they are asked for."""

import pytest

from attendance.access import Actor, Visitor
from attendance.errors import GroupUnknown
from gallery.errors import PersonAmbiguous, PersonUnknown

ADMIN = Visitor(Actor("Grace"), "admin")
TEACHER = Visitor(Actor("Ms Miller"), "teacher", frozenset({"7b"}))


@pytest.fixture
def school(app, draw):
    """Two Adas and Ève in 7b, Bob in 8a."""
    for number, (name, key, group) in enumerate((("Ada", "A", "7b"), ("Ada", "A2", "7b"), ("Bob", "B", "8a")), 1):
        app.enroll(draw(f"{key}.png", (number,)), name=name, external_id=key, groups=[group])
    app.enroll(draw("eve.png", (9,)), name="Ève", external_id="E", groups=["7b"])
    return app


def test_people(school):
    """A teacher finds their own by id, number and name, whichever way its accents were typed; nobody else."""
    own = school.own_people
    assert "A" == own.person(TEACHER, "A").external_id
    assert own.person(TEACHER, own.person(TEACHER, "A").id).external_id == "A"
    assert "E" == own.person(TEACHER, " E\u0300ve ").external_id
    for other in ("B", "Bob", own.person(ADMIN, "B").id, "Bobb", ""):
        with pytest.raises(PersonUnknown) as refused:
            own.person(TEACHER, other)
        assert "Bob" not in str(refused.value).replace(str(other), "")
    with pytest.raises(PersonAmbiguous):
        own.person(TEACHER, "Ada")
    assert {"A", "A2"} <= {each.external_id for each in own.people(TEACHER)}
    assert "B" not in {each.external_id for each in own.people(TEACHER, gone_too=True)}


def test_groups(school):
    """A teacher's groups are theirs; another one is refused with the words for one that is none, and not named."""
    assert ["7b", "8a"] == school.own_people.groups(ADMIN)
    assert ["7b"] == school.own_people.groups(TEACHER)
    assert ("7b", None) == (school.own_people.group(TEACHER, "7b"), school.own_people.group(TEACHER, None))
    told = []
    for name in ("8a", "9z"):
        with pytest.raises(GroupUnknown) as refused:
            school.own_people.group(TEACHER, name)
        told.append(str(refused.value).replace(name, "X"))
    assert told[0] == told[1]
