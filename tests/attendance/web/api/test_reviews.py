"""Reviews by the API."""

import pytest

PNG = {"Content-Type": "image/png"}
CLOSE = 22
"""A likeness, in percent, that is too little for a mark and too much for a stranger."""


@pytest.fixture
def waiting(api, enrolled, photo) -> int:
    """The number of a face that may be Ada's."""
    enrolled("a", 7, name="Ada")
    enrolled("b", 8, name="Alan")
    (told,) = api.post("/decisions", content=photo((7, CLOSE)), headers=PNG).json()["decisions"]
    assert "review" == told["decision"]
    return told["sighting"]


def test_what_waits_is_listed_with_what_it_rests_on(api, waiting):
    """A review tells whom it may show and why somebody must look."""
    (told,) = api.get("/reviews").json()["items"]

    assert (waiting, "review", {"id": "a", "name": "Ada"}, True) == tuple(
        told[key] for key in ("sighting", "decision", "person", "face")
    )
    assert ["close_call"] == told["reasons"]
    assert told == api.get(f"/reviews/{waiting}").json()


def test_the_face_is_shown_to_who_may_see_faces(api, program, waiting):
    """Its face is a picture, by the scope of faces alone."""
    face = api.get(f"/reviews/{waiting}/face")

    assert (200, "no-store") == (face.status_code, face.headers["Cache-Control"])
    assert 403 == program("reviews:write").get(f"/reviews/{waiting}/face").status_code
    assert 404 == api.get("/reviews/99/face").status_code


def test_it_was_that_person(api, waiting):
    """Confirmed, the person is marked; a second word is refused."""
    done = api.post(f"/reviews/{waiting}/confirm", json={})
    again = api.post(f"/reviews/{waiting}/dismiss", json={})

    assert (200, "confirm", {"id": "a", "name": "Ada"}, True) == (
        done.status_code,
        *(done.json()[key] for key in ("said", "person", "new")),
    )
    assert (409, "sighting.settled") == (again.status_code, again.json()["id"])
    assert [done.json()["mark"]] == [each["id"] for each in api.get("/marks").json()["items"]]
    assert [] == api.get("/reviews").json()["items"]
    assert ["confirm"] == [each["kind"] for each in api.get(f"/decisions/{waiting}").json()["said"]]


def test_it_was_somebody_else(api, waiting):
    """Reassigned, the other one is marked, and it is on record by whom and why."""
    done = api.post(f"/reviews/{waiting}/reassign", json={"person": "b", "reason": "twins"})
    (said,) = api.get(f"/reviews/{waiting}").json()["said"]

    assert ("reassign", "b") == (done.json()["said"], done.json()["person"]["id"])
    assert ("token HR", "twins") == (said["by"], said["reason"])


def test_it_was_nobody(api, waiting):
    """Dismissed, nobody is marked."""
    done = api.post(f"/reviews/{waiting}/dismiss", json={"reason": "a stranger"}).json()

    assert ("dismiss", None, None) == (done["said"], done["person"], done["mark"])
    assert [] == api.get("/marks").json()["items"]


def test_what_is_no_review_is_told(api, waiting):
    """An unknown number, somebody unknown and an unknown field settle nothing."""
    refused = [
        api.post("/reviews/99/confirm", json={}),
        api.post(f"/reviews/{waiting}/reassign", json={"person": "Alan"}),
        api.post(f"/reviews/{waiting}/confirm", json={"person": "b"}),
        api.get("/reviews?session=Nope"),
    ]

    assert ["sighting.unknown", "gallery.person_unknown", "request.invalid", "session.unknown"] == [
        each.json()["id"] for each in refused
    ]
    assert 1 == len(api.get("/reviews").json()["items"])
