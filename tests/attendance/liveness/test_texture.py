"""The lines of a screen stand out of a face's spectrum; a face has none."""

import numpy as np

from attendance.liveness import CUES, TextureCue


def lined(cycles: float, depth: float):
    return lambda u, v: (1 + depth * np.cos(2 * np.pi * cycles * (u + 0.3 * v))).astype(np.float32)


def track(studio, **more):
    """Fourteen moments of the print."""
    return studio.track(studio.plane(), turn=5.0, **more)


def test_lines_are_found(studio) -> None:
    """A grid of a quarter of a cycle a pixel, eight percent deep."""
    said = TextureCue().judge(track(studio, shine=lined(0.25, 0.08)))
    assert ("lines", True) == (said.why, said.weight <= -0.5)


def test_a_photo_has_none(studio) -> None:
    """Skin, hair, noise and JPEG make no peak."""
    said = TextureCue().judge(track(studio))
    assert ("no_lines", 0.0) == (said.why, said.weight)


def test_it_abstains(studio) -> None:
    """Too few moments, a small face, a dark one."""
    said = [
        TextureCue().judge(track(studio, count=3)),
        TextureCue().judge(track(studio, scale=0.25)),
        TextureCue().judge(track(studio, dark=0.1)),
    ]
    assert ["too_few_frames", "too_small", "too_dark"] == [each.why for each in said]


def test_it_is_not_asked() -> None:
    """It is no part of the verdict: docs/liveness.md tells why."""
    assert "texture" not in {cue.id for cue in CUES}
