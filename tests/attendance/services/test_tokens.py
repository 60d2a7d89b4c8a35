"""Tokens of programs, kiosks and the first setup."""

from hashlib import sha256

import pytest
from servers import raw

from attendance.access import Actor
from attendance.errors import PlaceRetired, PlaceUnknown
from attendance.service_errors import RequestInvalid, TokenUnknown
from attendance.services.tokens import SCOPES
from gallery import history

CLERK = Actor("tests")


def test_a_token_is_told_once_and_kept_as_a_digest(app):
    """256 bits; nothing in the database opens anything."""
    made = app.tokens.add(CLERK, "payroll", ["reports:read"])
    assert made.secret.startswith("att_")
    assert 43 == len(made.secret.removeprefix("att_"))
    with raw(app.home) as run:
        rows = run("SELECT * FROM token")
    assert sha256(made.secret.encode()).hexdigest() in rows[0]
    assert made.secret not in str(rows)
    assert "secret" not in str(app.tokens.all()[0].to_dict())


def test_a_token_is_found_as_what_it_is(app):
    """Of the kinds asked for, and as long as it holds."""
    made = app.tokens.add(CLERK, "payroll", ["reports:read"], days=2)
    assert made.token.id == app.tokens.found(made.secret, "api", "kiosk").id
    assert app.tokens.found(made.secret, "kiosk") is None
    assert app.tokens.found(made.secret[:-1], "api") is None
    app.clock.forward(days=2)
    assert app.tokens.found(made.secret, "api") is None


def test_its_last_use_is_noted_once_a_minute(app, clock):
    """So that reading much writes little."""
    made = app.tokens.add(CLERK, "payroll", ["reports:read"])
    first = clock.now
    for _ in range(3):
        app.tokens.found(made.secret, "api")
        clock.forward(seconds=25)
    assert first == app.tokens.numbered(made.token.id).token.used
    app.tokens.found(made.secret, "api")
    assert first < app.tokens.numbered(made.token.id).token.used


def test_a_token_that_is_taken_back_opens_nothing(app):
    """At once and for good; the log tells who did it, once."""
    made = app.tokens.add(CLERK, "payroll", ["reports:read"])
    app.tokens.revoke(CLERK, made.token.id)
    app.tokens.revoke(CLERK, made.token.id)
    assert app.tokens.found(made.secret, "api") is None
    with app.store.reading() as transaction:
        events = [(each.action, each.subject) for each in history(transaction, subject=made.token.id)]
    assert [("token.add", "1"), ("token.revoke", "1")] == events


def test_scopes_are_those_there_are(app):
    """Each once and in order; none at all, or one that there is not, is refused."""
    made = app.tokens.add(CLERK, "all", [*SCOPES, *SCOPES])
    assert tuple(SCOPES) == made.token.scopes
    for wrong in ([], ["people:reed"], ["*"]):
        with pytest.raises(RequestInvalid):
            app.tokens.add(CLERK, "wrong", wrong)


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_token_holds_for_a_day_to_ten_years(app, days):
    """Or until it is taken back."""
    with pytest.raises(RequestInvalid):
        app.tokens.add(CLERK, "wrong", ["people:read"], days=days)


def test_a_kiosk_stands_at_a_place_of_its_kind(app):
    """One that is in use."""
    app.places.add(CLERK, "Door", kind="kiosk")
    app.places.add(CLERK, "Camera", "rtsp://camera.example/live")
    made = app.tokens.add_kiosk(CLERK, "Door")
    assert ("kiosk", "Door", "Door") == (made.token.kind, made.token.name, app.tokens.numbered(made.token.id).place)
    with pytest.raises(RequestInvalid):
        app.tokens.add_kiosk(CLERK, "Camera")
    with pytest.raises(PlaceUnknown):
        app.tokens.add_kiosk(CLERK, "Window")
    app.places.retire(CLERK, "Door")
    with pytest.raises(PlaceRetired):
        app.tokens.add_kiosk(CLERK, "Door")


def test_a_setup_link_is_no_token_of_the_list(app):
    """It cannot be taken back, shown or used as one."""
    secret = app.tokens.begin_setup(CLERK)
    assert [] == app.tokens.all()
    assert app.tokens.found(secret, "api", "kiosk", "feed") is None
    with pytest.raises(TokenUnknown):
        app.tokens.numbered(1)
    with pytest.raises(TokenUnknown):
        app.tokens.revoke(CLERK, 1)
