"""The product in one object: who acts where nobody else is named."""

import getpass

from attendance import Actor, Attendance
from gallery import history


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
