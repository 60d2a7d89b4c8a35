"""Who asks, what answers, and what is told of the API."""

from concurrent.futures import ThreadPoolExecutor

from attendance.access import Actor


def test_a_program_is_told_who_it_is(program):
    """A token tells its name, number and scopes, and until when it holds."""
    side = program("people:read", "marks:read", days=1)

    assert {
        "name": "token HR",
        "role": "program",
        "token": side.made.token.id,
        "scopes": ["people:read", "marks:read"],
        "ends": "2026-03-03T07:58:11.204Z",
    } == side.get("/me").json()


def test_an_admin_is_told_too(signed_in):
    """Somebody signed in may ask as a program does, and has no token."""
    found = signed_in(name="Grace").get("/api/v1/me").json()

    assert ("Grace", "admin", None, []) == (found["name"], found["role"], found["token"], found["scopes"])


def test_a_teacher_is_no_program(signed_in):
    """The API shows people of every group: teachers have their pages."""
    teacher = signed_in("teacher", ["7A"])

    assert 200 == teacher.get("/api/v1/me").status_code
    assert (403, "access.refused") == (
        teacher.get("/api/v1/people").status_code,
        teacher.get("/api/v1/people").json()["id"],
    )


def test_the_version_is_told(api):
    """What answers tells its version, the site's zone and its time."""
    found = api.get("/version").json()

    assert ("attendance", "v1", "UTC", "2026-03-02T07:58:11.204Z") == tuple(
        found[key] for key in ("name", "api", "zone", "now")
    )


def test_without_a_token_nothing_is_told(client):
    """Nobody without a token or a sign-in is told anything, not even what could be asked."""
    for path in ("/me", "/people", "/openapi.json", "/reports"):
        refused = client.get(f"/api/v1{path}")
        assert (401, "Bearer", "access.signedout") == (
            refused.status_code,
            refused.headers["WWW-Authenticate"],
            refused.json()["id"],
        )


def test_a_token_that_is_taken_back_opens_nothing_more(app, program, photo):
    """From the moment on at which a token is revoked, or its time is over, it is as one that never was."""
    side, short = program(), program(days=1)
    assert [200, 200] == [side.get("/people").status_code, short.get("/people").status_code]
    app.tokens.revoke(Actor("Grace"), side.made.token.id)
    app.clock.forward(days=1)

    for each in (side, short):
        refused = each.post("/decisions", content=photo((7,)), headers={"Content-Type": "image/png"})
        assert (401, "token.invalid") == (refused.status_code, refused.json()["id"])


def test_a_token_of_a_removed_place_opens_nothing(app, site, api):
    """What stood at a place goes with it."""
    app.places.add(app.actor, "Desk", kind="kiosk")
    side = type(api)(site, app.tokens.add_kiosk(Actor("Grace"), "Desk"))
    assert (403, "access.refused") == (side.get("/people").status_code, side.get("/people").json()["id"])
    app.places.remove(app.actor, "Desk")

    assert (401, "token.invalid") == (side.get("/people").status_code, side.get("/people").json()["id"])


def test_what_is_not_there_is_a_problem_with_an_id(api):
    """A path that is none, and a way that is none, are told as every refusal is."""
    missing, other = api.get("/peoples"), api.put("/people")

    assert (404, "path.unknown") == (missing.status_code, missing.json()["id"])
    assert (405, "method.unknown", "GET, POST") == (other.status_code, other.json()["id"], other.headers["Allow"])
    assert "GET" == api.post("/openapi.json").headers["Allow"]
    assert "DELETE, GET, PATCH" == api.post("/people/a").headers["Allow"]
    assert "application/problem+json" == missing.headers["Content-Type"]


def test_a_problem_tells_what_to_do(api):
    """A refusal has what RFC 9457 asks for, and its id and help."""
    told = api.get("/people/x").json()

    assert {
        "type": "urn:attendance:gallery.person_unknown",
        "title": "Not Found",
        "status": 404,
        "detail": "x: nobody has this id. `attendance gallery list` shows who is enrolled.",
        "instance": "/api/v1/people/x",
        "id": "gallery.person_unknown",
    } == told


def test_the_openapi_is_whole(api):
    """OpenAPI 3.1: each operation has an id of its own, a scope that there is, and tells its refusals."""
    from attendance.services.tokens import SCOPES

    told = api.get("/openapi.json").json()
    operations = [each for path in told["paths"].values() for each in path.values()]
    needed = {scope for each in operations for scope in each["security"][0]["bearer"]}

    assert told["openapi"].startswith("3.1")
    assert len(operations) == len({each["operationId"] for each in operations})
    assert set(SCOPES) == needed | {"metrics"}
    assert {each["name"] for each in told["tags"]} == {each["tags"][0] for each in operations}
    for each in operations:
        assert {"401", "403", "422", "503"} <= set(each["responses"])
        for status, answer in each["responses"].items():
            assert int(status) < 400 or ["application/problem+json"] == list(answer["content"])


def test_the_openapi_is_made_once_for_all_who_ask_at_once(program):
    """The first requests may come together: each is answered, and the API is told of once."""
    side = program()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: side.get("/people").status_code, range(8)))

    assert [200] * 8 == found
    assert side.app.openapi() is side.app.openapi()
