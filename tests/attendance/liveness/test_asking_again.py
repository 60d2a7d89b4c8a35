"""A track is asked several times while it grows: what was worked out before is used, and no answer is another by it."""

import gc
import weakref
from dataclasses import replace

import pytest

from attendance.liveness import CUES, TextureCue, Track, ask
from attendance.liveness import following as following_module
from attendance.liveness.following import aligned, passed


def fresh(moments):
    """Moments with nothing worked out."""
    return [replace(each) for each in moments]


@pytest.fixture(scope="module")
def tracks(studio):
    """A print, a cut-out and a head that turn, and one that stands."""
    return {
        "print": studio.track(studio.plane(), turn=12.0),
        "cut-out": studio.track(studio.plane(border=False), turn=12.0, axis="pitch"),
        "head": studio.track(studio.head(), turn=15.0),
        "standing": studio.track(studio.head(), turn=0.0, travel=0.0),
    }


@pytest.mark.parametrize("name", ["print", "cut-out", "head", "standing"])
def test_asking_again_says_the_same(tracks, name):
    """Of each beginning of a track, asked in the order that it grows, and once more: to the last digit."""
    cues, moments = (*CUES, TextureCue()), tracks[name]
    for count in (3, 6, 9, 10, 14, 10, 14):
        assert ask(cues, fresh(moments[:count])).to_dict() == ask(cues, moments[:count]).to_dict()
        assert ask(cues, fresh(moments[:count])).said == ask(cues, moments[:count]).said


def test_what_is_kept_is_of_these_two_alone(studio):
    """Another moment of the same time and place is another one; the two ways round are two."""
    first, other = (studio.moment(studio.plane(), yaw=yaw, seed=int(yaw)) for yaw in (0.0, 10.0))
    darker = replace(first, view=first.view // 2)
    assert aligned(first).mean() > 1.5 * aligned(darker).mean()
    assert passed(first, other) is passed(first, other)
    assert passed(first, other) is not passed(other, first)
    assert passed(first, other) is not passed(first, replace(other))


def test_nothing_is_followed_twice(tracks, monkeypatch):
    """Who asks again about the same moments pays for no point once more."""
    moments, calls, flow = fresh(tracks["head"]), [], following_module._flow
    monkeypatch.setattr(following_module, "_flow", lambda *given: calls.append(1) or flow(*given))
    ask(CUES, moments)
    once = len(calls)
    ask(CUES, moments)
    assert 0 < once == len(calls)


def test_what_is_kept_goes_with_the_moment(tracks):
    """What a track forgets is freed, whatever it was compared with, and so is all of it with the track."""
    track = Track(kept=6)
    for each in fresh(tracks["head"]):
        track.add(each)
        ask(CUES, track.moments)
    alive = [weakref.ref(each) for each in track]
    kept = sum(len(each._pairs) for each in track)
    assert 0 < kept <= 6 * 5
    del each
    track.add(replace(track.moments[-1], time=10.0))  # of long after: all others are forgotten
    gc.collect()
    assert [None] * 6 == [each() for each in alive]
    assert [0] == [len(each._pairs) for each in track]
