"""The first setup, by a link that holds once."""

import pytest

from attendance.access import Actor

PASSWORD = "correct horse battery"  # noqa: S105
FIELDS = {"name": "Ada", "password": PASSWORD, "again": PASSWORD, "kind": "trial"}


@pytest.fixture
def secret(app) -> str:
    return app.tokens.begin_setup(Actor("tests"))


def test_whoever_has_the_link_makes_the_first_admin(app, client, secret):
    """And is signed in at once."""
    page = client.get("/setup", params={"token": secret})
    assert 200 == page.status_code
    assert secret in page.text
    answer = client.post("/setup", data={**FIELDS, "token": secret})
    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert [("Ada", "admin")] == [(each.name, each.role) for each in app.accounts.all()]
    assert 200 == client.get("/account").status_code


def test_the_link_holds_once(client, secret):
    """Afterwards neither the page nor the form does anything."""
    assert 303 == client.post("/setup", data={**FIELDS, "token": secret}).status_code
    assert 410 == client.get("/setup", params={"token": secret}).status_code
    assert 410 == client.post("/setup", data={**FIELDS, "name": "Mallory", "token": secret}).status_code


def test_the_link_is_over_after_half_an_hour(client, clock, secret):
    """Whoever finds it later has nothing."""
    clock.forward(minutes=30)
    assert 410 == client.get("/setup", params={"token": secret}).status_code


@pytest.mark.parametrize("token", ["", "wrong", "att_wrong", "x" * 5000, "\x00"])
@pytest.mark.usefixtures("secret")
def test_another_link_opens_nothing(client, token):
    """Nor does none."""
    assert 410 == client.get("/setup", params={"token": token}).status_code
    assert 410 == client.post("/setup", data={**FIELDS, "token": token}).status_code


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"password": "short", "again": "short"}, "at least 10 are needed"),
        ({"again": "another one"}, "two different passwords"),
        ({"name": "   "}, "Nothing visible"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(app, client, secret, fields, told):
    """The link still holds, and what was typed as a name is there again; a password is not."""
    answer = client.post("/setup", data={**FIELDS, "token": secret, **fields})
    assert 422 == answer.status_code
    assert told in answer.text
    assert PASSWORD not in answer.text
    assert [] == app.accounts.all()
    assert 303 == client.post("/setup", data={**FIELDS, "token": secret}).status_code


def test_another_sites_page_cannot_send_it(app, client, secret):
    """Not even with the link."""
    headers = {"Origin": "https://elsewhere.example"}
    assert 403 == client.post("/setup", data={**FIELDS, "token": secret}, headers=headers).status_code
    assert [] == app.accounts.all()
