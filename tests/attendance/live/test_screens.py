"""Screens before a camera: a doubt about a track, or a screen that breaks, ends in a review and never in a mark."""

import dataclasses

import pytest
from live_world import FPS, Sight, World, standing

from attendance.live.watcher import Watcher
from attendance.scope import ANYWHERE
from enroll import registry
from enroll.pipeline import Pipeline
from enroll.registry import open_screen, register
from enroll.stages import Screened


class Suspicious:
    """A screen that doubts every track, or breaks, from so many looks on."""

    id = "suspicious-1"
    stages = frozenset({"track"})

    def __init__(self, answer, looks=1) -> None:
        self.answer, self.looks, self.asked = answer, looks, []

    def look(self, *_):
        raise AssertionError("it counts for tracks alone")

    def watch(self, looks):
        self.asked.append(len(looks))
        if len(looks) < self.looks:
            return Screened()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def seen(monkeypatch):
    """What is reported of three seconds of Ada before a camera, watched by this registered screen."""
    monkeypatch.setattr(registry, "_REGISTERED", {})

    def reported(screen, frames=None):
        register("screen", "suspicious", lambda _: screen)
        world, decisions = World(frames or standing(Sight(1))), []
        pipeline = Pipeline(world, world, screens=(open_screen("suspicious"),))
        world.pipeline.track_doubts = pipeline.track_doubts
        watching = Watcher(
            world,
            source="door",
            scope=ANYWHERE,
            report=lambda each, *_: decisions.append(each) or each,
            tell=lambda _: None,
        )
        for number in range(len(world.frames)):
            watching.see(world.frame(number, number / FPS))
        watching.finish()
        return decisions

    return reported


def test_without_a_doubt_a_track_marks(seen):
    """A screen that says nothing changes nothing, and is asked before the mark."""
    screen = Suspicious(Screened())
    (decision,) = seen(screen)
    assert ("present", ()) == (decision.decision, decision.reasons)
    assert [3] == screen.asked[:1]


@pytest.mark.parametrize("said", [{"doubts": ("flat",)}, {"refusals": ("flat",)}])
def test_a_registered_screen_turns_a_mark_into_a_review(seen, said):
    """Somebody whom every look agrees on is reported once, as a review with the screen's reasons."""
    (decision,) = seen(Suspicious(Screened(**said)))
    assert ("review", "P-1", ("flat",)) == (decision.decision, decision.person.id, decision.reasons)


@pytest.mark.parametrize("answer", [RuntimeError("no model"), None, ("flat",)])
def test_a_screen_that_breaks_marks_nobody(seen, answer):
    """A screen that raises, or gives no answer, ends in a review; the others before the camera are reported, too."""
    frames = standing(Sight(1), Sight(2, x=200.0))
    decisions = seen(Suspicious(answer), frames)
    assert {("review", "P-1", ("screen_failed",)), ("review", "P-2", ("screen_failed",))} == {
        (each.decision, each.person.id, each.reasons) for each in decisions
    }


def test_doubts_of_single_looks_make_no_votes(seen, monkeypatch):
    """Looks that a screen doubts each by itself vote for nobody, and the track is a review."""
    whole = World._face
    monkeypatch.setattr(World, "_face", lambda self, each: dataclasses.replace(whole(self, each), doubts=("flat",)))
    screen = Suspicious(Screened())
    (decision,) = seen(screen)
    assert ("review", ("flat",), []) == (decision.decision, decision.reasons, screen.asked)
