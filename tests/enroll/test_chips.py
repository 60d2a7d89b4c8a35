"""Chips: wider than the crop, the crop exactly in the middle, packed and unpacked without loss of either."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.chips import crop_of, cut, decoded, decoded_crop, encoded, encoded_crop
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112, align


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 255, (300, 400, 3), np.uint8)


@pytest.fixture(scope="module")
def portrait(detector, astronaut) -> tuple[np.ndarray, Detection]:
    return astronaut, detector.detect(astronaut)[0]


def turned(x: float, y: float, scale: float, angle: float) -> np.ndarray:
    """The template's landmarks, turned (radians), scaled and moved."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ((TEMPLATE_112 - 56) @ turn.T + 56 + [x, y]).astype(np.float32)


@given(st.floats(-60, 300), st.floats(-60, 200), st.floats(0.2, 4.0), st.floats(-3.1, 3.1))
def test_the_crop_is_the_middle_of_the_chip(scene, x, y, scale, angle):
    """Whatever a face's size, turn and place, beyond the picture's edge too, the crop is exactly the chip's middle."""
    landmarks = turned(x, y, scale, angle)
    chip = cut(scene, landmarks)
    assert (168, 168, 3) == chip.pixels.shape
    crop = align(scene, landmarks)
    np.testing.assert_array_equal(crop, chip.pixels[28:140, 28:140])
    np.testing.assert_array_equal(crop, crop_of(chip))
    np.testing.assert_allclose(chip.landmarks, TEMPLATE_112 + 28, atol=0.01)


def test_the_landmarks_are_those_of_the_chip(portrait):
    """A real face's landmarks lie in the chip where the chip was cut by them: aligning by them gives the crop again."""
    pixels, face = portrait
    chip = cut(pixels, face.landmarks)
    again = align(chip.pixels, chip.landmarks)
    np.testing.assert_array_equal(align(pixels, face.landmarks), again)
    assert np.float32 == chip.landmarks.dtype


def test_around_the_crop_lies_what_is_around_it_in_the_picture(portrait):
    """The border shows the picture: the same face at half as much again."""
    pixels, face = portrait
    wide = align(pixels, face.landmarks, 112, 28)
    assert 1 >= np.abs(wide.astype(int) - cut(pixels, face.landmarks).pixels).mean()


@pytest.mark.parametrize("size", [96, 128])
def test_a_chip_serves_encoders_of_other_sizes(portrait, size):
    """An encoder that sees other crops gets one aligned from the chip, close to that from the photo."""
    pixels, face = portrait
    crop = crop_of(cut(pixels, face.landmarks), size)
    assert (size, size, 3) == crop.shape
    assert 4 > np.abs(crop.astype(int) - align(pixels, face.landmarks, size)).mean()


def test_encoded_and_decoded(portrait):
    """The picture comes back within a few grey steps, with the landmarks that lay beside it."""
    pixels, face = portrait
    chip = cut(pixels, face.landmarks)
    data = encoded(chip.pixels)
    back, landmarks = decoded(data, chip.landmarks)
    np.testing.assert_array_equal(chip.landmarks, landmarks)
    assert 2 > np.abs(back.astype(int) - chip.pixels).mean()
    assert 40_000 > len(data)


def test_a_kept_chip_makes_the_template_of_the_photo(portrait, default_encoder):
    """The template from what is kept is the one from the photo, but for the loss of the picture file."""
    pixels, face = portrait
    chip = cut(pixels, face.landmarks)
    kept = decoded(encoded(chip.pixels), chip.landmarks)
    from_photo, from_chip = default_encoder.embed(np.stack([align(pixels, face.landmarks), crop_of(kept)]))
    assert 0.997 < from_photo @ from_chip


@pytest.mark.parametrize("size", [112, 96])
def test_aligned_crops_of_before_go_on_being_read(portrait, size):
    """A crop kept without a border comes back as it is, or at the size that is asked for."""
    pixels, face = portrait
    crop = align(pixels, face.landmarks)
    back = decoded_crop(encoded_crop(crop), size)
    assert (size, size, 3) == back.shape
    if size == 112:
        np.testing.assert_array_equal(crop, back)


def test_what_is_no_chip_is_refused(scene):
    """A picture cut short or of another size, and landmarks that are none, raise; so does encoding what is no chip."""
    chip = cut(scene, turned(50, 50, 1.0, 0.0))
    data = encoded(chip.pixels)
    nan = np.full((5, 2), np.nan, np.float32)
    for broken, landmarks in (
        (b"", chip.landmarks),
        (data[:300], chip.landmarks),
        (b"x" * 500, chip.landmarks),
        (encoded_crop(scene), chip.landmarks),
        (data, nan),
        (data, chip.landmarks[:4]),
    ):
        with pytest.raises(ValueError, match=r"picture cannot be read|expected"):
            decoded(broken, landmarks)
    with pytest.raises(ValueError, match=r"expected \(168, 168, 3\)"):
        encoded(scene)
    with pytest.raises(ValueError, match="cannot be read"):
        decoded_crop(b"no picture", 112)
