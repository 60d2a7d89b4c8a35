"""Judging against a gallery that others change meanwhile, and what it costs the database."""

import dataclasses

import numpy as np
import pytest

from attendance import Attendance
from attendance.cameras import CameraState, Frame
from attendance.errors import GroupUnknown
from attendance.judge.judging import Judge
from gallery import Gallery, open_database

MOST_PER_FACE = 2


@pytest.fixture
def enrolled(app, draw):
    """Five people in a group."""
    for number in range(1, 6):
        app.enroll(draw(f"{number}.png", (number,), seed=number), name=f"Person {number}", groups=["class"])
    return app


@pytest.fixture
def people(enrolled, faces):
    """The same, and a stranger judged, so that the gallery was looked at once."""
    enrolled.judge(faces(9), source="x")
    return enrolled


@pytest.fixture
def faces(pipeline):
    """Faces of these people, as the pipeline without models finds them."""
    return lambda *numbers: [pipeline._face(place, number, 90, 80) for place, number in enumerate(numbers)]


@pytest.fixture
def removed_between(home, app, monkeypatch, clock):
    """Once the gallery was searched, another program removes the first person; tells how often it was searched."""
    search, searched = Judge.search, []

    def then_removed(judge, *given, **named):
        found = search(judge, *given, **named)
        searched.append(found)
        if len(searched) == 1:
            with open_database(home) as other:
                Gallery(other, app.card.id).remove("P-1", at=clock.now, by="another program")
        return found

    monkeypatch.setattr(Judge, "search", then_removed)
    return searched


# --- a gallery that changes ------------------------------------------------------------------------------------


def test_somebody_removed_between_search_and_names(people, faces, removed_between):
    """Who is removed after the search and before the names are read is a stranger, and the others are told as ever."""
    found = people.judge(faces(1, 2), source="x")

    assert [("unknown", None), ("present", "P-2")] == [
        (each.decision, each.person and each.person.id) for each in found
    ]
    assert {4} == {each.gallery_size for each in found}
    assert "P-1" not in {candidate.person.id for each in found for candidate in each.candidates}
    assert 2 == len(removed_between)


def test_somebody_removed_inside_a_view(people, home, faces, clock):
    """Inside one `reading()` everything is of its moment: who is removed meanwhile is still told by name."""
    with people.store.reading():
        people.policy()
        with open_database(home, busy_timeout_s=0.1) as other:
            Gallery(other, people.card.id).remove("P-1", at=clock.now, by="another program")
        (found,) = people.judge(faces(1), source="x")
    assert ("present", "P-1", 5) == (found.decision, found.person.id, found.gallery_size)

    (found,) = people.judge(faces(1), source="x")
    assert ("unknown", None, 4) == (found.decision, found.person, found.gallery_size)


class StillCamera:
    """Shows one picture at ten frames a second, then ends."""

    state, detail = CameraState.ONLINE, ""

    def __init__(self, clock, frames):
        self.clock, self.left = clock, frames
        self.pixels = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)

    def open(self):
        pass

    def close(self):
        pass

    def newest(self, _timeout_s):
        self.clock.forward(seconds=0.2)
        if not self.left:
            self.state = CameraState.ENDED
            return None
        self.left -= 1
        return Frame(self.pixels, 100 - self.left, self.clock.seconds, self.clock.utc())


@pytest.mark.parametrize("home_with", ["enrolled", "people"])
def test_a_camera_run_goes_on_when_somebody_is_removed(request, pipeline, faces, clock, home_with):
    """A camera run outlives somebody's removal between the search and the names: the others before it are marked."""
    app, searched = (request.getfixturevalue(name) for name in (home_with, "removed_between"))
    seen = faces(2, 1)
    pipeline.detector = pipeline
    pipeline.detect = lambda _: [face.detection for face in seen]
    pipeline.embed_detections = lambda _, found: [
        next(face for face in seen if face.detection is each) for each in found
    ]
    decisions = list(app.watch("0", device=StillCamera(clock, 12)))

    assert {"P-2"} == {each.person.id for each in decisions if each.decision == "present"}
    assert "P-1" not in {each.person.id for each in decisions if each.person}
    assert searched


def test_a_renamed_person_is_told_by_the_new_name(people, home, faces, clock):
    """A name that another program has changed is the one told from the next judged face on."""
    people.judge(faces(1), source="x")
    with open_database(home) as other:
        Gallery(other, people.card.id).rename("P-1", "Countess", at=clock.now, by="another program")

    assert "Countess" == people.judge(faces(1), source="x")[0].person.name


def test_a_group_that_came_or_went_meanwhile(people, home, faces, clock):
    """A group that another program has just filled is searched, and one that it has just emptied is unknown."""
    assert "unknown" == people.judge(faces(9), source="x", group="class")[0].decision
    with open_database(home) as other:
        elsewhere = Gallery(other, people.card.id)
        for number in range(1, 6):
            elsewhere.set_groups(f"P-{number}", ["team"], at=clock.now, by="another program")

    assert "present" == people.judge(faces(1), source="x", group="team")[0].decision
    with pytest.raises(GroupUnknown):
        people.judge(faces(1), source="x", group="class")


# --- what it costs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [(1,), (2,), (9,), (1, 2, 3, 4, 5)], ids=str)
def test_statements_of_a_picture(people, faces, statements, numbers):
    """A picture of one face or several, of people not told before or strangers, costs two statements to judge."""
    found = people.judge(faces(*numbers), source="x")

    assert len(numbers) == len(found)
    assert MOST_PER_FACE >= len(statements)


def test_statements_of_a_picture_in_a_group(people, faces, statements):
    """In a group it is as many, once the group was looked up."""
    people.policy("class")
    statements.clear()
    people.judge(faces(1, 2), source="x", group="class")

    assert MOST_PER_FACE >= len(statements)


def test_more_is_asked_of_a_track(people, pipeline):
    """A score between both thresholds marks a photo's person, but puts a track before somebody."""
    near, far, stranger = (pipeline._face(0, number, alike, 80) for number, alike in ((1, 34), (2, 90), (9, 1)))
    photo, track = (
        [people.judge([face], source="x", track=track)[0] for face in (near, far, stranger)] for track in (False, True)
    )
    assert ["present", "present", "unknown"] == [each.decision for each in photo]
    assert ["review", "present", "unknown"] == [each.decision for each in track]
    model, target = people.card.score_model, people.settings.target_fpir
    assert [model.threshold(5, target)] * 3 == [each.threshold for each in photo]
    assert [model.threshold(5, target / 4)] * 3 == [each.threshold for each in track]
    assert [target / 4] * 3 == [each.target_fpir for each in track]


def test_a_threshold_set_by_hand_holds_for_tracks(people, home, clock, pipeline):
    """Whoever sets the threshold sets it for tracks, too."""
    people.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"match_threshold": 0.2}) as app:
        (found,) = app.judge([pipeline._face(0, 1, 34, 80)], source="x", track=True)
    assert ("present", 0.2) == (found.decision, found.threshold)


@pytest.mark.parametrize("track", [False, True])
def test_a_doubted_face_is_a_review(people, faces, track):
    """A face that a screen doubts is judged and named, and marks nobody; its neighbour is present."""
    ada, bob = faces(1, 2)
    doubted = dataclasses.replace(ada, doubts=("flat",))
    first, second = people.judge([doubted, bob], source="x", track=track)
    assert ("review", "P-1", ("flat",)) == (first.decision, first.person.id, first.reasons)
    assert ("present", "P-2") == (second.decision, second.person.id)
    assert "review" == people.record(first).decision
    assert [] == [row for row in people.report() if row.status == "present"]
