"""Changes that a recipe asks for by name: off, they leave every other change as it was; on, they change the picture."""

from dataclasses import replace

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from train.data import augment  # noqa: E402 - after the skip
from train.data.augment import Augmentation, bend, put_glasses_on  # noqa: E402

SIDE = 48


def face(channels: int) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    plane = (128 + 60 * np.sin(rows / 5) * np.cos(columns / 7)).astype(np.uint8)
    return np.repeat(plane[..., None], channels, axis=2)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_off_moves_no_generator(channels):
    """Bending and glasses that are off draw nothing: pictures are byte for byte those of the other steps alone."""
    how = Augmentation(side=SIDE)
    for seed in range(5):
        ours, plain = np.random.default_rng(seed), np.random.default_rng(seed)
        moved = augment._similarity(face(channels), how, plain)
        expected = how._spoilt(moved, plain, how._covers() + how._defects())
        assert np.array_equal(expected, how(face(channels), ours))
        assert plain.random() == ours.random()


@pytest.mark.parametrize("step", [lambda p, r: bend(p, r, most_px=4.0), lambda p, r: put_glasses_on(p, r, eyes=0.45)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_change_keeps_the_form_of_the_picture(step, channels):
    """Shape and type stay, the picture given is not written to, and one seed gives one outcome."""
    given = face(channels)
    out = step(given, np.random.default_rng(3))
    assert (given.shape, np.uint8) == (out.shape, out.dtype)
    assert np.array_equal(face(channels), given)
    assert np.array_equal(out, step(given, np.random.default_rng(3)))
    assert not np.array_equal(out, given)


def test_bending_moves_no_point_further_than_asked():
    """A picture of its own column numbers tells how far each point came: 3 px at most, some of them more than 1 px."""
    columns = np.broadcast_to(np.arange(SIDE, dtype=np.uint8)[None, :, None] * 4, (SIDE, SIDE, 1)).copy()
    for seed in range(10):
        way = (bend(columns, np.random.default_rng(seed), most_px=3.0).astype(int) - columns) / 4
        assert np.abs(way).max() <= 3.0 * 1.4  # a cubic overshoots its points a little
        assert np.abs(way).max() > 1.0


def test_glasses_sit_at_the_eyes():
    """Rims lie about the asked height, on both sides of the middle, and leave mouth and chin alone."""
    plain = np.full((SIDE, SIDE, 1), 128, np.uint8)
    for seed in range(20):
        changed = np.argwhere(put_glasses_on(plain, np.random.default_rng(seed), eyes=0.4)[..., 0] != 128)
        assert len(changed) > 0
        assert changed[:, 0].max() < 0.7 * SIDE
        assert (changed[:, 1] < SIDE / 2).any()
        assert (changed[:, 1] > SIDE / 2).any()


def test_a_recipe_turns_them_on():
    """With a probability of 1 each of them shows in the picture that comes out."""
    still = Augmentation(side=SIDE, **dict.fromkeys(
        ("mirror", "turn_degrees", "scale", "shift_px", "light", "grey", "low_resolution", "blur", "noise", "jpeg",
         "occlusion", "mask"), 0.0,
    ))  # fmt: skip
    given = face(1)
    assert np.array_equal(given, still(given, np.random.default_rng(1)))
    for name in ("bend", "glasses"):
        assert not np.array_equal(given, replace(still, **{name: 1.0})(given, np.random.default_rng(1)))
