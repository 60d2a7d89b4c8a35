"""The product in one object: who acts where nobody else is named."""

import getpass
from pathlib import Path

import pytest

from attendance import Actor, Attendance
from gallery import Gallery, history


def events(app):
    with app.store.reading() as transaction:
        return list(history(transaction))


def test_the_account_acts(app, draw):
    """Without an actor, what is done is recorded as done by the account that the program runs under."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    assert Actor(getpass.getuser(), door="python") == app.actor
    assert {getpass.getuser()} == {event.by for event in events(app)}


def test_another_actor(home, clock, pipeline, draw):
    """Who opens the home as somebody else acts as them, in marks and in sessions too."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, actor=Actor("front desk")) as app:
        app.enroll(draw("ada.png", (1,)), name="Ada")
        list(app.check(draw("lesson.png", (1,), seed=1)))
        app.void("Ada", reason="a picture of her")
        found = events(app)
    assert {"person.enroll", "session.open", "session.check", "mark.add", "mark.void"} == {
        each.action for each in found
    }
    assert {"front desk"} == {each.by for each in found}


def test_commands_come_in_by_their_door(app, home):
    """A command acts as the account, through the door of commands, on every way of opening a home."""
    from attendance.cli import opening

    app.close()
    for way in (opening.writing, opening.changing, opening.reading):
        with way(home) as opened:
            assert Actor.of_account("cli") == opened.actor


# --- homes whose templates tell the encoder alone ----------------------------------------------------------------


@pytest.fixture
def carded(fake):
    """A pipeline of this finder with an encoder whose card names "faker-1" as its own, or none."""
    return lambda finder="faker-1", own="faker-1": fake.FakePipeline(
        fake.FakeEncoder(fake.card("fake-1", own)), finder=finder
    )


@pytest.fixture
def upgraded(home, clock, carded, draw) -> Path:
    """A home with Ada and Bob whose templates are filed as earlier versions did, under the encoder's name."""
    with Attendance.open(home, clock=clock, pipeline=carded()) as app:
        for number, name in enumerate(("Ada", "Bob"), 1):
            app.enroll(draw(f"{name}.png", (number,)), name=name)
        assert 2 == app.gallery.adopt("faker-1+fake-1", "fake-1", at=clock.utc(), by="test")
    return home


def filed(app) -> set[str]:
    """Under which pipelines the templates are filed."""
    people = app.gallery.people(active=None)
    return {each.pipeline_id for person in people for each in app.gallery.templates_of(person.id)}


def adopted(app) -> list[int]:
    """How many templates each adoption since the one of the fixture took over."""
    return [event.details["templates"] for event in events(app) if event.action == "pipeline.adopt"][1:]


def test_templates_of_before_are_adopted_once(upgraded, clock, carded, draw, capsys):
    """The first writing start files them under the whole pipeline, the next finds nothing to do; nothing is said."""
    for day in (1, 2):
        with Attendance.open(upgraded, clock=clock, pipeline=carded()) as app:
            (found,) = app.check(draw(f"{day}.png", (1, 90), seed=day))
            assert ("Ada", "fake-1", "faker-1+fake-1") == (found.person.name, found.encoder, found.pipeline)
            assert ({"faker-1+fake-1"}, [2]) == (filed(app), adopted(app))
            assert [] == app.gallery.verify()
    assert ("", "") == capsys.readouterr()


def test_a_home_that_is_only_read_recognises_them(upgraded, clock, carded, draw):
    """Where nothing is written they are read by the name they have, and stay under it."""
    with Attendance.open(upgraded, clock=clock, pipeline=carded(), read_only=True) as app:
        (found,) = app.check(draw("day.png", (2, 90)), dry_run=True)
        assert ("present", "Bob", {"fake-1"}) == (found.decision, found.person.name, filed(app))
        assert (2, 0, []) == (app.policy().gallery_size, app.gallery.stats().without_template, adopted(app))
        assert not app.renewal.is_needed()


def test_who_reads_while_they_are_adopted_goes_on(upgraded, clock, carded, draw):
    """A program that only reads recognises everybody before and after another one has adopted them."""
    with Attendance.open(upgraded, clock=clock, pipeline=carded(), read_only=True) as reader:
        before = [each.decision for each in reader.check(draw("one.png", (1, 90)), dry_run=True)]
        with Attendance.open(upgraded, clock=clock, pipeline=carded()) as writer:
            assert {"faker-1+fake-1"} == filed(writer)
        after = [each.decision for each in reader.check(draw("two.png", (2, 90)), dry_run=True)]
        assert (["present"], ["present"]) == (before, after)


@pytest.mark.parametrize("other", [{"finder": "finder-2"}, {"own": "finder-2"}, {"own": ""}], ids=str)
@pytest.mark.parametrize("read_only", [False, True])
def test_another_pipeline_adopts_nothing(upgraded, clock, carded, draw, other, read_only):
    """With a detector that the encoder's card does not name they are another pipeline's, and never compared."""
    with Attendance.open(upgraded, clock=clock, pipeline=carded(**other), read_only=read_only) as app:
        (found,) = app.check(draw("day.png", (1, 90)), dry_run=True)
        assert ("unknown", (), 0) == (found.decision, found.candidates, found.gallery_size)
        assert ({"fake-1"}, {"fake-1": 2}) == (filed(app), app.gallery.stats().other_encoders)


def test_adopting_stands_in_no_ones_way(upgraded, clock, carded):
    """Where the key is missing people can still be removed, which needs none; it is done when the key is back."""
    key = upgraded / "key"
    data = key.read_bytes()
    key.unlink()
    with Attendance.open(upgraded, clock=clock, pipeline=carded()) as app:
        assert 1 == app.gallery.remove("Ada", at=clock.utc(), by="test").templates
        assert ({"fake-1"}, []) == (filed(app), adopted(app))
    key.write_bytes(data)
    key.chmod(0o600)
    with Attendance.open(upgraded, clock=clock, pipeline=carded()) as app:
        assert ({"faker-1+fake-1"}, [1]) == (filed(app), adopted(app))


def test_the_same_photo_is_known_by_either_name(upgraded, clock, carded, draw, monkeypatch):
    """A photo that was filed under the former name is not filed again, adopted or not."""
    monkeypatch.setattr(Gallery, "adopt_former", lambda *_, **__: 0)
    with Attendance.open(upgraded, clock=clock, pipeline=carded()) as app:
        assert "unchanged" == app.enroll(draw("Ada.png", (1,)), name="Ada").outcome
        assert "added" == app.enroll(draw("more.png", (1, 90), seed=3), name="Ada").outcome
        assert ({"fake-1", "faker-1+fake-1"}, 3) == (filed(app), app.gallery.stats().templates)
        assert "replaced" == app.enroll(draw("new.png", (1, 95), seed=4), name="Ada", replace=True).outcome
        assert ["faker-1+fake-1"] == [each.pipeline_id for each in app.gallery.templates_of("Ada")]


def test_what_the_settings_want_is_known_without_models(home, clock, monkeypatch):
    """The gallery knows the pipeline of the settings from the cards alone: no model is loaded for it."""
    monkeypatch.setattr("attendance.composition.load_pipeline", None)
    with Attendance.open(home, clock=clock) as app:
        card = app.card
        assert (f"{card.finder}+{card.id}", card.id) == app.gallery.pipelines
