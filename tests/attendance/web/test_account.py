"""Somebody's own account."""

import pytest

PASSWORD, OTHER = "correct horse battery", "another horse battery"


def change(browser, present=PASSWORD, password=OTHER, again=None):
    return browser.form("/account/password", present=present, password=password, again=again or password)


def test_a_new_password_signs_out_all_other_browsers(site, signed_in):
    """This one goes on, with a cookie of its own."""
    browser = signed_in(name="Ada")
    other = type(browser)(site).sign_in(site.app.accounts.named("Ada"))
    before = browser.cookies["session"]
    assert 303 == change(browser).status_code
    assert before != browser.cookies["session"]
    assert 200 == browser.get("/account").status_code
    assert 401 == other.get("/account", headers={"Accept": "application/json"}).status_code
    assert "Ada" == site.app.accounts.prove("Ada", OTHER, source="192.0.2.1").name


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"present": "wrong wrong wrong"}, 403, "not the present password"),
        ({"password": "short"}, 422, "at least 10 are needed"),
        ({"again": "yet another horse"}, 422, "two different passwords"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(site, signed_in, fields, status, told):
    """And the password stays."""
    browser = signed_in("teacher", name="Ada")
    answer = change(browser, **fields)
    assert status == answer.status_code
    assert told in answer.text
    assert "Ada" == site.app.accounts.prove("Ada", PASSWORD, source="192.0.2.1").name


def test_guessing_the_present_password_has_to_wait(signed_in):
    """Whoever finds a browser signed in cannot try for long."""
    browser = signed_in()
    for _ in range(10):
        assert 403 == change(browser, present="wrong wrong wrong").status_code
    assert 429 == change(browser).status_code


def test_a_teacher_sees_which_groups_are_theirs(signed_in):
    """Or that none is yet."""
    assert "7b, 8a" in signed_in("teacher", ["8a", "7b"]).get("/account").text
    assert "no group yet" in signed_in("teacher").get("/account").text


def test_signing_out_everywhere_ends_all_sign_ins(site, signed_in):
    """This one's, too."""
    browser = signed_in(name="Ada")
    other = type(browser)(site).sign_in(site.app.accounts.named("Ada"))
    assert 303 == browser.form("/account/sign-out").status_code
    for each in (browser, other):
        assert 401 == each.get("/account", headers={"Accept": "application/json"}).status_code
