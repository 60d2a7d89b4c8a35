"""Dots and pixels where and as deep as they must be: in the spectrum, below and beyond what a camera resolves."""

import dataclasses

import numpy as np
import pytest

from train.liveness.camera import Camera
from train.liveness.media import ANGLES, SEEN, UNSEEN, Print, Screen
from train.liveness.staging import plane_at

SIDE = 240
WINDOW = np.outer(np.hanning(SIDE), np.hanning(SIDE))
SHARP = Camera(blur=0.3, fill=0.5)


def peak_of(channel):
    """Frequency (x, y) of the strongest line in a factor (SIDE, SIDE), in cycles a pixel."""
    spectrum = np.abs(np.fft.fft2((channel - channel.mean()) * WINDOW))
    row, column = np.unravel_index(spectrum[: SIDE // 2].argmax(), spectrum.shape)
    frequencies = np.fft.fftfreq(SIDE)
    return float(frequencies[column]), float(frequencies[row])


def depth_at(channel, x, y):
    """The amplitude of the cosine of this frequency."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    turning = np.exp(-2j * np.pi * (x * columns + y * rows))
    return 2 * abs((channel * WINDOW * turning).sum()) / WINDOW.sum()


@pytest.fixture
def sheet():
    """A plane straight ahead, a face of 120 pixels."""
    return plane_at(SIDE, 120.0, (0, 0, 0), 6.0, (0, 0))


@pytest.fixture
def office():
    return Print.draw(np.random.default_rng(1), SEEN, dotted=True)


def test_dots_stand_in_the_spectrum(sheet, office):
    """36 dots along a face of 120 pixels: 0.3 cycles a pixel, at each ink's angle, as deep as half-covered paper."""
    office = dataclasses.replace(office, dots=36.0)
    grey = np.full((SIDE, SIDE, 3), 127.5, np.float32)
    factor = office.pattern(grey, sheet.x, sheet.y, 120.0, SHARP)
    depth = 1 / np.pi * SHARP.passes(0.3) * (1 - office.black)
    for channel, angle in enumerate(ANGLES):
        x, y = peak_of(factor[..., channel])
        along = np.abs([x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)])
        np.testing.assert_allclose(sorted(along), [0, 0.3], atol=1.5 / SIDE)
        exact = 0.3 * np.cos(angle), 0.3 * np.sin(angle)
        assert pytest.approx(depth, rel=0.03) == depth_at(factor[..., channel], *exact)


def test_dots_that_a_camera_cannot_see_are_not_drawn(sheet, office):
    """Two hundred dots on a face of 40 pixels are grey to any lens; photo paper has none at all."""
    grey = np.full((SIDE, SIDE, 3), 127.5, np.float32)
    fine = dataclasses.replace(office, dots=200.0).pattern(grey, sheet.x, sheet.y, 40.0, Camera())
    none = dataclasses.replace(office, dots=0.0).pattern(grey, sheet.x, sheet.y, 120.0, SHARP)
    assert [1.0] == fine.tolist() == none.tolist()


def test_ink_on_white_or_full_paper_has_no_dots(sheet, office):
    """Neither white paper nor a closed black has dots."""
    dotted = dataclasses.replace(office, dots=36.0)
    for value in (0.0, 255.0):
        flat = np.full((SIDE, SIDE, 3), value, np.float32)
        np.testing.assert_allclose(dotted.pattern(flat, sheet.x, sheet.y, 120.0, SHARP), 1, atol=1e-5)


def test_pixels_beyond_half_a_cycle_come_back_as_moire(sheet):
    """96 cells along 120 pixels are 0.8 cycles a pixel: lines of 0.2, as deep as lens and pixel leave them."""
    screen = dataclasses.replace(Screen.draw(np.random.default_rng(3), SEEN), cells=96.0, depth=0.5, stripes=True)
    factor = screen.pattern(sheet.x, sheet.y, 120.0, SHARP)
    np.testing.assert_allclose([0.2, 0.0], np.abs(peak_of(factor[..., 1])), atol=1.5 / SIDE)
    assert pytest.approx(0.5 * SHARP.passes(0.8), rel=0.03) == depth_at(factor[..., 1], 0.2, 0.0)


def test_stripes_lie_beside_each_other(sheet):
    """Red, green and blue are a third of a cell apart, so that moire has colours; without stripes it has none."""
    screen = dataclasses.replace(Screen.draw(np.random.default_rng(3), SEEN), cells=24.0, stripes=True)
    colours = screen.pattern(sheet.x, sheet.y, 120.0, SHARP)
    grey = dataclasses.replace(screen, stripes=False).pattern(sheet.x, sheet.y, 120.0, SHARP)
    assert np.ptp(colours, axis=-1).max() > 0.1
    np.testing.assert_allclose(0, np.ptp(grey, axis=-1).max(), atol=1e-6)


def test_a_print_is_between_paper_and_its_blackest(office):
    """White gives the paper's colour, black the ink's, and colours come nearer to grey."""
    paper = 255 * np.array(office.paper)
    np.testing.assert_allclose(paper, office.inked(np.full((1, 3), 255, np.float32))[0], rtol=1e-4)
    np.testing.assert_allclose(office.black * paper, office.inked(np.zeros((1, 3), np.float32))[0], rtol=1e-4)
    plain = dataclasses.replace(office, paper=(1.0, 1.0, 1.0), gamut=0.5, black=0.0)
    red = plain.inked(np.array([[200, 50, 50]], np.float32))[0]
    assert pytest.approx(75, abs=1) == red[0] - red[1]


def test_what_is_measured_beyond_training_lies_beyond_it():
    """No interval of the unseen media overlaps the one that was trained on."""
    for name in (field.name for field in dataclasses.fields(SEEN)):
        (low, high), (least, most) = getattr(SEEN, name), getattr(UNSEEN, name)
        assert most <= low or least >= high, name
