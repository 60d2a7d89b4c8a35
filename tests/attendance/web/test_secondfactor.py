"""Signing in with a second factor, setting it up, and where somebody is signed in."""

import re

import pytest
from pyotp import TOTP
from starlette.testclient import TestClient

from attendance import Attendance
from attendance.access import Actor
from attendance.web.build import build
from attendance.web.site import Site
from gallery import history

PASSWORD = "correct horse battery"  # noqa: S105


def enter(browser, name="Ada", **more):
    return browser.post("/sign-in", data={"name": name, "password": PASSWORD, **more})


def said(answer) -> str:
    return " ".join(re.findall(r'(?:role="alert"|class="told")>([^<]*)<', answer.text))


@pytest.fixture
def flags() -> dict:
    """Settings of a test; others are given by parameters."""
    return {}


@pytest.fixture
def app(home, clock, pipeline, flags):
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0, **flags}) as opened:
        yield opened


@pytest.fixture
def log(app):
    """What the log tells of doors, by action, subject and details, with who did it."""

    def read() -> list[tuple]:
        with app.store.reading() as transaction:
            found = [each for each in history(transaction) if each.action.startswith(("signin.", "factor.", "access."))]
        return [(each.action, each.subject, each.by, dict(each.details)) for each in found]

    return read


@pytest.fixture
def ada(app, account):
    """Ada's account, which has a second factor; `digits` are those that her telephone shows so many steps later."""
    made = account("Ada")
    actor = Actor("Ada", frozenset({"admin"}), "web", made.id)
    app.second_factors.begin(actor, PASSWORD)
    secret = app.second_factors.waiting(made.id).secret

    class Ada:
        number = made.id
        codes = app.second_factors.confirm(actor, TOTP(secret).at(app.clock.utc()))

        @staticmethod
        def digits(later: int = 0) -> str:
            return TOTP(secret).at(app.clock.utc(), counter_offset=later)

    return Ada


def test_the_password_alone_signs_nobody_in(client, ada):
    """It leads to the second step; the digits sign in, and lead to the page that was asked for."""
    answer = enter(client, to="/people")
    assert (303, "/sign-in/code?to=/people") == (answer.status_code, answer.headers["location"])
    assert 401 == client.get("/account", headers={"Accept": "application/json"}).status_code
    assert 'value="/people"' in client.get("/sign-in/code?to=/people").text
    answer = client.post("/sign-in/code", data={"code": ada.digits(1), "to": "/people"})
    assert (303, "/people") == (answer.status_code, answer.headers["location"])
    assert 200 == client.get("/account").status_code


def test_wrong_digits_are_told(client, ada):
    """And sign nobody in; those that were used neither."""
    enter(client)
    for code, told in (("000000", "not the one"), (ada.digits(), "used before"), ("", "not the one")):
        answer = client.post("/sign-in/code", data={"code": code})
        assert (403, True) == (answer.status_code, told in said(answer))
    assert 401 == client.get("/account", headers={"Accept": "application/json"}).status_code


def test_without_the_password_there_is_no_second_step(client, ada):
    """Right digits alone lead back to the first."""
    for answer in (client.get("/sign-in/code"), client.post("/sign-in/code", data={"code": ada.digits(1)})):
        assert (303, "/sign-in") == (answer.status_code, answer.headers["location"])


def test_the_second_step_waits_for_minutes_alone(client, clock, ada):
    """After five of them it begins with the password again; nor is one of another browser, or made up, of use."""
    enter(client)
    clock.forward(minutes=6)
    assert "/sign-in" == client.post("/sign-in/code", data={"code": ada.digits(1)}).headers["location"]
    client.cookies.set("half", f"{ada.number}.{int(clock.utc().timestamp())}.signature")
    assert "/sign-in" == client.post("/sign-in/code", data={"code": ada.digits(1)}).headers["location"]


def test_guessing_digits_has_to_wait(home, app, client, clock, ada, pipeline):
    """After ten tries, whatever the browser, also where the service was started again."""
    enter(client)
    for _ in range(10):
        client.post("/sign-in/code", data={"code": "000000"})
    answer = client.post("/sign-in/code", data={"code": ada.digits(1)})
    assert (429, "30") == (answer.status_code, answer.headers["retry-after"])
    app.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline) as again:
        browser = TestClient(build(Site(again)), base_url="http://127.0.0.1:8400", follow_redirects=False)
        enter(browser)
        assert 429 == browser.post("/sign-in/code", data={"code": ada.digits(1)}).status_code


def test_a_kept_code_signs_in(client, ada):
    """In place of the digits, once."""
    enter(client)
    assert 303 == client.post("/sign-in/code", data={"code": ada.codes[0]}).status_code
    client.post("/sign-out", data={"form_token": ""})
    client.cookies.clear()
    enter(client)
    assert 403 == client.post("/sign-in/code", data={"code": ada.codes[0]}).status_code


def test_it_is_set_up_on_the_page(app, signed_in):
    """By the password, then by the digits of the telephone; the codes are shown once."""
    browser = signed_in("teacher", name="Bob")
    assert 403 == browser.form("/account/totp/begin", present="wrong wrong wrong").status_code
    assert 303 == browser.form("/account/totp/begin", present=PASSWORD).status_code
    page = browser.get("/account/totp").text
    secret = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page)[1]
    assert "<svg" in page
    digits = TOTP(secret.replace(" ", ""))
    assert 403 == browser.form("/account/totp/confirm", code="000000").status_code
    shown = browser.form("/account/totp/confirm", code=digits.at(app.clock.utc())).text
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", shown)
    assert 10 == len(codes)
    later = browser.get("/account/totp").text + browser.get("/account").text
    assert secret not in later
    assert not any(code in later for code in codes)
    assert 403 == browser.form("/account/totp/off", present=PASSWORD, code="000000").status_code
    assert 303 == browser.form("/account/totp/off", present=PASSWORD, code=codes[0]).status_code
    assert "Off: your password alone" in browser.get("/account").text


@pytest.mark.parametrize("flags", [{"totp_for_admins": True}])
def test_admins_without_one_do_nothing_else_first(app, signed_in):
    """Where admins need one each page leads to it, and no request changes anything; teachers go on as ever."""
    admin, teacher = signed_in(), signed_in("teacher", ["7b"])
    assert "/account/totp" == admin.get("/people", headers={"Accept": "text/html"}).headers["location"]
    refused = admin.post("/people/add", headers={"X-Form-Token": admin.token, "Accept": "application/json"})
    assert (403, "totp.off") == (refused.status_code, refused.json()["id"])
    assert 403 == admin.get("/api/v1/people", headers={"Accept": "application/json"}).status_code
    assert "Admins need one here" in admin.get("/account/totp").text
    assert 200 == teacher.get("/people").status_code
    admin.form("/account/totp/begin", present=PASSWORD)
    number = app.accounts.named("admin 1").id
    digits = TOTP(app.second_factors.waiting(number).secret).at(app.clock.utc())
    assert "/account/totp" == admin.get("/people", headers={"Accept": "text/html"}).headers["location"]
    admin.form("/account/totp/confirm", code=digits)
    assert 200 == admin.get("/people").status_code


def test_an_admin_turns_off_that_of_others(app, signed_in, ada, log):
    """Whose telephone is lost; the log tells who did."""
    admin = signed_in(name="Grace")
    assert "Turn it off" in admin.get(f"/settings/accounts/{ada.number}").text
    assert 303 == admin.form(f"/settings/accounts/{ada.number}/factor").status_code
    assert app.second_factors.of(ada.number) is None
    assert ("factor.remove", str(ada.number), "Grace", {}) == log()[-1]


def test_somebody_sees_where_they_are_signed_in(site, signed_in):
    """By what the browser calls itself, and signs out one, or all others, and nobody else's."""
    browser, other = signed_in("teacher", name="Bob"), signed_in(name="Grace")
    bob = site.app.accounts.named("Bob")
    phones = [type(browser)(site).sign_in(bob) for _ in range(3)]
    site.app.sign_ins.begin(bob, "Fox <b>1.0</b> " + "x" * 300)
    page = browser.get("/account").text
    assert "Fox &lt;b&gt;1.0&lt;/b&gt;" in page
    assert "this one" in page
    keys = re.findall(r"/account/browsers/([0-9a-f]{16})/end", page)
    theirs = re.findall(r"/settings/accounts/browsers/([0-9a-f]{16})/end", other.get("/settings/accounts").text)
    assert set(keys) < set(theirs)
    assert 4 == len(keys)
    assert 303 == browser.form(f"/account/browsers/{keys[0]}/end").status_code
    assert 4 == len(site.app.sign_ins.all(bob.id))
    (grace,) = [each.digest[:16] for each in site.app.sign_ins.all(site.app.accounts.named("Grace").id)]
    browser.form(f"/account/browsers/{grace}/end")
    assert 200 == other.get("/account").status_code
    assert 303 == browser.form("/account/browsers/end").status_code
    assert 1 == len(site.app.sign_ins.all(bob.id))
    assert 200 == browser.get("/account").status_code
    for each in phones:
        assert 401 == each.get("/account", headers={"Accept": "application/json"}).status_code


def test_an_admin_signs_others_out(site, signed_in, log):
    """A teacher does not; the log tells who did."""
    teacher, admin = signed_in("teacher", name="Bob"), signed_in(name="Grace")
    bob = site.app.accounts.named("Bob").id
    (key,) = [each.digest[:16] for each in site.app.sign_ins.all(bob)]
    assert 403 == teacher.form(f"/settings/accounts/browsers/{key}/end").status_code
    assert 303 == admin.form(f"/settings/accounts/browsers/{key}/end").status_code
    assert 401 == teacher.get("/account", headers={"Accept": "application/json"}).status_code
    assert ("signin.end", str(bob), "Grace", {}) == log()[-1]


def test_the_log_tells_of_doors_by_number(client, account, log, shown_token):
    """Who signed in and out, and that an account was tried too often, without name of others or address."""
    number = str(account("Ada").id)
    enter(client)
    client.post("/sign-out", data={"form_token": shown_token(client.get("/account"))})
    for _ in range(12):
        client.post("/sign-in", data={"name": "Ada", "password": "wrong wrong wrong"})
        client.post("/sign-in", data={"name": "Nobody", "password": "wrong wrong wrong"})
    client.cookies.clear()
    for _ in range(12):
        client.post("/sign-in", data={"name": "Ada", "password": "wrong wrong wrong"})
    locked = [("signin.locked", number, "unknown", {})]
    assert [("signin.begin", number, "Ada", {}), ("signin.end", number, "Ada", {}), *locked] == log()


def test_refused_access_is_noted_once_an_hour(app, clock, signed_in, log):
    """For each account and each route, by the route's own path; a program's, too."""
    teacher = signed_in("teacher", ["7b"], name="Bob")
    made = app.tokens.add(Actor("tests"), "HR", ["people:read"])
    number = str(app.accounts.named("Bob").id)
    for _ in range(2):
        for path in ("/audit", "/people/1/erase", "/people/2/erase"):
            assert 403 == teacher.get(path).status_code
        told = teacher.get("/api/v1/marks", headers={"Authorization": f"Bearer {made.secret}"})
        assert "token.scope" == told.json()["id"]
    found = [each for each in log() if each[0] == "access.refuse"]
    assert [
        ("access.refuse", number, "Bob", {"route": "/audit", "method": "GET"}),
        ("access.refuse", number, "Bob", {"route": "/people/{number}/erase", "method": "GET"}),
        ("access.refuse", f"token {made.token.id}", "token HR", {"route": "/api/v1/marks", "method": "GET"}),
    ] == found
    clock.forward(hours=1, minutes=1)
    teacher.get("/audit")
    assert 4 == len([each for each in log() if each[0] == "access.refuse"])


@pytest.mark.parametrize("flags", [{"idle_minutes": 30, "admin_idle_minutes": 10}])
def test_admins_are_signed_out_sooner_where_so_set(clock, signed_in):
    """By settings of their own."""
    admin, teacher = signed_in(), signed_in("teacher")
    clock.forward(minutes=9)
    assert [200, 200] == [each.get("/account").status_code for each in (admin, teacher)]
    clock.forward(minutes=11)
    json = {"Accept": "application/json"}
    assert [401, 200] == [each.get("/account", headers=json).status_code for each in (admin, teacher)]
    clock.forward(minutes=31)
    assert 401 == teacher.get("/account", headers=json).status_code


def test_tokens_go_with_the_account_that_made_them(app, signed_in):
    """Removed, or admin no more: what it made holds no more, whatever it is called since; others' tokens go on."""
    other, admin = signed_in(name="Grace"), signed_in(name="Ada")
    ada = app.accounts.named("Ada").id
    for browser, name in ((admin, "payroll"), (other, "signage")):
        browser.form("/settings/tokens", name=name, scopes="people:read", days="30")
    app.tokens.add(Actor("Ada", door="cli"), "of the system's user Ada", ["people:read"])
    app.accounts.change(Actor("tests"), ada, name="Ada Lovelace")
    assert "payroll</bdi> (api)" in other.get(f"/settings/accounts/{ada}").text
    other.form(f"/settings/accounts/{ada}", name="Ada Lovelace", role="teacher", active="1")
    assert "Revoked with it: token 1 (api payroll)." in other.get("/settings/accounts").text
    assert {"payroll": False, "signage": True, "of the system's user Ada": True} == {
        each.token.name: each.holds for each in app.tokens.all()
    }
