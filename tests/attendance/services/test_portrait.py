"""A portrait as a service: templates, look-alikes, who comes closest, and what a mark needs."""

from datetime import date

import pytest

from attendance.access import Actor
from gallery import PersonAmbiguous, PersonUnknown

TEACHER = Actor("teacher")


@pytest.fixture
def people(app, draw):
    """Ada of 7b with two photos, Bob who looks like her, and two called Cid."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("a2.png", (1, 90), seed=1), name="Ada", external_id="A")
    app.enroll(draw("b.png", (1, 20)), name="Bob", external_id="B", allow_duplicate=True)
    app.enroll(draw("c.png", (3,)), name="Cid", external_id="C1")
    app.enroll(draw("c2.png", (4,)), name="Cid", external_id="C2")
    return app


def test_everything_of_somebody(people):
    """What is known of somebody comes together, in values and in words."""
    found = people.portraits.of("Ada")
    shown = found.to_dict()
    assert ("A", "Ada", ["7b"], True, None) == tuple(
        shown[key] for key in ("id", "name", "groups", "active", "inactive_since")
    )
    assert (2, ["B"]) == (len(shown["templates"]), [each["id"] for each in shown["lookalikes"]])
    assert "B" == shown["closest"][0]["id"]
    assert ("Ada (A)", "  groups    7b") == (found.lines()[0], found.lines()[2])
    assert "  a mark needs " == found.lines()[-1][:15]


def test_somebody_who_left(people):
    """Of somebody inactive it is told since when, as an instant and on the site's clock."""
    people.leaving.set_active(TEACHER, "B", False, since=date(2026, 3, 1))
    found = people.portraits.of("B")
    assert "2026-03-01T00:00:00.000Z" == found.to_dict()["inactive_since"]
    assert "Bob (B), inactive since 2026-03-01 00:00" == found.lines()[0]


@pytest.mark.parametrize(("who", "error"), [("Eve", PersonUnknown), ("Cid", PersonAmbiguous), (99, PersonUnknown)])
def test_nobody_in_particular(people, who, error):
    """Of nobody, or of several, there is no portrait."""
    with pytest.raises(error):
        people.portraits.of(who)
