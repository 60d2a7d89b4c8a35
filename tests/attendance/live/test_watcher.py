"""Faces followed from frame to frame: boxes that keep up, looks that stay apart in time."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_world import FPS, Sight, World, standing

from attendance.live import watcher
from attendance.live.flow import follow
from attendance.live.watcher import EAGER_LOOKS, LOOK_S, Watcher
from attendance.scope import ANYWHERE

MILLISECOND = 1e-3


class Watched:
    """A world watched frame by frame: what was voted, decided, and seen of each frame."""

    def __init__(self, world, fps=FPS):
        self.votes, self.decisions, self.seen, self.times = [], [], [], []
        watching = Watcher(world, source="door", scope=ANYWHERE, report=self.report, tell=self.votes.append)
        for number in range(len(world.frames)):
            self.times.append(number / fps)
            watching.see(world.frame(number, number / fps))
            self.seen.append(watching.faces(number / fps))
        watching.finish()

    def report(self, decision, _crop):
        self.decisions.append((decision.decision, decision.track))
        return decision

    def gaps(self):
        """Seconds between one look and the next at the same track."""
        looks = {}
        for vote in self.votes:
            looks.setdefault(vote.track, []).append(self.times[vote.frame])
        return [b - a for times in looks.values() for a, b in itertools.pairwise(times)]


class Missing(World):
    """A world whose detector overlooks everybody on the frames named."""

    overlooked = ()

    def detect(self, pixels):
        found = super().detect(pixels)
        return [] if self.now in self.overlooked else found


@given(st.floats(2.0, 120.0))
def test_looks_stay_apart(fps):
    """However many frames a second there are, the looks at a face are a sixth of a second apart or more."""
    watched = Watched(World([[Sight(3)]] * 60), fps)
    assert LOOK_S - MILLISECOND <= min(watched.gaps(), default=1.0)


def test_looks_at_a_face_that_cannot_be_followed_stay_apart():
    """A face that has to prove itself in every frame is not looked at more often, nor told of twice."""
    watched = Watched(World(standing(Sight(91), seconds=2.0)))
    assert LOOK_S - MILLISECOND <= min(watched.gaps())
    assert [("present", 1)] == watched.decisions


def test_looks_become_rare():
    """After eight looks at a face that stays unknown there is one each half second."""
    watched = Watched(World(standing(Sight(3), seconds=5.0)))
    gaps = [round(each, 2) for each in watched.gaps()]
    assert ([0.17] * (EAGER_LOOKS - 1), {0.5}) == (gaps[: EAGER_LOOKS - 1], set(gaps[EAGER_LOOKS - 1 :]))


def test_boxes_follow_their_faces():
    """In every frame each box lies where the face is in that frame."""
    frames = [[Sight(1, x=20.0 + 3 * number, side=40.0)] for number in range(80)]
    watched = Watched(World(frames))
    assert [[(20.0 + 3 * number, 80.0, 40.0, 40.0)] for number in range(80)] == [
        [face.box for face in faces] for faces in watched.seen
    ]


def test_a_small_fast_face_is_one_track():
    """A face of 30 pixels that moves by 9 a frame, far out of its box between two looks, is marked as one track."""
    frames = [[Sight(1, x=10.0 + 9 * number, side=30.0)] for number in range(30)]
    assert [("present", 1)] == Watched(World(frames)).decisions


@pytest.mark.parametrize(("gap", "expected"), [(range(20, 40), [1]), (range(20, 80), [1, 2])])
def test_a_face_that_the_detector_misses(gap, expected):
    """A face overlooked for less than a second keeps its track and its box; after more it is somebody new."""
    world = Missing(standing(Sight(3), seconds=4.0))
    world.overlooked = gap
    watched = Watched(world)
    assert [("unknown", track) for track in expected] == watched.decisions
    assert (100.0, 80.0, 60.0, 60.0) == pytest.approx(watched.seen[25][0].box, abs=1.0)


def test_a_face_that_moves_while_it_is_missed():
    """Where the detector misses a moving face for some frames its box goes with the picture."""
    frames = [[Sight(3, x=60.0 + 2 * number)] for number in range(60)]
    world = Missing(frames)
    world.overlooked = range(20, 30)
    watched = Watched(world)
    assert [("unknown", 1)] == watched.decisions
    assert [60.0 + 2 * number for number in range(20, 30)] == pytest.approx(
        [watched.seen[number][0].box[0] for number in range(20, 30)], abs=2.0
    )


@pytest.mark.parametrize(("fps", "expected"), [(FPS, 0), (2, 29)])
def test_place_proves_less_after_a_pause(monkeypatch, fps, expected):
    """A face that stays where it is needs no flow from frame to frame; over half a second it has to be followed."""
    asked = []
    monkeypatch.setattr(watcher, "follow", lambda *given: asked.extend(given[2]) or follow(*given))
    assert [("unknown", 1)] == Watched(World(standing(Sight(3), seconds=1.0)), fps).decisions
    assert expected == len(asked)


class Crowded(World):
    """A world with cohort means: 0.25 of a track's joined looks, 0.5 of a face; 0.375 asks for review."""

    def cohort_means(self, vectors):
        return np.full(len(vectors), 0.25, np.float32)

    def policy(self, scope=ANYWHERE):
        return dataclasses.replace(super().policy(scope), review_threshold=0.375)

    def _face(self, detection):
        face = super()._face(detection)
        return dataclasses.replace(face, template=dataclasses.replace(face.template, cohort_mean=0.5))


@pytest.mark.parametrize(
    ("cosine", "expected"), [(0.75, {1}), (0.75 - 2**-10, {1, 2})], ids=["just the same", "just another"]
)
def test_a_face_is_known_again_by_its_score(cosine, expected):
    """A face that cannot be followed is the track's from the review threshold on, both cohort means taken off."""
    frames = [*standing(Sight(91, cosine=1.0), seconds=1.0), [Sight(91, cosine=cosine)]]
    watched = Watched(Crowded(frames))
    assert expected == {face.track for face in watched.seen[-1]}
