"""Look-alikes as a service: the pairs, the closest first, and what it takes to forget some."""

import pytest

from attendance.access import Actor
from gallery import LookalikeUnknown, PersonUnknown

TEACHER = Actor("teacher")


@pytest.fixture
def pairs(app, draw):
    """Bob and Cid look like Ada, Bob more."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("b.png", (1, 20)), name="Bob", external_id="B")
    app.enroll(draw("c.png", (1, 18)), name="Cid", external_id="C", allow_duplicate=True)
    return app.lookalikes


def named(found) -> set[frozenset[str]]:
    return {frozenset((each.one.external_id, each.other.external_id)) for each in found}


def test_the_closest_first(pairs):
    """All pairs come with both people, the closest first."""
    found = pairs.all()
    scores = [each.score for each in found]
    assert (sorted(scores, reverse=True), {frozenset("AB"), frozenset("AC"), frozenset("BC")}) == (scores, named(found))


def test_a_line(app, pairs):
    """A pair says who the two are, how alike, since when, and whether both are searched."""
    app.leaving.set_active(TEACHER, "B", False)
    (found,) = [each.to_dict() for each in pairs.all() if named([each]) == {frozenset("AB")}]
    assert {"id": "A", "name": "Ada", "other_id": "B", "other_name": "Bob", "active": False} == {
        key: found[key] for key in ("id", "name", "other_id", "other_name", "active")
    }
    assert (0.2, "2026-03-02T07:58:11.204Z") == (pytest.approx(found["score"], abs=1e-3), found["since"])


def test_cleared_in_any_order(pairs):
    """A pair is named in any order, by id, name or number; what is forgotten is told."""
    assert {frozenset("AB")} == named(pairs.clear(TEACHER, [("Bob", "A")]))
    numbers = [each.keys for each in pairs.all() if named([each]) == {frozenset("AC")}]
    assert {frozenset("AC")} == named(pairs.clear(TEACHER, numbers))
    assert {frozenset("BC")} == named(pairs.all())


@pytest.mark.parametrize(
    ("wish", "error"), [(("A", "A"), LookalikeUnknown), (("A", "E"), PersonUnknown), (("A", "B"), LookalikeUnknown)]
)
def test_all_or_none(pairs, wish, error):
    """Where one of several cannot be forgotten, none is."""
    before = pairs.all()
    with pytest.raises(error):
        pairs.clear(TEACHER, [("A", "B"), wish])
    assert before == pairs.all()


def test_nothing_to_forget(pairs):
    """No pair named is none forgotten."""
    assert [] == pairs.clear(TEACHER, [])
