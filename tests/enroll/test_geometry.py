"""Alignment, pose and overlap: compared with naive least squares and with known transformations."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from enroll.geometry import (
    MEAN_FACE_3D,
    TEMPLATE_112,
    align,
    apply,
    invert,
    iou,
    outside_share,
    pose,
    umeyama,
)

coordinate = st.floats(-500, 500)


def similarity(scale: float, angle: float, x: float, y: float) -> np.ndarray:
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[c, -s, x], [s, c, y]])


def naive_similarity(src: np.ndarray, dst: np.ndarray) -> np.ndarray:
    """Solve for a, b, tx, ty of x' = ax - by + tx, y' = bx + ay + ty by plain linear least squares."""
    rows, values = [], []
    for (x, y), (u, v) in zip(src, dst, strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        values += [u, v]
    a, b, tx, ty = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    return np.array([[a, -b, tx], [b, a, ty]])


@given(st.floats(0.05, 20), st.floats(-math.pi, math.pi), coordinate, coordinate)
def test_umeyama_recovers_any_similarity(scale, angle, x, y):
    """The transformation that moved the template is found again."""
    expected = similarity(scale, angle, x, y)
    actual = umeyama(TEMPLATE_112, apply(expected, TEMPLATE_112))
    np.testing.assert_allclose(actual, expected, atol=1e-8 * max(1, scale))


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(3, 9), st.floats(0.0, 0.4))
def test_umeyama_is_least_squares(seed, n, noise):
    """On noisy points it equals a naive linear least-squares fit."""
    random = np.random.default_rng(seed)
    src = random.uniform(-100, 100, (n, 2))
    dst = apply(similarity(random.uniform(0.2, 5), random.uniform(-3, 3), 7, -9), src)
    dst += random.normal(0, noise * dst.std(), dst.shape)
    np.testing.assert_allclose(umeyama(src, dst), naive_similarity(src, dst), rtol=1e-6, atol=1e-6)


def test_umeyama_never_mirrors():
    """Mirrored points are fitted by a rotation, never by a reflection."""
    mirrored = TEMPLATE_112 * [-1, 1]
    assert np.linalg.det(umeyama(TEMPLATE_112, mirrored)[:, :2]) > 0


@pytest.mark.parametrize(
    ("src", "expected"),
    [
        (np.zeros((5, 2)), "more than one place"),
        (np.full((5, 2), np.nan), "finite"),
        (np.zeros((4, 2)), "one shape"),
        (np.zeros((5, 3)), "one shape"),
    ],
)
def test_umeyama_refuses_what_is_no_face(src, expected):
    """Points that fix no transformation are refused with the reason."""
    with pytest.raises(ValueError, match=expected):
        umeyama(src, TEMPLATE_112)


@given(st.floats(0.1, 10), st.floats(-3, 3), coordinate, coordinate, arrays(np.float64, (4, 2), elements=coordinate))
def test_invert_undoes_apply(scale, angle, x, y, points):
    """Going there and back again ends where it began."""
    matrix = similarity(scale, angle, x, y)
    np.testing.assert_allclose(apply(invert(matrix), apply(matrix, points)), points, atol=1e-6)


def test_align_of_an_aligned_face_changes_nothing(ramp):
    """A crop whose landmarks lie on the template is returned as it is."""
    picture = cv2.resize(ramp, (112, 112))
    np.testing.assert_array_equal(picture, align(picture, TEMPLATE_112))


def test_align_keeps_the_border_around_the_same_crop(ramp):
    """With a border, the middle of the larger crop is the crop without one."""
    picture = cv2.resize(ramp, (200, 200))
    landmarks = TEMPLATE_112 * 0.9 + [40, 35]
    wide = align(picture, landmarks, border=8)
    assert (128, 128, 3) == wide.shape
    inner = wide[8:120, 8:120].astype(int)
    assert 2 >= np.abs(inner - align(picture, landmarks)).max()


@pytest.mark.parametrize("size", [56, 96, 112, 224])
def test_align_scales_the_template_to_the_size(size):
    """A white dot on each landmark ends on the template, scaled to the crop's size."""
    landmarks = apply(similarity(1.5, 0.3, 60, 20), TEMPLATE_112)
    for i, (x, y) in enumerate(landmarks):
        picture = np.zeros((300, 300, 3), np.uint8)
        cv2.circle(picture, (round(x), round(y)), 4, (255, 255, 255), -1)
        crop = align(picture, landmarks, size)[..., 0].astype(float)
        rows, columns = np.mgrid[0:size, 0:size]
        centre = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
        np.testing.assert_allclose(centre, TEMPLATE_112[i] * size / 112, atol=1.0)


def test_align_of_a_large_face_equals_that_of_its_reduced_picture(astronaut):
    """A face four times the crop's size is averaged, not sampled: it looks like the face reduced beforehand."""
    landmarks = np.array([[203, 102], [247, 104], [223, 125], [203, 142], [241, 144]], np.float32)
    large = cv2.resize(astronaut, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    large[::2] //= 2  # lines that plain sampling would turn into noise
    expected = align(cv2.resize(large, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA), landmarks)
    actual = align(large, (landmarks + 0.5) * 8 - 0.5)
    assert 3 > np.abs(actual.astype(float) - expected).mean()


def test_align_puts_black_outside_the_picture():
    """Where the crop reaches beyond the picture it is black."""
    crop = align(np.full((60, 200, 3), 255, np.uint8), TEMPLATE_112)
    assert (255, 0) == (crop[30, 50, 0], crop[100, 50, 0])


def test_outside_share_counts_the_missing_part():
    """The share outside is that of the crop's area beyond the picture's edge."""
    assert 0.0 == outside_share(TEMPLATE_112, 112, 112)
    assert 0.5 == outside_share(TEMPLATE_112, 56, 112)
    assert 0.75 == outside_share(TEMPLATE_112 - 56, 112, 112)
    assert 1.0 == outside_share(TEMPLATE_112 + 500, 112, 112)


def project(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Turn the mean face in 3-D (roll of pitch of yaw, degrees) and look at it from far away."""
    a, b, c = map(math.radians, (yaw, pitch, roll))
    turn_y = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    turn_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    turn_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return (MEAN_FACE_3D @ (turn_z @ turn_x @ turn_y).T)[:, :2] * 1.7 + [200, 150]


@pytest.mark.parametrize("angle", [-60, -30, -5, 0, 10, 45, 70])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pose_recovers_a_turn_about_each_axis(angle, axis):
    """A mean face turned by a known angle is measured as such, the other angles as zero."""
    expected = [0.0, 0.0, 0.0]
    expected[axis] = angle
    turned = project(*expected)
    np.testing.assert_allclose(pose(turned), expected, atol=1e-6)


def test_pose_names_the_directions():
    """A nose moved to the right is positive yaw, moved up positive pitch, a head turned clockwise positive roll."""
    right, up = MEAN_FACE_3D[:, :2].copy(), MEAN_FACE_3D[:, :2].copy()
    right[2, 0] += 8
    up[2, 1] -= 8
    clockwise = apply(similarity(1, math.radians(20), 0, 0), MEAN_FACE_3D[:, :2])
    assert (True, True, True) == (pose(right)[0] > 5, pose(up)[1] > 5, pose(clockwise)[2] > 15)


box = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 12), st.integers(1, 12))


@given(box, box)
def test_iou_equals_counting_pixels(a, b):
    """Overlap of whole-pixel boxes equals the count of pixels in both over those in either."""
    cells = [{(x, y) for x in range(r[0], r[0] + r[2]) for y in range(r[1], r[1] + r[3])} for r in (a, b)]
    expected = len(cells[0] & cells[1]) / len(cells[0] | cells[1])
    assert expected == pytest.approx(iou(a, b))
