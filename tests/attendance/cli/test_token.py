"""Tokens of calendars by the command line."""

import pytest

from attendance import Attendance
from attendance.access import Actor


@pytest.fixture
def ada(home, clock, pipeline) -> None:
    """Somebody of a group."""
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        app.edits.add(Actor("tests"), "Ada", external_id="a", groups=["7A"])


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(("flags", "whom"), [(["--feed", "a"], "Ada (a)"), (["--feed-group", "7A"], "group 7A")])
def test_a_calendar_gets_a_token(command, home, flags, whom):
    """The token is printed once, alone on stdout, and its calendar is of whom it was asked for."""
    code, out, said = command("token", "add", *flags)

    with Attendance.open(home) as app:
        token = app.tokens.found(out.strip(), "feed")
        assert whom == app.feeds.whom(token)
    assert 0 == code
    assert "/feeds/" in said


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "given", [[], ["HR", "--feed", "a"], ["--feed", "a", "--feed-group", "7A"], ["--kiosk", "Desk", "--feed", "a"]]
)
def test_a_token_is_for_one_thing(command, given):
    """Of several things at once, or of none, there is no token."""
    assert 2 == command("token", "add", *given)[0]
    assert "" == command("token", "list")[1].partition("\n")[2]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("flags", "id_"), [(["--feed", "Ada"], "person_unknown"), (["--feed-group", "9"], "group.unk")]
)
def test_a_calendar_of_nobody_gets_none(command, flags, id_):
    """A name is no id, and a group that is not there has no calendar."""
    code, _, said = command("token", "add", *flags)

    assert 1 == code
    assert id_ in said
