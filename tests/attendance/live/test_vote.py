"""Many looks at a face, judged together: the mean of templates, and the vote that a mark needs."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.judge.voting import FEW_FRAMES, TRACK_SWITCHED
from attendance.live.vote import KEPT_FACES, Look, Looks, fuse
from attendance.records import Decision, PersonRef, ScoredPerson
from enroll.face import Detection, Face, Quality, Template
from enroll.geometry import TEMPLATE_112

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ADA, BOB = PersonRef("P-1", "Ada", 1), PersonRef("P-2", "Bob", 2)
DETECTION = Detection((10.0, 50.0, 40.0, 40.0), (TEMPLATE_112 / 112 * 40 + [10, 50]).astype(np.float32), 0.9)


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
    return Face(DETECTION, quality, np.zeros((112, 112, 3), np.uint8), template)


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


def settled(looks, joint):
    out = looks.settle(joint)
    return out.decision, out.reasons


@pytest.mark.parametrize(("agreeing", "expected"), [(2, ("review", (FEW_FRAMES,))), (3, ("present", ()))])
def test_a_mark_needs_vote_frames(agreeing, expected):
    """Below vote_frames agreeing frames a joint `present` is a review."""
    looks = Looks(3)
    for number in range(agreeing):
        looks.add(look(number, verdict()))
    assert expected == settled(looks, verdict())


def test_a_mark_needs_the_majority():
    """Three lucky frames among many that know nobody make no mark."""
    looks = Looks(3)
    for number in range(7):
        looks.add(look(number, verdict() if number < 3 else verdict("unknown")))
    assert ("review", (FEW_FRAMES,)) == settled(looks, verdict())
    assert 3 == looks.votes()


def test_close_calls_do_not_vote():
    """A frame that by itself asks for a review is no agreeing frame."""
    looks = Looks(3)
    for number in range(5):
        looks.add(look(number, verdict("review")))
    assert ("review", (FEW_FRAMES,)) == settled(looks, verdict())


def test_votes_are_for_the_person_judged():
    """Votes for one person never mark another."""
    looks = Looks(1)
    looks.add(look(0, verdict(person=BOB)))
    assert "review" == looks.settle(verdict(person=ADA)).decision


def test_a_track_that_switches_person_is_review():
    """Sure of one person, then of another: nobody is marked, and the reason says why."""
    looks = Looks(2)
    for number, person in enumerate([ADA, ADA, ADA, BOB, BOB, BOB]):
        looks.add(look(number, verdict(person=person), vector=(1, 0) if person is ADA else (0, 1)))
    assert ("review", (TRACK_SWITCHED,)) == settled(looks, verdict(person=BOB))
    assert [0.0, 1.0] == pytest.approx(list(looks.fused(CohortEncoder()).vector))


def test_a_switched_track_stays_review_whatever_is_judged():
    """After a switch even an unknown is a review, naming the nearest candidate."""
    looks = Looks(1)
    looks.add(look(0, verdict(person=ADA)))
    looks.add(look(1, verdict(person=BOB)))
    out = looks.settle(verdict("unknown", candidates=(BOB, ADA)))
    assert ("review", BOB) == (out.decision, out.person)


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans(), st.booleans()), max_size=30), st.integers(1, 20))
def test_evidence_equals_a_naive_one(rows, vote_frames):
    """Kept looks, their votes and the best look equal those of a plain re-implementation."""
    looks, seen = Looks(vote_frames), []
    for number, (score, usable, agrees) in enumerate(rows):
        alone = (verdict() if agrees else verdict("unknown")) if usable else None
        seen.append(look(number, alone, score=score, reasons=() if usable else ("blurred",)))
        looks.add(seen[-1])
    usable = [each for each in seen if each.face.template is not None]
    kept = sorted(usable, key=lambda each: (-each.face.quality.score, each.frame))[: max(KEPT_FACES, vote_frames)]
    votes = sum(each.alone.decision == "present" for each in kept)
    marks = votes >= vote_frames and votes > len(kept) / 2
    assert ("present" if marks else "review") == looks.settle(verdict()).decision
    assert votes == looks.votes()
    if seen:
        best = max(usable or seen, key=lambda each: (each.face.quality.score, -each.frame))
        assert best.frame == looks.best.frame


def test_settling_keeps_the_evidence():
    """What a vote changes is the ruling and its reasons; scores and candidates stay."""
    joint = replace(verdict(candidates=(ADA, BOB)), score=0.4, cosine=0.6)
    out = Looks(3).settle(joint)
    assert replace(joint, decision="review", reasons=(FEW_FRAMES,)) == out


def watched(doubts, agreeing=3):
    """The looks of one more look than agrees, taken in from the last to the first, with what watches it."""
    asked = []

    def ask(faces):
        asked.append(list(faces))
        return doubts

    looks = Looks(3, ask)
    for number in reversed(range(4)):
        looks.add(look(number, verdict() if number < agreeing else verdict("unknown"), score=50 + number))
    return looks, asked


def test_a_doubted_track_is_a_review():
    """Where a screen that watches tracks has a doubt, what would be a mark is a case for a person."""
    looks, asked = watched(("still", "flat"))
    assert ("review", ("still", "flat")) == settled(looks, verdict())
    assert [[50, 51, 52, 53]] == [[face.quality.score for face in faces] for faces in asked]
    assert ("present", ()) == settled(watched(())[0], verdict())


def test_a_track_is_watched_once_for_its_looks():
    """However often it is settled, the screens are asked once until there is another look."""
    looks, asked = watched(("still",))
    for _ in range(3):
        assert "review" == looks.settle(verdict()).decision
    assert 1 == len(asked)
    looks.add(look(9, verdict()))
    looks.settle(verdict())
    assert [4, 5] == [len(faces) for faces in asked]


@pytest.mark.parametrize("joint", ["review", "unknown", "refused"])
def test_only_what_would_be_a_mark_is_watched(joint):
    """A track that makes no mark anyhow costs no look of a screen."""
    looks, asked = watched(("still",))
    assert joint == looks.settle(verdict(joint)).decision
    few, asked_of_few = watched(("still",), agreeing=2)
    assert ("review", (FEW_FRAMES,)) == settled(few, verdict())
    assert [] == asked == asked_of_few
