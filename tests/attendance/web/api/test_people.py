"""People by the API."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_somebody_is_added_and_read(api):
    """Who is added is told with an ETag, and read alike under the external id."""
    made = api.post("/people", json={"name": "Ada Lovelace", "id": "S-1", "groups": ["7A"], "note": "new"})
    found = api.get("/people/S-1")

    assert 201 == made.status_code
    assert made.json() == found.json()
    assert made.headers["ETag"] == found.headers["ETag"]
    assert ("S-1", "Ada Lovelace", ["7A"], 0, True, "new") == tuple(
        found.json()[key] for key in ("id", "name", "groups", "templates", "active", "note")
    )


def test_an_id_is_made_where_none_is_given(api):
    """Somebody without an id of their own gets one."""
    assert "P-1" == api.post("/people", json={"name": "Ada"}).json()["id"]


def test_an_id_is_given_once(api):
    """A second person of one id is refused with 409 and a stable id."""
    api.post("/people", json={"name": "Ada", "id": "S-1"})
    again = api.post("/people", json={"name": "Alan", "id": "S-1"})

    assert (409, "gallery.duplicate_id") == (again.status_code, again.json()["id"])


def test_a_name_is_no_id(api):
    """People are meant by external id alone, so that a namesake is never taken for somebody."""
    api.post("/people", json={"name": "Ada", "id": "S-1"})
    found = api.get("/people/Ada")

    assert (404, "gallery.person_unknown") == (found.status_code, found.json()["id"])


@pytest.mark.parametrize("odd", ["a/b", "100%", "a%2Fb", "%25", "Zoë ☂", "?", "a b", "..a", "x#y", "=1+1"])
def test_an_id_may_hold_what_addresses_do_not(api, odd):
    """An id with a slash or another sign is one segment of the path where it is encoded."""
    from urllib.parse import quote

    api.post("/people", json={"name": "Ada", "id": odd})
    found = api.get(f"/people/{quote(odd, safe='')}")

    assert (200, odd) == (found.status_code, found.json().get("id"))


@pytest.mark.parametrize("trick", ["..%2f..%2fkey", "%2e%2e%2f%2e%2e%2fkey", "..%5c..%5ckey", "%00", "P-1%00.png"])
def test_a_path_leads_out_of_nothing(api, trick):
    """What tries to leave the folder of people is an unknown person."""
    assert 404 == api.get(f"/people/{trick}").status_code
    assert 404 == api.get(f"/people/{trick}/photos/1/face").status_code


def test_people_are_filtered(api):
    """A list has those of a group, whose name holds a text, and who are active or not."""
    api.post("/people", json={"name": "Ada Lovelace", "id": "a", "groups": ["7A"]})
    api.post("/people", json={"name": "Alan Turing", "id": "b", "groups": ["7B"]})
    api.patch("/people/b", json={"active": False}, headers=api.tag("/people/b"))

    def ids(query: str) -> list[str]:
        return [each["id"] for each in api.get(f"/people?{query}").json()["items"]]

    assert ["a", "b"] == ids("")
    assert ["a"] == ids("group=7A")
    assert ["b"] == ids("name=TURING")
    assert ["b"] == ids("active=false")
    assert (404, "group.unknown") == (api.get("/people?group=9").status_code, api.get("/people?group=9").json()["id"])


def test_a_change_needs_the_state_it_is_of(api):
    """Without If-Match a change is refused with 428, of an older state with 412, and nothing is changed."""
    api.post("/people", json={"name": "Ada", "id": "a"})
    old = api.tag("/people/a")
    api.patch("/people/a", json={"name": "Ada King"}, headers=old)

    without = api.patch("/people/a", json={"name": "Eve"})
    late = api.patch("/people/a", json={"name": "Eve"}, headers=old)

    assert (428, "edit.unconditional") == (without.status_code, without.json()["id"])
    assert (412, "edit.changed") == (late.status_code, late.json()["id"])
    assert "Ada King" == api.get("/people/a").json()["name"]


@pytest.mark.parametrize(
    ("given", "status"), [("*", 200), ('W/"0123456789abcdef"', 412), ("none", 422), ('"a", "b"', 422), ('""', 412)]
)
def test_if_match_is_read_as_it_is_written(api, given, status):
    """A star stands for any state, a weak tag for none, and what is no tag is refused."""
    api.post("/people", json={"name": "Ada", "id": "a"})

    assert status == api.patch("/people/a", json={"name": "Eve"}, headers={"If-Match": given}).status_code


def test_of_two_who_change_one_person_one_is_told(app, program):
    """Two admins who have read the same state do not overwrite each other: one changes it, the other gets 412."""
    app.edits.add(app.actor, "Ada", external_id="a")
    sides = [program("people:read", "people:write") for _ in range(8)]
    tag = sides[0].tag("/people/a")

    def change(side) -> int:
        return side.patch("/people/a", json={"name": f"Name {id(side)}"}, headers=tag).status_code

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(change, sides))

    assert [200, *[412] * 7] == found


def test_a_change_is_whole_or_not_at_all(api):
    """Where one part of a change is refused, the others are not made."""
    api.post("/people", json={"name": "Ada", "id": "a", "groups": ["7A"]})
    told = {"name": "Eve", "groups": ["bad\nname"]}
    refused = api.patch("/people/a", json=told, headers=api.tag("/people/a"))

    assert (422, "gallery.person_invalid") == (refused.status_code, refused.json()["id"])
    assert ("Ada", ["7A"]) == (api.get("/people/a").json()["name"], api.get("/people/a").json()["groups"])


def test_what_is_known_already_is_not_sent_again(api):
    """A program that has the present state is answered 304 without a body."""
    api.post("/people", json={"name": "Ada", "id": "a"})
    again = api.get("/people/a", headers={"If-None-Match": api.get("/people/a").headers["ETag"]})

    assert (304, b"") == (again.status_code, again.content)


def test_erasing_needs_a_scope_of_its_own(api, program, enrolled):
    """Who may write may not erase; who may, erases person, photos and marks."""
    enrolled("a", 7)
    api.post("/marks", json={"person": "a"})
    refused = program("people:write").delete("/people/a")
    gone = api.delete("/people/a")

    assert (403, "token.scope") == (refused.status_code, refused.json()["id"])
    assert {"id": "a", "templates": 1, "marks": 1, "erased": True} == gone.json()
    assert 404 == api.get("/people/a").status_code


def test_erasing_may_be_of_a_state(api):
    """With If-Match somebody is erased only as they were seen."""
    api.post("/people", json={"name": "Ada", "id": "a"})
    old = api.tag("/people/a")
    api.patch("/people/a", json={"name": "Eve"}, headers=old)

    assert 412 == api.delete("/people/a", headers=old).status_code
    assert 200 == api.delete("/people/a", headers=api.tag("/people/a")).status_code


def test_two_become_one(api, enrolled):
    """Who is merged into another one is gone, and their photos and marks are the other's."""
    enrolled("a", 7)
    enrolled("b", 8)
    api.post("/marks", json={"person": "a"})
    merged = api.post("/people/a/merge", json={"into": "b"})

    assert (200, "b", 2) == (merged.status_code, merged.json()["id"], merged.json()["templates"])
    assert 404 == api.get("/people/a").status_code
    assert ["b"] == [each["person"]["id"] for each in api.get("/marks").json()["items"]]
    assert (409, "gallery.conflict") == (
        api.post("/people/b/merge", json={"into": "b"}).status_code,
        api.post("/people/b/merge", json={"into": "b"}).json()["id"],
    )


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"name": "Ada", "colour": "red"}, "colour"),
        ({}, "name"),
        ({"name": 7}, "name"),
        ({"name": "Ada", "groups": "7A"}, "groups"),
        ({"name": ""}, "name"),
        ({"name": "x" * 301}, "name"),
        ([], "Input"),
    ],
)
def test_what_is_wrong_is_named(api, told, named):
    """Unknown, missing and wrong fields are refused with their names."""
    refused = api.post("/people", json=told)

    assert (422, "request.invalid") == (refused.status_code, refused.json()["id"])
    assert named in refused.json()["detail"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'"\\ud800"', b'{"name": "\\ud800"}', b"[" * 5000, b"NaN"])
def test_a_body_that_is_no_json_is_refused(api, body):
    """What cannot be read as JSON is the program's fault, not the service's."""
    refused = api.post("/people", content=body, headers={"Content-Type": "application/json"})

    assert (422, "request.invalid") == (refused.status_code, refused.json()["id"])


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "مرحبا", "👩‍🚀 Ada", "O'Neil; DROP TABLE"]
)
def test_names_come_back_as_they_were_sent(api, name):
    """Signs that mean something elsewhere are letters of a name."""
    api.post("/people", json={"name": name, "id": "a"})

    assert name == api.get("/people/a").json()["name"]
