"""How the parts of a face moved against each other from one moment to another. No state.

From one moment to another a plane moves by a homography, whatever its turn; what a head shows beyond it is its curve,
the parallax of its nose, and the motion of eyes and mouth. All moments that are looked at are compared with one of
them, so that what two of them differ by is the difference of two fits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.following import (
    FACE,
    UNIT,
    Followed,
    aligned,
    fitted,
    grid,
    passed,
    refine,
    second_order,
)
from attendance.liveness.moments import Moment
from enroll.geometry import MEAN_FACE_3D, TEMPLATE_112, pose

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

NOSE: Final = float(MEAN_FACE_3D[2, 2] * np.ptp(TEMPLATE_112[:2, 0]) / np.ptp(MEAN_FACE_3D[:2, 0]))
"""How far the mean face's nose tip stands out, in template pixels."""
BASE_DEG: Final = 10.0  # by how much the pose that landmarks tell may be wrong
STEEPEST_DEG: Final = 45.0
AROUND_PX: Final = 13.0  # of an eye's centre or of a corner of the mouth: the patches that move in a live face
FIELD: Final = 18.0  # template pixels of a field of the chessboard by which points are halved
FEWEST: Final = 20  # points of a half
COMMON: Final = 40  # points that two moments must share
UPRIGHT: Final = 0.3  # of a skull's curve along its height, by that across it: heads are longer than broad


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One moment against the middle one, in template pixels.

    `maps` are three maps of second order (6, 2): of all points, and of either half of them in the manner of a
    chessboard. A turn shows in both halves alike; what compression or a shadow does to a part of the face does not.
    `nose` (2,) is how far the nose's tip went beyond what the face around it did, `error` its standard error, and
    `skull` (2,) how far that face's curve did, in the same direction for a head, by the coefficients of second order.
    `left` (159, 2) is what the first map leaves of each point of the grid, NaN where one was lost.
    """

    maps: tuple[Array, Array, Array]
    nose: Array
    error: float
    skull: Array
    left: Array
    noise: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair of moments, in template pixels.

    `moved` is how far the face went in the frame, turns and growth included, by its own size. `nose` is the length of
    what the nose's tip did, `due` how far a head's would have gone at least. `key` is the length of what a homography
    adds to an affine map, `curve` that of what else is of second order. `left` is the ninth decile of what the fit
    leaves of all points, `features` the upper quartile of that around eyes and mouth, `rest` of that elsewhere;
    `stretch` is the ratio of singular values.
    """

    moved: float
    nose: float
    due: float
    key: float
    curve: float
    left: float
    features: float
    rest: float
    stretch: float


@dataclass(frozen=True, slots=True)
class Together:
    """How the nose went with the curve, over all moments: a head's goes with it, on a sheet nothing does.

    `skull` is the root mean square of the curve's motion in template pixels, `along` the root sum of squares of what
    the nose did in its direction (negative: against it), `agreed` their correlation (-1 to 1), and `slope` the
    nose's motion by the curve's.
    """

    skull: float
    along: float
    agreed: float
    slope: float


def fit(middle: Grey, face: Grey, first: Followed | None = None) -> Fit | None:
    """How `face` differs from the `middle` one, both aligned; None where too little can be followed.

    `first` is what `follow` finds of the two, if that was done.
    """
    refined = refine(middle, face, first)
    if refined is None:
        return None
    kept, moved = refined.left.kept, refined.left.ends - refined.left.starts
    white = _WHITE[kept]
    everywhere = np.ones(len(moved))
    halves = [half if half.sum() >= FEWEST else everywhere for half in (white.astype(float), (~white).astype(float))]
    found, rest, weights = fitted(_DESIGNS[:, kept], moved, np.stack([everywhere, *halves, everywhere]))
    nosed = _DESIGNS[-1, kept]
    cover = np.linalg.pinv((nosed * weights[-1][:, None]).T @ nosed)
    left = np.full((len(_GRID), 2), np.nan)
    left[kept] = rest[0]
    every, one, other, beyond = found[:, :6] + refined.coefficients
    error = 1.4826 * float(np.median(np.abs(rest[-1]))) * math.sqrt(max(0.0, float(cover[-1, -1])))
    skull = -(beyond[3] + UPRIGHT * beyond[5])
    return Fit((every, one, other), found[-1, -1], error, skull, left, refined.left.noise)


def fit_between(middle: Moment, other: Moment) -> Fit | None:
    """How another moment differs from the `middle` one; kept with the two."""
    return middle.against(other, _fit_between)


def _fit_between(middle: Moment, other: Moment) -> Fit | None:
    return fit(aligned(middle), aligned(other), passed(middle, other))


def unmoved() -> Fit:
    """The middle moment against itself."""
    none = np.zeros((6, 2))
    return Fit((none, none, none), np.zeros(2), 0.0, np.zeros(2), np.zeros((len(_GRID), 2)), 0.0)


def compare(first: Moment, other: Moment, one: Fit, two: Fit, degrees: float | None = None) -> Compared | None:
    """What two moments differ by; None where too few points were followed in both.

    `degrees` is the larger of what the two are `turned` by, where that is known already.
    """
    lengths = np.hypot(*(two.left - one.left).T)
    seen = np.isfinite(lengths)
    if seen.sum() < COMMON:
        return None
    stretch = max(_stretch(_affine(a), _affine(b)) for a, b in zip(one.maps, two.maps, strict=True))
    seconds = [_second(b - a) for a, b in zip(one.maps, two.maps, strict=True)]
    return Compared(
        moved=float(np.linalg.norm(first.landmarks - other.landmarks, axis=1).mean()) / first.face_px,
        nose=float(np.hypot(*(two.nose - one.nose))),
        due=due(stretch, max(turned(first), turned(other)) if degrees is None else degrees),
        key=min(key for key, _ in seconds),
        curve=seconds[0][1],
        left=_quantile(lengths[seen], 0.9),
        features=_quantile(lengths[seen & _MOVING], 0.75),
        rest=_quantile(lengths[seen & _RESTING], 0.75),
        stretch=stretch,
    )


def together(fits: Sequence[Fit]) -> Together:
    """How nose and curve went together in these moments, by what either did around its mean."""
    nose, skull = (np.array(each) - np.mean(each, 0) for each in zip(*((a.nose, a.skull) for a in fits), strict=True))
    product, square = float((nose * skull).sum()), float((skull * skull).sum())
    went = math.sqrt(square)
    agreed = product / max(1e-9, went * float(np.linalg.norm(nose)))
    return Together(
        went / math.sqrt(len(fits)), product / max(1e-9, went), min(1.0, max(-1.0, agreed)), product / max(1e-6, square)
    )


def due(stretch: float, turned: float) -> float:
    """How far a head's nose tip goes at least, in template pixels, where its face is foreshortened by `stretch`.

    Weak perspective: a head at the angle a from the front that turns to b is foreshortened by cos b / cos a, and its
    nose moves by NOSE (sin b - stretch sin a) beyond what its face's plane does. That falls with a: `turned`, in
    degrees, is the largest that may be.
    """
    start = math.radians(min(STEEPEST_DEG, turned + BASE_DEG))
    end = math.acos(min(1.0, max(0.0, stretch * math.cos(start))))
    return NOSE * (math.sin(end) - stretch * math.sin(start))


def turned(moment: Moment) -> float:
    """How far from the front a face looks, in degrees, by its landmarks; kept with the moment."""
    return moment.once(_turned)


def _turned(moment: Moment) -> float:
    yaw, pitch, _ = pose(moment.landmarks)
    return math.hypot(yaw, pitch)


def nose_shape(points: Array) -> Array:
    """How far a face stands out before its plane at points (n, 2) of the template, by the nose tip's 1."""
    eyes, tip = FACE[:2].mean(0), FACE[2]
    along = (points[:, 1] - eyes[1]) / (tip[1] - eyes[1])
    across = (points[:, 0] - tip[0]) / 7.0
    return np.asarray(np.interp(along, [-0.3, 0.1, 1.0, 1.4], [0.0, 0.3, 1.0, 0.0]) * np.exp(-(across**2) / 2))


def _second(coefficients: Array) -> tuple[float, float]:
    """The lengths of what a homography adds to an affine map, which is (p x + q y) (x, y), and of the other terms."""
    (xx_x, xx_y), (xy_x, xy_y), (yy_x, yy_y) = coefficients[3:].tolist()
    key = math.hypot(xx_x + xy_y, xy_x + yy_y) / math.sqrt(2)
    return key, math.hypot(xx_y, yy_x, (xx_x - xy_y) / math.sqrt(2), (xy_x - yy_y) / math.sqrt(2))


def _quantile(lengths: Array, share: float) -> float:
    """As NumPy's, which takes ten times as long for so few; 0 of none."""
    if not len(lengths):
        return 0.0
    ordered, place = np.sort(lengths), share * (len(lengths) - 1)
    low = int(place)
    return float(ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]))


def _affine(coefficients: Array) -> tuple[float, float, float, float]:
    """The matrix (a, b; c, d) of a map's affine part."""
    (a, c), (b, d) = coefficients[1:3].tolist()
    return 1 + a / UNIT, b / UNIT, c / UNIT, 1 + d / UNIT


def _stretch(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> float:
    """The ratio of the singular values of what leads from one matrix to the other: two times the inverse of one.

    Their sum and difference have a closed form; that the inverse is to be divided by a determinant changes no ratio.
    """
    (p, q, r, s), (e, f, g, h) = one, two
    a, b, c, d = e * s - f * r, f * p - e * q, g * s - h * r, h * p - g * q
    both, apart = math.hypot(a + d, b - c), math.hypot(a - d, b + c)
    return abs(both - apart) / max(1e-12, both + apart)


_GRID: Final = grid()
_PLAIN: Final = second_order(_GRID)
_NOSE: Final = nose_shape(_GRID)
_WHITE: Final = (_GRID // FIELD).sum(1) % 2 == 0
_DESIGNS: Final = np.zeros((4, len(_GRID), 7))  # of the three maps, whose nose has no say, and of that with a nose
_DESIGNS[:, :, :6] = _PLAIN
_DESIGNS[3, :, 6] = _NOSE
_MOVING: Final = np.linalg.norm(_GRID[:, None] - FACE[[0, 1, 3, 4]], axis=2).min(1) <= AROUND_PX
_RESTING: Final = ~_MOVING
