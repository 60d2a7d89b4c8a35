"""Faces followed by the picture itself: moves, cuts, edges, and what is beyond doubt without flow."""

import cv2
import numpy as np
import pytest

from attendance.live.flow import continues, follow, likeness


@pytest.fixture(scope="module")
def portrait(astronaut):
    """The astronaut as a grey picture with room around, (640, 640)."""
    grey = cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY)
    return cv2.copyMakeBorder(grey, 64, 64, 64, 64, cv2.BORDER_REFLECT)


FACE = (240.0, 140.0, 100.0, 110.0)  # in `portrait`


def moved(picture, dx, dy, scale, noise=0.0):
    centre = (FACE[0] + FACE[2] / 2, FACE[1] + FACE[3] / 2)
    matrix = cv2.getRotationMatrix2D(centre, 0, scale) + np.array([[0, 0, dx], [0, 0, dy]])
    out = cv2.warpAffine(picture, matrix, picture.shape[::-1], borderMode=cv2.BORDER_REFLECT).astype(float)
    return np.clip(out + np.random.default_rng(3).normal(0, noise, out.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("dx", "dy", "scale", "noise"), [(0, 0, 1, 0), (6, -4, 1, 4), (-9, 3, 1.06, 4), (2, 2, 0.93, 8)]
)
def test_flow_follows(portrait, dx, dy, scale, noise):
    """A face that moves, grows, shrinks, in noise, is found where it went."""
    (box,) = follow(portrait, moved(portrait, dx, dy, scale, noise), [FACE])
    centre = np.array([FACE[0] + FACE[2] / 2 + dx, FACE[1] + FACE[3] / 2 + dy])
    size = np.array(FACE[2:]) * scale
    assert [*(centre - size / 2), *size] == pytest.approx(list(box), abs=2.5)


def test_flow_knows_a_cut(portrait):
    """After a cut to another picture the face is lost, not guessed."""
    other = np.random.default_rng(5).integers(0, 255, portrait.shape, np.uint8)
    assert [None] == follow(portrait, cv2.GaussianBlur(other, (9, 9), 0), [FACE])


def test_flow_of_several_equals_flow_of_each(portrait):
    """Boxes are followed independently of each other; none gives none."""
    after = moved(portrait, 4, 3, 1.0)
    boxes = [FACE, (100.0, 300.0, 80.0, 80.0)]
    assert [follow(portrait, after, [box])[0] for box in boxes] == follow(portrait, after, boxes)
    assert [] == follow(portrait, after, [])


def test_flow_at_the_edge(portrait):
    """A box partly or wholly outside the picture does no harm."""
    for box in ((-30.0, -30.0, 60.0, 60.0), (620.0, 620.0, 60.0, 60.0), (900.0, 900.0, 50.0, 50.0)):
        (found,) = follow(portrait, portrait, [box])
        assert found is None or box == pytest.approx(found, abs=1.0)


@pytest.mark.parametrize(("dx", "found", "expected"), [
    (0, [FACE], True), (8, [FACE], True), (0, [], False), (80, [FACE], False), (0, [FACE, FACE], False),
])  # fmt: skip
def test_what_plainly_continues(portrait, dx, found, expected):
    """A face found where it just was goes on beyond doubt; none found, a jump, or two of them leave a doubt."""
    after = moved(portrait, dx, 0, 1.0, noise=3.0)
    boxes = [(x + dx, y, width, height) for x, y, width, height in found]
    assert expected == continues(portrait, after, FACE, boxes)


def test_another_face_at_the_same_place_is_in_doubt(portrait, hopper):
    """After a cut to somebody else of the same size at the same place, place alone proves nothing."""
    other = portrait.copy()
    x, y, width, height = map(int, FACE)
    grey = cv2.cvtColor(hopper, cv2.COLOR_RGB2GRAY)
    other[y : y + height, x : x + width] = cv2.resize(grey[115:265, 200:335], (width, height))
    assert not continues(portrait, other, FACE, [FACE])


def test_likeness_outside_of_the_picture(portrait):
    """A box of which nothing is in the picture, or whose content is flat, is like nothing."""
    flat = np.full_like(portrait, 7)
    assert 0.0 == likeness(portrait, portrait, (900.0, 10.0, 50.0, 50.0), FACE)
    assert 0.0 == likeness(flat, portrait, FACE, FACE)
    assert 1.0 == pytest.approx(likeness(portrait, portrait, FACE, FACE))
