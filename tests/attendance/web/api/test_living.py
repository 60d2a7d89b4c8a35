"""Programs are told of a living face: what was told of one, and null where it was not asked."""

import pytest
from living_world import PLANE, Door


@pytest.fixture
def door(app, pipeline, draw) -> Door:
    """Ada and Bob are enrolled, and seen there."""
    for number, name in ((1, "Ada"), (2, "Bob")):
        app.enroll(draw(f"{number}.png", (number,), seed=number), name=name, external_id=f"P-{number}")
    return Door(app, pipeline, draw)


def test_programs_are_told(api, door):
    """A decision and a review tell it as a word."""
    noted, kept = door.see(1), door.see(2, {"planar": PLANE})
    told = [api.get(f"/decisions/{each.sighting}").json() for each in (noted, kept)]
    assert [("present", "unsure"), ("review", "attack")] == [(each["decision"], each["liveness"]) for each in told]
    (waiting,) = api.get("/reviews").json()["items"]
    assert ("attack", ["liveness_attack"]) == (waiting["liveness"], waiting["reasons"])


def test_of_a_photo_it_is_null(api, door, draw):
    """Photos are not asked, and say so, from the first version of the answer on."""
    photo = draw("photo.png", (1,)).read_bytes()
    (told,) = api.post("/decisions", content=photo, headers={"Content-Type": "image/png"}).json()["decisions"]
    assert ("present", None) == (told["decision"], told["liveness"])
    assert door.app.reviews.seen(told["sighting"]).sighting.judged
    assert api.get(f"/decisions/{told['sighting']}").json()["liveness"] is None


def test_the_schema_names_the_words(api):
    """OpenAPI lists them for both shapes, with null."""
    schema = api.get("/openapi.json").json()["components"]["schemas"]
    for name in ("Decision", "Seen"):
        assert "liveness" in schema[name]["required"]
        kinds = schema[name]["properties"]["liveness"]["anyOf"]
        assert [["live", "unsure", "attack"], "null"] == [each.get("enum", each["type"]) for each in kinds]
