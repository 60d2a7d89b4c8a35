"""Holds: while one is on somebody, nothing of them is deleted, by whatever door."""

import pytest

from attendance.privacy_errors import HoldActive, HoldUnknown
from gallery import PersonInvalid, history


@pytest.fixture
def ada(app, draw):
    """Ada, enrolled with two photos."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    return app.people.find("A")


def _names(app) -> list[str]:
    return [each.name for each in app.people.all()]


@pytest.mark.parametrize("whom", ["A", None])
@pytest.mark.usefixtures("ada")
def test_nothing_under_a_hold_is_erased(app, whom):
    """Neither a person nor a photo goes while a hold is on them or on the whole home; the refusal tells which."""
    made = app.holds.add(app.actor, whom, reason="lawsuit 12")
    photo = app.photos.all("A")[0].id
    for refused in (
        lambda: app.people.remove(app.actor, "A"),
        lambda: app.edits.remove(app.actor, "A"),
        lambda: app.photos.remove(app.actor, "A", photo),
        lambda: app.gallery.remove("A", at=app.clock.utc(), by="t"),
    ):
        with pytest.raises(HoldActive, match="lawsuit 12"):
            refused()
    app.holds.lift(app.actor, made.id)
    app.people.remove(app.actor, "A")

    assert [] == _names(app)


@pytest.mark.usefixtures("ada")
def test_another_hold_keeps_nobody_else(app, draw):
    """A hold on Bob leaves Ada to be erased."""
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.holds.add(app.actor, "Bob", reason="x")
    app.people.remove(app.actor, "A")

    assert ["Bob"] == _names(app)


def test_every_word_stands_in_the_log_without_a_name(app, ada):
    """Beginning and lifting are events that name the person by internal id, and not the reason."""
    made = app.holds.add(app.actor, "Ada", reason="Ada's case")
    app.holds.lift(app.actor, made.id)
    with app.store.reading() as transaction:
        told = [each for each in history(transaction) if each.action.startswith("hold.")]

    assert [("hold.add", "1", {"person": ada.id}), ("hold.lift", "1", {"person": ada.id})] == [
        (each.action, each.subject, dict(each.details)) for each in told
    ]
    assert ([], [made.id]) == (app.holds.all(), [each.id for each in app.holds.all(lifted=True)])


@pytest.mark.parametrize("number", [1, 7])
@pytest.mark.usefixtures("ada")
def test_a_hold_is_lifted_once(app, number):
    """A number that no hold has, or whose hold was lifted before, is refused."""
    app.holds.lift(app.actor, app.holds.add(app.actor, "Ada", reason="x").id)
    with pytest.raises(HoldUnknown):
        app.holds.lift(app.actor, number)


@pytest.mark.usefixtures("ada")
def test_whoever_is_merged_is_still_held(app, draw):
    """What holds somebody holds the one they are merged into."""
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.holds.add(app.actor, "Ada", reason="x")
    app.people.merge(app.actor, "A", "B")
    with pytest.raises(HoldActive):
        app.people.remove(app.actor, "B")


@pytest.mark.usefixtures("ada")
def test_a_hold_needs_a_reason(app):
    """Without a reason there is no hold."""
    with pytest.raises(PersonInvalid, match="reason"):
        app.holds.add(app.actor, "Ada", reason="  ")
    assert [] == app.holds.all()
