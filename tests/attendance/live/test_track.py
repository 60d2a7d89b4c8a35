"""Tracks: held by flow and place, cut where neither can tell, and judged on many looks together."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.live.flow import continues, follow, likeness
from attendance.live.track import LOST_S, Tracker
from attendance.live.vote import FEW_FRAMES, KEPT_FACES, TRACK_SWITCHED, Evidence, Look, fuse
from attendance.records import Decision, PersonRef, ScoredPerson
from enroll.face import Detection, Face, Quality, Template
from enroll.geometry import TEMPLATE_112, iou

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADA, BOB = PersonRef("P-1", "Ada", 1), PersonRef("P-2", "Bob", 2)


def detection(x, y=50.0, side=40.0):
    landmarks = (TEMPLATE_112 / 112 * side + [x, y]).astype(np.float32)
    return Detection((float(x), float(y), float(side), float(side)), landmarks, 0.9)


def always(*_):
    return True


def never(*_):
    return False


def ids(update):
    return [track.id for track in update.seen]


# --- tracker ---------------------------------------------------------------------------------------------------


def test_a_face_keeps_its_track():
    """A face that moves a little from detection to detection stays one track."""
    tracker = Tracker()
    seen = [ids(tracker.update([detection(10 + 8 * step)], step / 6, never)) for step in range(10)]
    assert [[1]] * 10 == seen


def test_two_faces_crossing_keep_their_tracks():
    """Detections come in any order; each goes to the track it overlaps most."""
    tracker = Tracker()
    tracker.update([detection(10), detection(60)], 0.0, never)
    assert [2, 1] == ids(tracker.update([detection(56), detection(16)], 0.2, never))


def test_a_far_jump_is_a_new_track():
    """A face that appears elsewhere is somebody new until proven otherwise."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, always)
    assert [2] == ids(tracker.update([detection(200)], 0.2, always))


@pytest.mark.parametrize(("answer", "expected"), [(always, [1]), (never, [2])])
def test_where_flow_was_lost_the_face_decides(answer, expected):
    """After a cut, place alone is no proof: the same face continues the track, another begins its own."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    tracker.move({1: None})
    assert expected == ids(tracker.update([detection(11)], 0.2, answer))


def test_a_face_that_left_does_not_stand_in_the_way():
    """After a cut the new face keeps its new track, though the old one's box still lies there."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    tracker.move({1: None})
    assert [[2], [2], [2]] == [ids(tracker.update([detection(10)], step / 6, never)) for step in range(1, 4)]


@pytest.mark.parametrize(("gap", "expected"), [(2.9, [1]), (3.1, [2])])
def test_a_slow_computer_still_tracks(gap, expected):
    """Detections more than a second apart continue a track that proves to be the same face, up to three."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, always)
    tracker.move({1: None})
    assert expected == ids(tracker.update([detection(10)], gap, always))


def test_a_minute_apart_is_another_visit():
    """A face at the same place after more than a second is a new track, however alike."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, always)
    update = tracker.update([detection(10)], 60.0, always)
    assert ([2], [1]) == (ids(update), [track.id for track in update.lost])


def test_flow_carries_a_track_over_a_fast_move():
    """A box that flow moved far meets its detection there."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    tracker.move({1: detection(150).box})
    assert [1] == ids(tracker.update([detection(152)], 0.2, never))


def test_a_lost_track_ends_once():
    """A face not detected for a second has left; its track is reported lost exactly once."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    lost = [[track.id for track in tracker.update([], time, never).lost] for time in (0.5, LOST_S, LOST_S + 0.1, 3.0)]
    assert [[], [], [1], []] == lost


def test_drain_ends_all():
    """At the end every track is handed out and none is left."""
    tracker = Tracker()
    tracker.update([detection(10), detection(100)], 0.0, never)
    assert [1, 2] == [track.id for track in tracker.drain()]
    assert [] == tracker.tracks


@given(st.lists(st.lists(st.integers(0, 400), max_size=5), max_size=8))
def test_each_detection_has_one_track_and_each_track_one_detection(rounds):
    """Whatever is detected, every detection gets a track and no two get the same."""
    tracker = Tracker()
    for number, places in enumerate(rounds):
        found = [detection(x) for x in places]
        update = tracker.update(found, number / 6, never)
        assert len(found) == len(update.seen) == len({track.id for track in update.seen})
        assert [each.box for each in found] == [track.box for track in update.seen]


@given(st.permutations(range(4)))
def test_matching_is_the_best_of_all(order):
    """The sum of overlaps is as large as that of the best of all assignments tried one by one."""
    starts, ends = [0, 22, 44, 66], [9, 30, 51, 80]
    tracker = Tracker(min_overlap=0.0)
    tracker.update([detection(x) for x in starts], 0.0, never)
    found = [detection(ends[place]) for place in order]
    boxes = {track.id: track.box for track in tracker.tracks}
    update = tracker.update(found, 0.1, never)
    total = sum(iou(boxes[track.id], each.box) for track, each in zip(update.seen, found, strict=True))
    best = max(
        sum(iou(boxes[number + 1], found[place].box) for number, place in enumerate(way))
        for way in itertools.permutations(range(4))
    )
    assert total == pytest.approx(best)


# --- flow ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portrait(astronaut):
    """The astronaut as a grey picture with room around, (640, 640)."""
    grey = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    return cv2.copyMakeBorder(grey, 64, 64, 64, 64, cv2.BORDER_REFLECT)


FACE = (240.0, 140.0, 100.0, 110.0)  # in `portrait`


def moved(picture, dx, dy, scale, noise=0.0):
    centre = (FACE[0] + FACE[2] / 2, FACE[1] + FACE[3] / 2)
    matrix = cv2.getRotationMatrix2D(centre, 0, scale) + np.array([[0, 0, dx], [0, 0, dy]])
    out = cv2.warpAffine(picture, matrix, picture.shape[::-1], borderMode=cv2.BORDER_REFLECT).astype(float)
    return np.clip(out + np.random.default_rng(3).normal(0, noise, out.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("dx", "dy", "scale", "noise"), [(0, 0, 1, 0), (6, -4, 1, 4), (-9, 3, 1.06, 4), (2, 2, 0.93, 8)]
)
def test_flow_follows(portrait, dx, dy, scale, noise):
    """A face that moves, grows, shrinks, in noise, is found where it went."""
    (box,) = follow(portrait, moved(portrait, dx, dy, scale, noise), [FACE])
    centre = np.array([FACE[0] + FACE[2] / 2 + dx, FACE[1] + FACE[3] / 2 + dy])
    size = np.array(FACE[2:]) * scale
    assert [*(centre - size / 2), *size] == pytest.approx(list(box), abs=2.5)


def test_flow_knows_a_cut(portrait):
    """After a cut to another picture the face is lost, not guessed."""
    other = np.random.default_rng(5).integers(0, 255, portrait.shape, np.uint8)
    assert [None] == follow(portrait, cv2.GaussianBlur(other, (9, 9), 0), [FACE])


def test_flow_of_several_equals_flow_of_each(portrait):
    """Boxes are followed independently of each other; none gives none."""
    after = moved(portrait, 4, 3, 1.0)
    boxes = [FACE, (100.0, 300.0, 80.0, 80.0)]
    assert [follow(portrait, after, [box])[0] for box in boxes] == follow(portrait, after, boxes)
    assert [] == follow(portrait, after, [])


def test_flow_at_the_edge(portrait):
    """A box partly or wholly outside the picture does no harm."""
    for box in ((-30.0, -30.0, 60.0, 60.0), (620.0, 620.0, 60.0, 60.0), (900.0, 900.0, 50.0, 50.0)):
        (found,) = follow(portrait, portrait, [box])
        assert found is None or box == pytest.approx(found, abs=1.0)


@pytest.mark.parametrize(("dx", "found", "expected"), [
    (0, [FACE], True), (8, [FACE], True), (0, [], False), (80, [FACE], False), (0, [FACE, FACE], False),
])  # fmt: skip
def test_what_plainly_continues(portrait, dx, found, expected):
    """A face found where it just was goes on beyond doubt; none found, a jump, or two of them leave a doubt."""
    after = moved(portrait, dx, 0, 1.0, noise=3.0)
    boxes = [(x + dx, y, width, height) for x, y, width, height in found]
    assert expected == continues(portrait, after, FACE, boxes)


def test_another_face_at_the_same_place_is_in_doubt(portrait, hopper):
    """After a cut to somebody else of the same size at the same place, place alone proves nothing."""
    other = portrait.copy()
    x, y, width, height = map(int, FACE)
    grey = cv2.cvtColor(hopper, cv2.COLOR_RGB2GRAY)
    other[y : y + height, x : x + width] = cv2.resize(grey[115:265, 200:335], (width, height))
    assert not continues(portrait, other, FACE, [FACE])


def test_likeness_outside_of_the_picture(portrait):
    """A box of which nothing is in the picture, or whose content is flat, is like nothing."""
    flat = np.full_like(portrait, 7)
    assert 0.0 == likeness(portrait, portrait, (900.0, 10.0, 50.0, 50.0), FACE)
    assert 0.0 == likeness(flat, portrait, FACE, FACE)
    assert 1.0 == pytest.approx(likeness(portrait, portrait, FACE, FACE))


def test_a_proof_that_fails_changes_nothing():
    """Where nobody can tell whether it is the same face, all tracks stay as they were, the lost ones too."""
    tracker = Tracker()
    tracker.update([detection(10), detection(200)], 0.0, never)
    tracker.move({1: None})

    def fails(*_):
        raise ValueError("by design")

    with pytest.raises(ValueError, match="by design"):
        tracker.update([detection(10), detection(300)], 2.0, fails)
    assert [(1, 0.0), (2, 0.0)] == [(track.id, track.last_seen) for track in tracker.tracks]
    assert [2] == [track.id for track in tracker.update([detection(10)], 2.1, always).lost]


# --- many looks together ---------------------------------------------------------------------------------------


class CohortEncoder:
    """An encoder whose cohort mean of a vector is a known function of it."""

    id = "test"

    def cohort_means(self, vectors):
        return vectors[:, 0] / 2


def unit(*numbers):
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


def face(vector=(1.0, 0.0), score=50, reasons=()):
    quality = Quality(score, 80, 60, 60, 0.0, 0.0, 0.0, 0.9, tuple(reasons))
    template = None if reasons else Template("test", unit(*vector), 0.1)
    return Face(detection(10), quality, np.zeros((112, 112, 3), np.uint8), template)


def verdict(kind="present", person=ADA, candidates=()):
    named = person if kind in {"present", "review"} else None
    ranked = tuple(ScoredPerson(each, 0.4, 0.6) for each in candidates)
    return Decision("door", NOW, (0, 0, 9, 9), kind, 0.2, 0.003, 2, "test", person=named, candidates=ranked)


def look(frame, alone=None, **what):
    return Look(frame, NOW, face(**what), alone)


@given(st.lists(st.tuples(st.floats(0.1, 1), st.floats(-1, 1), st.integers(0, 100)), min_size=1, max_size=6))
def test_fuse_is_the_weighted_mean(rows):
    """The joint template is the quality-weighted mean, of unit length, with a cohort mean of its own."""
    faces = [face((a, b), score) for a, b, score in rows]
    total = np.zeros(2)
    for each in faces:
        total += np.float64(each.template.vector) * max(1, each.quality.score)
    expected = total / np.sqrt((total**2).sum())
    fused = fuse(faces, CohortEncoder())
    assert expected == pytest.approx(fused.vector, abs=1e-6)
    assert fused.vector[0] / 2 == pytest.approx(fused.cohort_mean)
    assert np.float32 == fused.vector.dtype


def test_fuse_without_a_direction():
    """Nothing usable, or vectors that cancel, give no template rather than a wrong one."""
    assert fuse([], CohortEncoder()) is None
    assert fuse([face(reasons=("blurred",))], CohortEncoder()) is None
    assert fuse([face((1, 0)), face((-1, 0))], CohortEncoder()) is None


def settled(evidence, joint):
    out = evidence.settle(joint)
    return out.decision, out.reasons


@pytest.mark.parametrize(("looks", "expected"), [(2, ("review", (FEW_FRAMES,))), (3, ("present", ()))])
def test_a_mark_needs_vote_frames(looks, expected):
    """Below vote_frames agreeing frames a joint `present` is a review."""
    evidence = Evidence(3)
    for number in range(looks):
        evidence.add(look(number, verdict()))
    assert expected == settled(evidence, verdict())


def test_a_mark_needs_the_majority():
    """Three lucky frames among many that know nobody make no mark."""
    evidence = Evidence(3)
    for number in range(7):
        evidence.add(look(number, verdict() if number < 3 else verdict("unknown")))
    assert ("review", (FEW_FRAMES,)) == settled(evidence, verdict())
    assert 3 == evidence.votes()


def test_close_calls_do_not_vote():
    """A frame that by itself asks for a review is no agreeing frame."""
    evidence = Evidence(3)
    for number in range(5):
        evidence.add(look(number, verdict("review")))
    assert ("review", (FEW_FRAMES,)) == settled(evidence, verdict())


def test_votes_are_for_the_person_judged():
    """Votes for one person never mark another."""
    evidence = Evidence(1)
    evidence.add(look(0, verdict(person=BOB)))
    assert "review" == evidence.settle(verdict(person=ADA)).decision


def test_a_track_that_switches_person_is_review():
    """Sure of one person, then of another: nobody is marked, and the reason says why."""
    evidence = Evidence(2)
    for number, person in enumerate([ADA, ADA, ADA, BOB, BOB, BOB]):
        evidence.add(look(number, verdict(person=person), vector=(1, 0) if person is ADA else (0, 1)))
    assert ("review", (TRACK_SWITCHED,)) == settled(evidence, verdict(person=BOB))
    assert [0.0, 1.0] == pytest.approx(list(evidence.fused(CohortEncoder()).vector))


def test_a_switched_track_stays_review_whatever_is_judged():
    """After a switch even an unknown is a review, naming the nearest candidate."""
    evidence = Evidence(1)
    evidence.add(look(0, verdict(person=ADA)))
    evidence.add(look(1, verdict(person=BOB)))
    out = evidence.settle(verdict("unknown", candidates=(BOB, ADA)))
    assert ("review", BOB) == (out.decision, out.person)


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans(), st.booleans()), max_size=30), st.integers(1, 20))
def test_evidence_equals_a_naive_one(rows, vote_frames):
    """Kept looks, their votes and the best look equal those of a plain re-implementation."""
    evidence, seen = Evidence(vote_frames), []
    for number, (score, usable, agrees) in enumerate(rows):
        alone = (verdict() if agrees else verdict("unknown")) if usable else None
        seen.append(look(number, alone, score=score, reasons=() if usable else ("blurred",)))
        evidence.add(seen[-1])
    usable = [each for each in seen if each.face.template is not None]
    kept = sorted(usable, key=lambda each: (-each.face.quality.score, each.frame))[: max(KEPT_FACES, vote_frames)]
    votes = sum(each.alone.decision == "present" for each in kept)
    marks = votes >= vote_frames and votes > len(kept) / 2
    assert ("present" if marks else "review") == evidence.settle(verdict()).decision
    assert votes == evidence.votes()
    if seen:
        best = max(usable or seen, key=lambda each: (each.face.quality.score, -each.frame))
        assert best.frame == evidence.best.frame


def test_settling_keeps_the_evidence():
    """What a vote changes is the ruling and its reasons; scores and candidates stay."""
    joint = replace(verdict(candidates=(ADA, BOB)), score=0.4, cosine=0.6)
    out = Evidence(3).settle(joint)
    assert replace(joint, decision="review", reasons=(FEW_FRAMES,)) == out
