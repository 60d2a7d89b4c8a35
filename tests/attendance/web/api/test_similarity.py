"""Programs that have pictures compared."""

import pytest
from similarity_world import exported, picture

from attendance import Attendance


@pytest.fixture
def app(home, clock, pipeline, tmp_path):
    """A home with one model."""
    flags = {"guard_people": 0, "similarity": str(exported(tmp_path / "colours"))}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened


def files(*greys, field="pictures"):
    return [(field, (f"{grey}.png", picture(grey), "image/png")) for grey in greys]


def test_a_program_compares(program):
    """With the scope, the distances of all pairs and the decision come back as JSON."""
    told = program("similarity").post("/similarity/colours", files=files(0, 255, 9)).json()
    assert ("colours", True, [1, 3], 100.0) == (told["model"], told["alike"], told["closest"], told["threshold"])
    assert pytest.approx([441.673, 15.588, 426.084], abs=1e-3) == [each["distance"] for each in told["pairs"]]
    assert [False, True, False] == [each["alike"] for each in told["pairs"]]
    assert "was not measured" in told["remark"]


def test_models_are_listed_with_their_figures(program):
    """A program finds the names, and how often each was right."""
    told = program("similarity").get("/similarity").json()
    (item,) = told["items"]
    assert ("colours", 0.875, [0.8, 0.93], 0.5) == tuple(
        item[name] for name in ("name", "accuracy", "interval", "chance")
    )
    assert told["next"] is None


WRONG = {
    "one": (files(1), 422, "request.invalid"),
    "four": (files(1, 2, 3, 4), 422, "request.invalid"),
    "other field": (files(1, 2, field="photo"), 422, "request.invalid"),
    "text": ([*files(1), ("pictures", ("a.txt", b"hello"))], 422, "photo.unknown_format"),
    "field with text": ([*files(1), ("pictures", (None, "hello"))], 422, "request.invalid"),
    "too large": ([*files(1), ("pictures", ("a.png", bytes(21_000_000)))], 413, "upload.large"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_has_an_id(program, what):
    """Every refusal is a problem with a stable id."""
    sent, status, wanted = WRONG[what]
    answer = program("similarity").post("/similarity/colours", files=sent)
    assert (status, wanted) == (answer.status_code, answer.json()["id"])
    assert "application/problem+json" == answer.headers["Content-Type"]


def test_another_name_and_another_body_are_refused(program):
    """404 for a model that is not there, 422 for what is no form."""
    asking = program("similarity")
    answer = asking.post("/similarity/other", files=files(1, 2))
    assert (404, "similarity.unknown") == (answer.status_code, answer.json()["id"])
    answer = asking.post("/similarity/colours", content=picture(1), headers={"Content-Type": "image/png"})
    assert (422, "request.invalid") == (answer.status_code, answer.json()["id"])


def test_without_the_scope_nothing_is_compared(program):
    """A token that decides is not one that compares."""
    answer = program("decide").post("/similarity/colours", files=files(1, 2))
    assert (403, "token.scope") == (answer.status_code, answer.json()["id"])


def test_the_description_tells_of_it(api):
    """The OpenAPI has both operations, the form with two or three files, and the scope."""
    told = api.get("/openapi.json").json()["paths"]["/api/v1/similarity/{name}"]["post"]
    form = told["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]["pictures"]
    assert (2, 3) == (form["minItems"], form["maxItems"])
    assert [{"bearer": ["similarity"]}] == told["security"]
    assert {"200", "401", "403", "404", "408", "413", "422", "503"} <= set(told["responses"])
