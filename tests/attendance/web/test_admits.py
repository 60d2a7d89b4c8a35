"""Who is admitted: roles, form tokens, foreign pages, bearer tokens, kiosks."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, Request
from starlette.testclient import TestClient

from attendance.access import Actor, Visitor
from attendance.web import routes
from attendance.web.admits import Admin, Admits, Anyone, Staff, program
from attendance.web.build import build

router = APIRouter()


@router.get("/test/admin")
@router.post("/test/admin")
def admin(who: Admin) -> str:
    return who.actor.name


@router.get("/test/staff")
@router.post("/test/staff")
def staff(who: Staff) -> str:
    return who.actor.name


@router.post("/test/kiosk")
def kiosk(who: Annotated[Visitor, Depends(Admits("kiosk"))]) -> str:
    return who.actor.name


@router.get("/test/program")
@router.post("/test/program")
def reading(who: Annotated[Visitor, program("people:read")]) -> str:
    return who.actor.name


@router.post("/test/anyone")
def anyone(who: Anyone, request: Request) -> str:
    return f"{who and who.actor.name} {request.method}"


@pytest.fixture(autouse=True)
def more_routes(monkeypatch):
    before = routes.all_routers
    monkeypatch.setattr(routes, "all_routers", lambda: [*before(), router])


def test_nobody_is_admitted_to_what_needs_a_role(client):
    """A page sends whoever is not signed in to sign in; a program is told 401."""
    answer = client.get("/test/admin?of=7b", headers={"Accept": "text/html"})
    assert (303, "/sign-in?to=/test/admin%3Fof%3D7b") == (answer.status_code, answer.headers["location"])
    assert 401 == client.get("/test/program", headers={"Accept": "application/json"}).status_code


def test_an_account_is_admitted_in_its_role(signed_in):
    """Admins to all pages, teachers to those of the staff."""
    assert 200 == signed_in().get("/test/admin").status_code
    teacher = signed_in("teacher")
    assert [403, 200] == [teacher.get(f"/test/{each}").status_code for each in ("admin", "staff")]


def test_a_change_needs_the_token_of_the_form(signed_in):
    """A form without the token of this sign-in, or with another's, changes nothing."""
    ours, other = signed_in(), signed_in()
    assert 403 == ours.post("/test/admin").status_code
    assert 403 == ours.post("/test/admin", data={"form_token": other.token}).status_code
    assert 200 == ours.form("/test/admin").status_code
    assert 200 == ours.post("/test/admin", headers={"X-Form-Token": ours.token}).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_another_sites_page_sends_is_refused(client, signed_in, headers):
    """Also where nobody is signed in, and with a token that was seen."""
    assert 403 == client.post("/test/anyone", headers=headers).status_code
    ours = signed_in()
    assert 403 == ours.post("/test/admin", headers={"X-Form-Token": ours.token, **headers}).status_code


def test_what_our_own_pages_send_is_taken(client):
    """By the origin that the browser names."""
    headers = {"Origin": "http://127.0.0.1:8400", "Sec-Fetch-Site": "same-origin"}
    assert '"None POST"' == client.post("/test/anyone", headers=headers).text


def test_a_program_is_admitted_by_a_token_of_the_scope(app, client):
    """Without the scope it is refused; unknown, revoked and ended tokens open nothing; no form token is asked for."""
    clerk = Actor("tests")
    right = app.tokens.add(clerk, "payroll", ["people:read"], days=1)
    wrong = app.tokens.add(clerk, "display", ["marks:read"])

    def status(secret: str) -> int:
        return client.post("/test/program", headers={"Authorization": f"Bearer {secret}"}).status_code

    assert [200, 403, 401] == [status(each) for each in (right.secret, wrong.secret, "att_none")]
    app.tokens.revoke(clerk, wrong.token.id)
    app.clock.forward(days=1)
    assert [401, 401] == [status(each) for each in (right.secret, wrong.secret)]


def test_a_bearer_token_counts_alone(app, signed_in):
    """A cookie lends a program nothing."""
    ours = signed_in()
    made = app.tokens.add(Actor("tests"), "payroll", ["people:read"])
    headers = {"Authorization": f"Bearer {made.secret}"}
    assert 403 == ours.post("/test/admin", headers=headers).status_code


def test_a_paired_kiosk_is_a_kiosk_and_nothing_else(app, site):
    """By its cookie, until its token is taken back."""
    app.places.add(Actor("tests"), "Door", kind="kiosk")
    made = app.tokens.add_kiosk(Actor("tests"), "Door")
    browser = TestClient(build(site), base_url=site.public, cookies={"kiosk": made.secret})
    assert '"kiosk Door"' == browser.post("/test/kiosk").text
    assert [403, 403] == [browser.get(f"/test/{each}").status_code for each in ("admin", "program")]
    app.tokens.revoke(Actor("tests"), made.token.id)
    assert 401 == browser.post("/test/kiosk").status_code


def test_a_kiosk_token_opens_nothing_as_a_session(app, site):
    """What one cookie holds is of no use in another."""
    app.places.add(Actor("tests"), "Door", kind="kiosk")
    made = app.tokens.add_kiosk(Actor("tests"), "Door")
    browser = TestClient(build(site), base_url=site.public, cookies={"session": made.secret}, follow_redirects=False)
    assert 303 == browser.get("/test/staff").status_code


def test_a_browser_that_is_signed_in_may_be_a_kiosk_too(app, signed_in):
    """Each route takes it as what it admits."""
    app.places.add(Actor("tests"), "Door", kind="kiosk")
    browser = signed_in()
    browser.cookies.set("kiosk", app.tokens.add_kiosk(Actor("tests"), "Door").secret)
    assert '"kiosk Door"' == browser.post("/test/kiosk").text
    assert '"admin 1"' == browser.get("/test/admin").text
