"""Browsers that are signed in."""

import pytest
from servers import raw

from attendance.access import Actor
from gallery import GalleryFull
from gallery.repositories import sign_ins, tokens

CLERK = Actor("tests")


@pytest.fixture
def ada(app):
    return app.accounts.add(CLERK, "Ada", "correct horse battery", "admin")


def test_a_sign_in_is_found_by_its_secret_alone(app, ada):
    """And kept as a digest of it."""
    begun = app.sign_ins.begin(ada)
    assert ada == app.sign_ins.found(begun.secret).account
    assert app.sign_ins.found(begun.digest) is None
    assert app.sign_ins.found("") is None
    with raw(app.home) as run:
        assert [(begun.digest,)] == run("SELECT digest FROM sign_in")


def test_a_sign_in_that_is_idle_is_over(app, ada, clock):
    """Two hours after the last request; until then each request keeps it."""
    begun = app.sign_ins.begin(ada)
    for _ in range(3):
        clock.forward(hours=1, minutes=50)
        assert app.sign_ins.found(begun.secret) is not None
    clock.forward(hours=2)
    assert app.sign_ins.found(begun.secret) is None


def test_a_sign_in_is_over_after_half_a_day(app, ada, clock):
    """However busy it was."""
    begun = app.sign_ins.begin(ada)
    for _ in range(11):
        clock.forward(hours=1)
        assert app.sign_ins.found(begun.secret) is not None
    clock.forward(hours=1)
    assert app.sign_ins.found(begun.secret) is None


@pytest.mark.parametrize("way", ["remove", "inactive", "password", "sign out"])
def test_who_is_shut_out_is_out_at_once(app, ada, way):
    """Removed, put out of use, given another password, or signed out everywhere."""
    app.accounts.add(CLERK, "Other", "correct horse battery", "admin")
    begun = app.sign_ins.begin(ada)
    if way == "remove":
        app.accounts.remove(CLERK, ada.id)
    elif way == "inactive":
        app.accounts.change(CLERK, ada.id, active=False)
        app.accounts.change(CLERK, ada.id, active=True)
    elif way == "password":
        app.accounts.set_password(CLERK, ada.id, "another horse battery")
    else:
        app.accounts.sign_out(ada)
    assert app.sign_ins.found(begun.secret) is None


def test_another_role_holds_at_once(app, ada):
    """What a sign-in may do is asked of the account each time."""
    app.accounts.add(CLERK, "Other", "correct horse battery", "admin")
    begun = app.sign_ins.begin(ada)
    app.accounts.change(CLERK, ada.id, role="teacher")
    assert "teacher" == app.sign_ins.found(begun.secret).account.role


def test_a_sign_in_ends_with_its_digest(app, ada):
    """And no other does."""
    first, second = app.sign_ins.begin(ada), app.sign_ins.begin(ada)
    app.sign_ins.end(first.digest)
    assert [True, False] == [app.sign_ins.found(each.secret) is None for each in (first, second)]


def test_the_key_of_cookies_stays(app):
    """32 bytes, the same whenever they are asked for, also after the home's own key was changed."""
    from attendance.services.sealed import secret_of

    key = app.sign_ins.key
    app.gallery.vault.rotate(at=app.clock.utc(), by="tests")
    assert 32 == len(key)
    assert key == secret_of(app.gallery, "cookie")
    assert key != secret_of(app.gallery, "qr")


def test_a_full_disk_keeps_nobody_from_reading(app, ada, clock, monkeypatch):
    """That something was asked for need not be written: who is signed in, and what has a token, stays known."""
    begun, made = app.sign_ins.begin(ada), app.tokens.add(CLERK, "payroll", ["people:read"])
    clock.forward(minutes=5)

    def full(*_given):
        raise GalleryFull("attendance.db", "the disk is full")

    monkeypatch.setattr(sign_ins, "touch", full)
    monkeypatch.setattr(tokens, "touch", full)
    assert ada == app.sign_ins.found(begun.secret).account
    assert made.token.id == app.tokens.found(made.secret, "api").id
