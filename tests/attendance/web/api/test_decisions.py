"""Photos judged by the API."""

from concurrent.futures import ThreadPoolExecutor

import pytest

PNG = {"Content-Type": "image/png"}


def test_who_is_on_a_photo_is_marked(api, enrolled, photo):
    """Each face is a decision: who is enrolled is marked, a stranger is unknown."""
    enrolled("a", 7, name="Ada")
    done = api.post("/decisions", content=photo((7,), (20,)), headers=PNG)

    assert (200, ["present", "unknown"]) == (done.status_code, [each["decision"] for each in done.json()["decisions"]])
    assert {"id": "a", "name": "Ada"} == done.json()["decisions"][0]["person"]
    mark = api.get(f"/marks/{done.json()['decisions'][0]['mark']}").json()
    assert ("a", done.json()["decisions"][0]["sighting"]) == (mark["person"]["id"], mark["sighting"])


def test_a_form_does_as_well(api, enrolled, photo):
    """A photo may come as the field of a form."""
    enrolled("a", 7)
    done = api.post("/decisions", files={"photo": ("Ada.png", photo((7,)), "image/png")})

    assert ["present"] == [each["decision"] for each in done.json()["decisions"]]
    seen = api.get(f"/decisions/{done.json()['decisions'][0]['sighting']}").json()
    assert "API" == seen["source"]  # a file's name may be somebody's


def test_a_dry_run_writes_nothing(api, enrolled, photo):
    """In a dry run the decision is told and nobody is marked."""
    enrolled("a", 7)
    done = api.post("/decisions?dry_run=true", content=photo((7,)), headers=PNG).json()

    assert ("present", None, None) == tuple(done["decisions"][0][key] for key in ("decision", "mark", "sighting"))
    assert [] == api.get("/marks").json()["items"]


def test_a_photo_without_a_face_is_no_failure(api, photo):
    """Where no face is, there is no decision, and it is said why."""
    done = api.post("/decisions", content=photo(), headers=PNG)

    assert (200, []) == (done.status_code, done.json()["decisions"])
    assert "no face" in done.json()["remark"]


def test_session_group_and_place_are_heeded(app, api, enrolled, photo):
    """People are looked for in the group, marked in the session, and seen at the place."""
    enrolled("a", 7, groups=["7A"])
    enrolled("b", 8, groups=["7B"])
    api.post("/sessions", json={"name": "Excursion"})
    app.places.add(app.actor, "Gate", "rtsp://127.0.0.1:9/none")
    done = api.post(
        "/decisions?session=Excursion&group=7A&place=Gate&direction=in", content=photo((7,), (8,)), headers=PNG
    ).json()["decisions"]
    mark = api.get(f"/marks/{done[0]['mark']}").json()

    assert ["present", "unknown"] == [each["decision"] for each in done]
    assert ("Excursion", "in") == (mark["session"], mark["direction"])
    assert "Gate" == api.get(f"/decisions/{done[0]['sighting']}").json()["place"]


@pytest.mark.parametrize(
    ("query", "status", "id_"),
    [
        ("session=Nope", 404, "session.unknown"),
        ("group=Nope", 404, "group.unknown"),
        ("place=Nope", 404, "place.unknown"),
        ("place=Old", 409, "place.retired"),
        ("direction=up", 422, "request.invalid"),
        ("dry_run=perhaps", 422, "request.invalid"),
        ("sesion=x", 422, "request.invalid"),
    ],
)
def test_what_is_not_there_is_told(app, api, photo, query, status, id_):
    """A session, group or place that is not there marks nobody."""
    app.places.add(app.actor, "Old", "rtsp://127.0.0.1:9/none")
    app.places.retire(app.actor, "Old")
    refused = api.post(f"/decisions?{query}", content=photo((7,)), headers=PNG)

    assert (status, id_) == (refused.status_code, refused.json()["id"])


def test_evidence_is_told(api, enrolled, photo):
    """A decision of before is told with all numbers that it rests on, under its number."""
    enrolled("a", 7, name="Ada")
    told = api.post("/decisions", content=photo((7,)), headers=PNG).json()["decisions"][0]
    found = api.get(f"/decisions/{told['sighting']}").json()

    for key in ("decision", "person", "score", "threshold", "margin", "target_fpir", "gallery_size", "box"):
        assert told[key] == found[key]
    assert ("2026-03-02", "faker-1+fake-1") == (found["session"], found["pipeline"])
    assert (404, "sighting.unknown") == (api.get("/decisions/99").status_code, api.get("/decisions/99").json()["id"])
    assert [422, 404, 422] == [api.get(f"/decisions/{odd}").status_code for odd in ("0", 2**53, 2**64)]


def test_fifty_at_once_lose_none(api, enrolled, photo):
    """Of fifty photos sent at once each is decided, and whoever is on them is marked once."""
    people = {face: enrolled(f"P-{face}", face) for face in range(1, 11)}
    sent = [photo((number % 10 + 1,), seed=number + 100) for number in range(50)]

    def decide(data: bytes) -> tuple[int, str, str]:
        found = api.post("/decisions", content=data, headers=PNG)
        (told,) = found.json()["decisions"]
        return found.status_code, told["person"]["id"], told["mark"]

    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(decide, sent))

    assert [(200, people[number % 10 + 1]) for number in range(50)] == [each[:2] for each in found]
    assert 10 == len({mark for _, _, mark in found})
    assert 10 == len(api.get("/marks").json()["items"])


def test_a_model_that_fails_marks_nobody(api, photo, fake):
    """A photo on which the detector breaks is refused alone."""
    refused = api.post("/decisions", content=photo((7, 100, fake.BROKEN)), headers=PNG)

    assert (500, "internal.failed") == (refused.status_code, refused.json()["id"])
    assert 200 == api.post("/decisions", content=photo((20,)), headers=PNG).status_code
