"""Presentations: what each setting makes of one face before a camera, as a run under that setting would."""

import numpy as np
import pytest
from live_world import FPS, PEOPLE, Sight, World, standing

from attendance.live import Decided, Place, Run
from attendance.live.living import Asking
from attendance.live.presenting import PATIENCE, Presented, Presenting
from attendance.liveness.measuring import SETTINGS
from attendance.liveness.saying import Said, silent
from attendance.scope import Scope
from enroll.errors import EncoderFailed

ADA = Sight(1)
WORDS = {
    "live": Said(1.0, 1.0, "parallax"),
    "attack": Said(-1.0, 1.0, "plane"),
    "unsure": silent("no_motion"),
}
MARKED = {"live": {"off", "review", "require"}, "unsure": {"off", "review"}, "attack": {"off"}}


class Words:
    """A cue that says the same of every track, or from so many moments on something else."""

    id = "words"

    def __init__(self, *words, after=0):
        self.words, self.after = words, after

    def judge(self, moments):
        return WORDS[self.words[0] if len(moments) < self.after or len(self.words) == 1 else self.words[1]]


@pytest.fixture
def cue(monkeypatch):
    """Have one cue asked, which says what is given."""

    def put(*words, after=0):
        monkeypatch.setattr("attendance.liveness.CUES", (Words(*words, after=after),))

    return put


def presented(world, asking=Asking("review")) -> Presented:  # noqa: B008 - a frozen value
    presenting = Presenting(world, Scope(dry_run=True), asking)
    for number in range(len(world.frames)):
        presenting.see(world.frame(number, number / FPS))
    return presenting.finish()


@pytest.mark.parametrize("ruling", WORDS)
def test_each_setting_marks_what_it_takes_for_a_living_face(cue, ruling):
    """Without liveness all are marked, with review what is no attack, with require what is live alone."""
    cue(ruling)
    seen = presented(World(standing(ADA)))
    assert (ruling, MARKED[ruling], PEOPLE[1]) == (seen.ruling, seen.marked, seen.person)
    assert ("present", WORDS[ruling].why) == (seen.decision, seen.cues["words"]["why"])
    assert (90, 1) == (seen.frames, seen.faces)


@pytest.mark.parametrize("words", [("live",), ("unsure",), ("attack",), ("unsure", "live"), ("unsure", "attack")])
def test_it_is_what_runs_do(cue, words):
    """A run under each setting marks in exactly the presentations in which this says so."""
    cue(*words, after=10)
    seen = presented(World(standing(ADA)))
    for setting in SETTINGS:
        world, told = World(standing(ADA)), []
        run = Run(Place("door"), Scope(dry_run=True), Film(world), world, Asking(setting))
        run.subscribe(lambda event, told=told: told.append(event) if isinstance(event, Decided) else None)
        run.run()
        assert any(each.decision.decision == "present" for each in told) == (setting in seen.marked)


class Film:
    """A feed of the world's frames."""

    fps, patience = float(FPS), 1

    def __init__(self, world):
        self.world, self.declared = world, len(world.frames)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        return (self.world.frame(number, number / FPS) for number in range(self.declared))


def test_a_mark_counts_though_an_attack_is_found_later(cue):
    """After the wait an unsure face is marked with review; what is found out afterwards undoes no mark."""
    cue("unsure", "attack", after=20)
    seen = presented(World(standing(ADA, seconds=5)))
    assert ("attack", {"off", "review"}) == (seen.ruling, seen.marked)


def test_strangers_have_a_ruling_too(cue):
    """A run does not ask of strangers; a measurement does, for a poor picture is one that is not recognised."""
    cue("attack")
    seen = presented(World(standing(Sight(3))))
    assert ("attack", frozenset(), None, "unknown") == (seen.ruling, seen.marked, seen.person, seen.decision)
    assert "plane" == seen.cues["words"]["why"]


@pytest.mark.parametrize("frames", [standing(), standing(Sight(1, reasons=("blurred",)))])
def test_no_face_that_can_be_judged(cue, frames):
    """Without a face, or with one too blurred to be compared, there is no ruling, and nobody is marked."""
    cue("live")
    seen = presented(World(frames))
    assert (None, frozenset(), None) == (seen.ruling, seen.marked, seen.person)
    assert seen.decision in {"nobody", "refused"}


def test_the_models_work_once_and_nothing_is_recorded(cue):
    """Three settings cost one detection a frame, and no look at a face twice; nothing is marked, noted or kept."""
    cue("live")
    world = World(standing(ADA))
    presented(world)
    alone = []
    for setting in SETTINGS:
        other = World(standing(ADA))
        Run(Place("door"), Scope(dry_run=True), Film(other), other, Asking(setting)).run()
        alone.append(other.calls["embed"])
    assert len(world.frames) == world.calls["detect"]
    assert max(alone) <= world.calls["embed"] < sum(alone)
    assert ([], [], [], [], 0) == (world.marks, world.notes, world.covered, world.crops, world.calls["record"])


def test_the_face_seen_longest_and_largest_counts(cue):
    """Whoever holds a picture up and is seen beside it does not count, and it is told that two were seen."""
    cue("attack")
    holder, picture = Sight(2, x=20.0, side=40.0), Sight(1, x=180.0, side=80.0)
    seen = presented(World(standing(holder, picture)))
    assert (PEOPLE[1], 2) == (seen.person, seen.faces)


def test_a_face_that_was_lost_for_a_while_is_one(cue):
    """A track that ends and begins anew is of the same presentation: its mark counts."""
    cue("live")
    short, gone, long = standing(ADA, seconds=1.5), standing(seconds=2), standing(Sight(3), seconds=2.5)
    assert {"off", "review", "require"} == presented(World(short + gone + long)).marked


def test_models_that_fail_again_and_again_end_it(cue):
    """A frame on which they fail is passed over; after ten in a row what they raise is raised."""
    cue("live")
    world = World(standing(ADA))
    world.fail = "embed"
    presenting = Presenting(world, Scope(dry_run=True), Asking("review"))

    def all_frames():
        for number in range(90):
            presenting.see(world.frame(number, number / FPS))

    with pytest.raises(EncoderFailed):
        all_frames()
    assert PATIENCE == world.calls["embed"]


def test_challenges_screens_and_distrust_are_left_out(cue):
    """What is measured is the door without a head turn, whatever the kiosk there is set to."""
    cue("live")

    def challenge():
        raise AssertionError

    asking = Asking("require", 1.5, "always", light=True, distrust=("virtual_camera",), challenge=challenge)
    assert {"off", "review", "require"} == presented(World(standing(ADA)), asking).marked


def test_the_real_cues_find_a_frozen_picture():
    """With the cues of the product a picture that never changes is an attack, and no setting marks it."""
    seen = presented(World(standing(ADA, seconds=4)))
    assert "attack" == seen.ruling
    assert "require" not in seen.marked
    assert np.isfinite([said["score"] for said in seen.cues.values()]).all()
