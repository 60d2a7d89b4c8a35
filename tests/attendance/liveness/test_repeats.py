"""A stream that stands or loops is found; a slow camera is not taken for one."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from attendance.liveness import RepeatsCue, Track

FPS = 30


@pytest.fixture(scope="module")
def walk(studio) -> list:
    """Ninety frames' moments of a head that turns and sways, no two alike."""
    surface = studio.head()
    return [
        studio.moment(
            surface, yaw=10 * np.sin(n / 9), shift=(15 * np.sin(n / 13), 3 * np.cos(n / 7)), seed=n, scale=0.5
        )
        for n in range(90)
    ]


def watched(frames) -> list:
    """What a track keeps of a stream of these frames."""
    track = Track()
    for number, moment in enumerate(frames):
        if track.wants(number / FPS):
            track.add(replace(moment, time=number / FPS))
    return list(track)


def test_a_camera_does_not_repeat(walk) -> None:
    """Nothing is said of a stream whose pictures are all new; for a live face the cue never speaks."""
    said = RepeatsCue().judge(watched(walk))
    assert ("no_repetition", 0.0) == (said.why, said.weight)


def test_a_standing_stream_is_frozen(walk) -> None:
    """One picture for three seconds."""
    said = RepeatsCue().judge(watched([walk[0]] * 90))
    assert ("frozen", -1.0) == (said.why, said.weight)


@pytest.mark.parametrize("times", [2, 5, 15])
def test_a_slow_camera_is_not_frozen(walk, times) -> None:
    """Each picture 2, 5 or 15 times in a row, as at 15, 6 and 2 pictures a second: new ones come, old ones do not."""
    frames = list(itertools.chain.from_iterable([each] * times for each in walk))[:100]
    said = RepeatsCue().judge(watched(frames))
    assert ("no_repetition", 0.0) == (said.why, said.weight)


def test_a_stumble_is_not_frozen(walk) -> None:
    """A stream that hangs for a second and goes on."""
    said = RepeatsCue().judge(watched([*walk[:30], *[walk[30]] * 30, *walk[31:60]]))
    assert 0.0 == said.weight


@pytest.mark.parametrize("length", [29, 34, 41, 47])
def test_a_loop_is_found(walk, length) -> None:
    """Whatever its length: gaps between moments are uneven."""
    said = RepeatsCue().judge(watched([walk[n % length] for n in range(96)]))
    assert ("loop", True) == (said.why, said.weight <= -0.5)


def test_somebody_back_at_rest_is_no_loop(studio, walk) -> None:
    """Still, in motion, still again at the same place."""
    surface = studio.head()
    rest = [studio.moment(surface, seed=1000 + n, scale=0.5) for n in range(40)]
    said = RepeatsCue().judge(watched([*rest[:25], *walk[:30], *rest[25:]]))
    assert 0.0 == said.weight


def test_it_abstains(walk) -> None:
    """A handful of moments cannot tell."""
    said = RepeatsCue().judge(walk[:5])
    assert ("too_few_frames", 0.0) == (said.why, said.quality)
