"""Every route names whom it admits, and nobody else gets in: made from the routes there are."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount
from starlette.testclient import TestClient

from attendance.access import Actor
from attendance.services.tokens import SCOPES
from attendance.web.admits import SAFE, Admits, Reader
from attendance.web.build import build

OPEN = {
    "/alive",
    "/health",
    "/metrics",
    "/ready",
    "/setup",
    "/sign-in",
    "/sign-in/code",
    "/sign-out",
}
"""What admits whoever comes; a kiosk proves itself there first, and a calendar has its token in the address."""
ANY_TOKEN = {"/api/v1/me", "/api/v1/openapi.json", "/api/v1/version"}
"""What a program may ask whatever its token allows."""
BY_OWN_PROOF = ("/consent/", "/kiosk", "/feeds/", "/feed/")


def admits_of(route: APIRoute) -> list[Admits]:
    """Whom a route admits, by all it depends on."""
    waiting, found = [route.dependant], []
    while waiting:
        each = waiting.pop()
        waiting += each.dependencies
        if isinstance(each.call, Admits):
            found.append(each.call)
    return found


def walked(router) -> list:
    """All routes of an application, those of the routers in it, too, however they are kept there."""
    found = []
    for each in router.routes:
        inner = getattr(each, "original_router", None)
        found += [each] if inner is None else walked(inner)
    return found


def asked(browser: TestClient, route: APIRoute, **headers: str) -> list[str]:
    """What each method of a route is refused by."""
    path = re.sub(r"\{[^}]*\}", "1", route.path)
    told = []
    for method in sorted(route.methods):
        answer = browser.request(method, path, headers={"Accept": "application/json", **headers})
        kind = answer.headers.get("content-type", "")
        told.append(answer.json().get("id", "") if "problem" in kind else str(answer.status_code))
    return told


@pytest.fixture
def routes(site) -> list[APIRoute]:
    assert {"/alive", "/sign-in", "/account"} <= {each.path for each in walked(build(site))}
    return [each for each in walked(build(site)) if isinstance(each, APIRoute)]


@pytest.fixture
def kiosk(app, site) -> TestClient:
    app.places.add(Actor("tests"), "Door", kind="kiosk")
    secret = app.tokens.add_kiosk(Actor("tests"), "Door").secret
    return TestClient(build(site), base_url=site.public, cookies={"kiosk": secret}, follow_redirects=False)


def test_there_are_routes_and_files_and_nothing_else(site):
    """What is neither could admit anybody."""
    others = [each for each in walked(build(site)) if not isinstance(each, APIRoute)]
    assert ["/static"] == [each.path for each in others if isinstance(each, Mount)]
    assert 1 == len(others)


def test_every_route_names_whom_it_admits(routes):
    """Exactly once; what admits anybody is known by name."""
    assert [] == [each.path for each in routes if 1 != len(admits_of(each))]
    for each in routes:
        if admits_of(each)[0].anyone:
            assert each.path in OPEN or each.path.startswith(BY_OWN_PROOF), each.path


def test_every_scope_is_one_that_a_token_can_have(routes):
    """And none is offered that opens nothing."""
    wanted = {scope for each in routes if (scope := admits_of(each)[0].scope) is not None}
    assert set() == wanted - set(SCOPES)


def test_nobody_gets_in_unknown(routes, client):
    """To what is not for anybody."""
    for each in routes:
        if not admits_of(each)[0].anyone:
            assert {"access.signedout"} == set(asked(client, each)), each.path


def test_no_role_gets_in_where_another_is_meant(routes, signed_in, kiosk):
    """Teachers, admins, auditors and kiosks, each at the routes of others; with the token of their own forms."""
    teacher, admin, auditor = signed_in("teacher", ["7b"]), signed_in(), signed_in("auditor")
    browsers = {"teacher": teacher, "admin": admin, "auditor": auditor, "kiosk": kiosk}
    for each in routes:
        roles = admits_of(each)[0].roles
        for role, browser in browsers.items():
            if not admits_of(each)[0].anyone and role not in roles:
                headers = {"X-Form-Token": getattr(browser, "token", "")}
                assert {"access.refused"} == set(asked(browser, each, **headers)), (role, each.path)


def test_no_program_gets_in_without_the_scope(app, routes, client):
    """One with all scopes but that of the route; and none at all where programs are not admitted."""
    made = {
        scope: app.tokens.add(Actor("tests"), scope or "all", [each for each in SCOPES if each != scope]).secret
        for scope in {admits_of(each)[0].scope for each in routes} | {None}
    }
    for each in routes:
        admits = admits_of(each)[0]
        if admits.anyone or (each.path in ANY_TOKEN and admits.scope is None):
            continue
        told = asked(client, each, Authorization=f"Bearer {made[admits.scope]}")
        expected = "token.scope" if "program" in admits.roles else "access.refused"
        if "program" in admits.roles and admits.scope is None:  # who it is and what it may ask, any program is told
            expected = "200"
        assert {expected} == set(told), each.path


def test_no_token_that_holds_no_more_gets_in(app, routes, client):
    """Not even to what anybody may see: whoever shows one means it."""
    made = app.tokens.add(Actor("tests"), "payroll", list(SCOPES))
    app.tokens.revoke(Actor("tests"), made.token.id)
    for each in routes:
        assert {"token.invalid"} == set(asked(client, each, Authorization=f"Bearer {made.secret}")), each.path


def test_no_change_is_made_without_the_token_of_the_form(routes, signed_in):
    """By whoever is signed in, at whichever route that changes something."""
    admin, teacher = signed_in(), signed_in("teacher", ["7b"])
    for each in routes:
        roles = admits_of(each)[0].roles
        if each.methods & SAFE or not roles & {"admin", "teacher"}:
            continue
        browser = admin if "admin" in roles else teacher
        assert {"access.form"} == set(asked(browser, each)), each.path
        assert {"access.form"} == set(asked(browser, each, Origin="https://elsewhere.example")), each.path


def test_an_auditor_changes_nothing(routes, signed_in):
    """At no route but those of their own account, whoever wrote the route and whatever it says."""
    auditor = signed_in("auditor")
    for each in routes:
        admits = admits_of(each)[0]
        if each.methods <= SAFE or admits.anyone or admits.right == "account.own":
            continue
        told = asked(auditor, each, **{"X-Form-Token": auditor.token})
        assert {"access.refused"} == set(told), each.path


def test_no_route_lets_an_auditor_change(site, signed_in):
    """Not even one that names them."""
    made = build(site)

    @made.post("/careless")
    def careless(who: Reader) -> str:
        return who.role

    browser = signed_in("auditor")
    client = TestClient(made, base_url=site.public, cookies=browser.cookies)
    told = client.post("/careless", headers={"X-Form-Token": browser.token, "Accept": "application/json"}).json()
    assert ("access.refused", "/careless: an auditor changes nothing") == (told["id"], told["detail"].split(".")[0])
