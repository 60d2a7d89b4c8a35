"""Signing in and out."""

from http.cookies import SimpleCookie

import pytest

from attendance.access import Actor
from attendance.web.build import build
from attendance.web.site import Site

PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def ada(account):
    return account("Ada Lovelace")


def enter(browser, name="Ada Lovelace", password=PASSWORD, **more):
    return browser.post("/sign-in", data={"name": name, "password": password, **more})


def cookies(answer) -> SimpleCookie:
    found = SimpleCookie()
    for each in answer.headers.get_list("set-cookie"):
        found.load(each)
    return found


@pytest.mark.usefixtures("ada")
def test_name_and_password_sign_in(client):
    """And lead to the page that was asked for."""
    wanted = client.get("/account", headers={"Accept": "text/html"}).headers["location"]
    page = client.get(wanted)
    assert 'name="to" value="/account"' in page.text
    answer = enter(client, to="/account")
    assert (303, "/account") == (answer.status_code, answer.headers["location"])
    assert "Ada Lovelace" in client.get("/account").text
    assert 303 == client.get("/sign-in").status_code


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nSet-Cookie: x=1", "/\x00"]
)
@pytest.mark.usefixtures("ada")
def test_nobody_is_sent_to_another_site(client, to):
    """Whatever stood in the address."""
    assert "/" == enter(client, to=to).headers["location"]


@pytest.mark.usefixtures("ada")
def test_wrong_and_unknown_are_answered_alike(client):
    """With the same page but for the name that was typed; no password is in it."""
    wrong, unknown = enter(client, password="wrong wrong wrong"), enter(client, name="Nobody")  # noqa: S106
    assert (403, 403) == (wrong.status_code, unknown.status_code)
    assert wrong.text.replace("Ada Lovelace", "Nobody") == unknown.text
    assert "wrong wrong" not in wrong.text
    assert [] == wrong.headers.get_list("set-cookie")


@pytest.mark.usefixtures("ada")
def test_guessing_has_to_wait(client):
    """The answer tells for how long; a browser that was signed in before is not kept out by it."""
    known = Client(client)
    assert 303 == enter(known).status_code
    for _ in range(10):
        enter(client, password="wrong wrong wrong")  # noqa: S106
    answer = enter(client)
    assert (429, "30") == (answer.status_code, answer.headers["retry-after"])
    assert "30 seconds" in answer.text
    known.cookies.delete("session")
    assert 303 == enter(known).status_code


class Client:
    """Another browser of the same site."""

    def __new__(cls, other):
        return type(other)(other.site)


@pytest.mark.usefixtures("ada")
def test_each_sign_in_has_a_cookie_of_its_own(client):
    """One that was set in advance is worth nothing, and that of before is over."""
    client.cookies.set("session", "planted", domain="127.0.0.1")
    first = cookies(enter(client))["session"].value
    second = cookies(enter(client))["session"].value
    assert "planted" not in {first, second}
    assert first != second
    stale = Client(client)
    stale.cookies.set("session", first)
    assert 303 == stale.get("/account", headers={"Accept": "text/html"}).status_code


@pytest.mark.parametrize(
    "changed",
    [
        lambda c: c[:-5] + ("y" if c[-5] == "x" else "x") + c[-4:],
        lambda c: c.partition(".")[0],
        lambda c: "x" + c,
        str.upper,
    ],
)
@pytest.mark.usefixtures("ada")
def test_a_cookie_that_was_changed_is_none(client, changed):
    """It is signed."""
    value = cookies(enter(client))["session"].value
    client.cookies.clear()
    client.cookies.set("session", changed(value))
    assert 401 == client.get("/account", headers={"Accept": "application/json"}).status_code


@pytest.mark.usefixtures("ada")
def test_an_old_cookie_is_none(client, clock):
    """After half a day, or two hours in which nothing was asked."""
    enter(client)
    clock.forward(hours=2)
    assert 303 == client.get("/account", headers={"Accept": "text/html"}).status_code


@pytest.mark.usefixtures("ada")
def test_signing_out_ends_it_for_the_cookie_too(client, shown_token):
    """Whoever has kept the cookie has nothing."""
    value = cookies(enter(client))["session"].value
    token = shown_token(client.get("/account"))
    assert 403 == client.post("/sign-out").status_code
    answer = client.post("/sign-out", data={"form_token": token})
    assert (303, "/sign-in") == (answer.status_code, answer.headers["location"])
    client.cookies.set("session", value)
    assert 303 == client.get("/account", headers={"Accept": "text/html"}).status_code


def test_signing_out_twice_is_no_error(client):
    """Nor where the sign-in was over already."""
    assert 303 == client.post("/sign-out").status_code


def test_a_removed_account_is_out_at_once(app, signed_in):
    """With the next request."""
    signed_in()
    browser = signed_in("teacher")
    assert 200 == browser.get("/account").status_code
    gone = next(each for each in app.accounts.all() if each.role == "teacher")
    app.accounts.remove(Actor("tests"), gone.id)
    assert 401 == browser.get("/account", headers={"Accept": "application/json"}).status_code


@pytest.mark.parametrize(
    ("public", "name", "secure"),
    [("http://127.0.0.1:8400", "session", False), ("https://attendance.example", "__Host-session", True)],
)
@pytest.mark.usefixtures("ada")
def test_cookies_are_kept_from_scripts_and_other_sites(app, public, name, secure):
    """By TLS they are sent by TLS alone, under a name that no other host can set."""
    from starlette.testclient import TestClient

    browser = TestClient(build(Site(app, public)), base_url=public, follow_redirects=False)
    answer = enter(browser)
    cookie = cookies(answer)[name]
    flags = (cookie["httponly"], bool(cookie["secure"]), cookie["samesite"], cookie["path"], cookie["domain"])
    assert (True, secure, "lax", "/", "") == flags
    assert 200 == browser.get("/account").status_code
    assert secure == ("strict-transport-security" in answer.headers)


@pytest.mark.usefixtures("ada")
def test_a_file_in_the_place_of_a_name_is_refused(client):
    """As any form that no page sends."""
    answer = client.post("/sign-in", files={"name": ("a.txt", b"text")}, data={"password": PASSWORD})
    assert 422 == answer.status_code


def test_without_any_account_the_page_says_so(client):
    """And how the first one is made."""
    assert "Nobody can sign in yet" in client.get("/sign-in").text


@pytest.mark.usefixtures("ada")
def test_names_are_shown_as_text(client):
    """Whatever they hold."""
    answer = enter(client, name='"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text
