"""A camera lets through what its lens and its pixels do, and all views pass it once."""

import numpy as np
import pytest

from train.liveness.camera import Camera


def test_fine_patterns_are_lost_as_lens_and_pixel_lose_them():
    """The closed form equals a cosine blurred and gathered by brute force, 40 samples a pixel."""
    camera, fine = Camera(blur=0.4, fill=0.7), 40
    for cycles in (0.1, 0.3, 0.8, 1.1):
        places = np.arange(-20 * fine, 20 * fine + 1) / fine
        lens = np.exp(-((places / camera.blur) ** 2) / 2)
        pixel = (np.abs(places) <= camera.fill / 2).astype(float)
        kernel = np.convolve(lens / lens.sum(), pixel / pixel.sum(), "same")
        expected = abs((kernel * np.exp(2j * np.pi * cycles * places)).sum())
        assert pytest.approx(expected, abs=0.01) == camera.passes(cycles)
    assert 1.0 == camera.passes(0.0)


def test_a_plain_camera_leaves_a_picture_as_it_is():
    """Without noise, colour cast and tone curve only JPEG is left."""
    light = np.tile(np.linspace(30, 220, 64, dtype=np.float32)[:, None, None], (1, 64, 3))
    seen = Camera(noise=0.0, quality=95).developed(light, np.random.default_rng(1))
    assert np.abs(seen - light).max() < 4


def test_a_camera_gives_fewer_pixels_and_its_colours():
    """It shrinks, and its gains change the balance."""
    light = np.full((50, 50, 3), 100, np.float32)
    seen = Camera(noise=0.0, gains=(1.2, 1.0, 0.8), shrink=0.8, quality=95).developed(light, np.random.default_rng(1))
    assert (40, 40, 3) == seen.shape
    np.testing.assert_allclose([120, 100, 80], seen.mean((0, 1)), atol=2)


def test_worse_cameras_are_worse_than_any_other():
    """What is measured beyond training lies beyond it."""
    random = np.random.default_rng(2)
    usual, worse = ([Camera.draw(random, worse=how) for _ in range(200)] for how in (False, True))
    assert max(each.quality for each in worse) < min(each.quality for each in usual)
    assert min(each.noise for each in worse) >= max(each.noise for each in usual)
    assert min(each.blur for each in worse) >= max(each.blur for each in usual)
