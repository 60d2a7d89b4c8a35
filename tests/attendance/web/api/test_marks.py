"""Marks by the API, made once however often they are asked for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from attendance.services.idempotency import Answers


@pytest.fixture
def ada(api):
    """Somebody to mark."""
    return api.post("/people", json={"name": "Ada", "id": "a"}).json()["id"]


def test_somebody_is_marked(api, ada):
    """A mark by hand is told whole: whose, when in UTC, by which token, and that it counts."""
    made = api.post("/marks", json={"person": ada, "at": "2026-03-02T08:05:00+01:00", "note": "seen"})

    assert 201 == made.status_code
    assert {
        "session": "2026-03-02",
        "person": {"id": "a", "name": "Ada"},
        "at": "2026-03-02T07:05:00.000Z",
        "how": "manual",
        "direction": None,
        "entered": "2026-03-02T07:58:11.204Z",
        "by": "token HR",
        "counts": True,
        "waits": False,
        "void": None,
        "sighting": None,
    } == {key: value for key, value in made.json().items() if key != "id"}
    assert made.json() == api.get(f"/marks/{made.json()['id']}").json()


def test_who_is_marked_stays_so(api, ada):
    """A second mark in the session is the first one, told with 200."""
    first, second = (api.post("/marks", json={"person": ada}) for _ in range(2))

    assert (201, 200) == (first.status_code, second.status_code)
    assert first.json() == second.json()


def test_the_same_request_under_one_key_is_one_mark(api, ada):
    """Asked again under its key, a request is answered with the same status and the same bytes, and does nothing."""
    told = {"headers": {"Idempotency-Key": "k-1"}, "json": {"person": ada, "note": "seen"}}
    first, second = api.post("/marks", **told), api.post("/marks", **told)

    assert (201, 201) == (first.status_code, second.status_code)
    assert first.content == second.content
    assert (None, "true") == (first.headers.get("Idempotent-Replayed"), second.headers.get("Idempotent-Replayed"))
    assert 1 == len(api.get("/marks").json()["items"])


def test_an_answer_is_told_again_whatever_came_meanwhile(api, ada):
    """The answer under a key is that of then, also where the mark was voided since."""
    told = {"headers": {"Idempotency-Key": "k-1"}, "json": {"person": ada}}
    first = api.post("/marks", **told)
    api.post(f"/marks/{first.json()['id']}/void", json={"reason": "wrong"})

    assert first.content == api.post("/marks", **told).content
    assert [False] == [each["counts"] for each in api.get("/marks").json()["items"]]


def test_another_request_under_a_key_is_refused(api, ada):
    """A key stands for one request: another body or path under it does nothing and is told."""
    key = {"Idempotency-Key": "k-1"}
    made = api.post("/marks", json={"person": ada}, headers=key).json()
    other = api.post("/marks", json={"person": ada, "note": "x"}, headers=key)
    elsewhere = api.post(f"/marks/{made['id']}/void", json={"reason": "wrong"}, headers=key)

    assert [(422, "key.reused")] * 2 == [(each.status_code, each.json()["id"]) for each in (other, elsewhere)]
    assert api.get(f"/marks/{made['id']}").json()["counts"]


def test_keys_are_each_program_s_own(program, ada):
    """The same key of another token is another one."""
    asked = [program().post("/marks", json={"person": ada}, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert [201, 200] == [each.status_code for each in asked]


@pytest.mark.parametrize("path", ["/void", "/correct"])
def test_corrections_take_a_key_too(api, ada, path):
    """A void or a correction under a key is one, and is answered alike when it comes twice."""
    mark = api.post("/marks", json={"person": ada}).json()["id"]
    told = {"reason": "wrong"} | ({"at": "07:30"} if path == "/correct" else {})
    first, second = (api.post(f"/marks/{mark}{path}", json=told, headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert first.status_code == second.status_code
    assert first.content == second.content
    assert first.status_code in {200, 201}


def test_a_refusal_is_not_kept(api):
    """What was refused did nothing: under the same key it may come again once it can be done."""
    told = {"headers": {"Idempotency-Key": "k"}, "json": {"person": "a"}}
    refused = api.post("/marks", **told)
    api.post("/people", json={"name": "Ada", "id": "a"})

    assert (404, 201) == (refused.status_code, api.post("/marks", **told).status_code)


def test_twenty_at_once_are_one(program, ada):
    """Twenty threads with one key make one mark, and all are answered alike."""
    side = program()

    def ask(_number: int) -> tuple[int, bytes]:
        found = side.post("/marks", json={"person": ada}, headers={"Idempotency-Key": "k"})
        return found.status_code, found.content

    with ThreadPoolExecutor(20) as pool:
        found = set(pool.map(ask, range(20)))

    assert 1 == len(found)
    assert 201 == next(iter(found))[0]
    assert 1 == len(side.get("/marks").json()["items"])


def test_an_answer_holds_after_a_restart(app, api, ada):
    """What was answered lies in the home, not in the process, and for a day."""
    told = {"headers": {"Idempotency-Key": "k"}, "json": {"person": ada}}
    first = api.post("/marks", **told)
    app.__dict__["answers"] = Answers(app.gallery, app.clock)

    assert first.content == api.post("/marks", **told).content
    app.clock.forward(hours=24, seconds=1)
    assert first.content != api.post("/marks", **told).content


def test_an_answer_goes_with_the_person(app, api, ada):
    """What was answered of somebody who is erased is answered no more."""
    told = {"headers": {"Idempotency-Key": "k"}, "json": {"person": ada}}
    api.post("/marks", **told)
    api.delete("/people/a")

    assert 404 == api.post("/marks", **told).status_code
    with app.store.reading() as transaction:
        from gallery.repositories import answers

        assert [] == answers.keys(transaction)


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "x" * 301])
def test_a_key_is_visible_signs(api, ada, key):
    """A key that is none is refused, and nothing is marked."""
    refused = api.post("/marks", json={"person": ada}, headers={"Idempotency-Key": key})

    assert (422, "request.invalid") == (refused.status_code, refused.json()["id"])
    assert [] == api.get("/marks").json()["items"]


def test_a_mark_is_voided_with_a_reason(api, ada):
    """A void mark stays on record with by whom, when and why, and is voided once."""
    mark = api.post("/marks", json={"person": ada}).json()["id"]
    done = api.post(f"/marks/{mark}/void", json={"reason": "left"})
    again = api.post(f"/marks/{mark}/void", json={"reason": "left"})

    assert (200, False) == (done.status_code, done.json()["counts"])
    assert {"at": "2026-03-02T07:58:11.204Z", "by": "token HR", "reason": "left"} == done.json()["void"]
    assert (409, "mark.voided") == (again.status_code, again.json()["id"])
    assert 422 == api.post(f"/marks/{mark}/void", json={"reason": ""}).status_code


def test_a_mark_is_corrected(api, ada):
    """A mark of the right time stands in the place of the wrong one."""
    mark = api.post("/marks", json={"person": ada}).json()["id"]
    done = api.post(f"/marks/{mark}/correct", json={"at": "07:30", "reason": "clock"}).json()

    assert (mark, False) == (done["old"]["id"], done["old"]["counts"])
    assert ("2026-03-02T07:30:00.000Z", True) == (done["made"]["at"], done["made"]["counts"])


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("told", "status", "id_"),
    [
        ({"person": "nobody"}, 404, "gallery.person_unknown"),
        ({"person": "a", "session": "Nope"}, 404, "session.unknown"),
        ({"person": "a", "session": "2026-03-03"}, 422, "session.day"),
        ({"person": "a", "at": "99:99"}, 422, "mark.time"),
        ({"person": "a", "at": "9999-12-31T23:59:59Z"}, 422, "session.day"),
        ({"person": "a", "direction": "up"}, 422, "request.invalid"),
    ],
)
def test_what_cannot_be_marked_is_told(api, told, status, id_):
    """Nobody is marked by a request that says what cannot be."""
    refused = api.post("/marks", json=told)

    assert (status, id_) == (refused.status_code, refused.json()["id"])
    assert [] == api.get("/marks").json()["items"]


def test_marks_of_other_days_are_listed(app, api, ada):
    """A list is of a session, of a person where wanted, and empty where today has none."""
    api.post("/marks", json={"person": ada})
    app.clock.now += timedelta(days=1)

    assert [] == api.get("/marks").json()["items"]
    assert 1 == len(api.get("/marks?session=2026-03-02&person=a").json()["items"])
    assert 0 == len(api.get("/marks?session=2026-03-02&person=b").json()["items"])
    assert 404 == api.get("/marks?session=Nope").status_code


def test_a_mark_that_is_none_is_unknown(api):
    """An id that no mark has is told so."""
    assert (404, "mark.unknown") == (api.get("/marks/x").status_code, api.get("/marks/x").json()["id"])
    assert 404 == api.post("/marks/x/void", json={"reason": "r"}).status_code
