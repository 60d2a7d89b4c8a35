"""Whether a face moves as a plane does, or as a head.

From one moment to another a plane moves by a homography, whatever its turn; what a head shows beyond it is the parallax
of its nose against eyes and mouth, and the motion of eyes and mouth themselves. A sheet that is bent adds what is of
second order in the picture's coordinates, as the curve of a skull does; of such a sheet the nose alone is asked.

A turn foreshortens, and that can be measured exactly: by the ratio of the singular values of the fitted affine part. A
plane is called one only where a head foreshortened as much must have shown its curve or its nose move, and it did not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.following import FACE, MIN_POINTS, UNIT, aligned, fitted, follow, refine, second_order
from attendance.liveness.moments import Moment, median_face_px, spread
from attendance.liveness.saying import NO_MOTION, TOO_DARK, Said, falling, rising, silent, too_little
from enroll.geometry import MEAN_FACE_3D, TEMPLATE_112, pose

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

MOMENTS: Final = 6
FACE_PX: Final = 40.0  # of the frame; smaller faces have no nose to speak of
DARK: Final = 25.0  # mean grey of a face (0 to 255)
LOOKED_AT: Final = 7  # moments of a track that are compared roughly
PAIRS: Final = 3  # of them, those most unlike in foreshortening, that are compared exactly
NOSE: Final = float(MEAN_FACE_3D[2, 2] * np.ptp(TEMPLATE_112[:2, 0]) / np.ptp(MEAN_FACE_3D[:2, 0]))
"""How far the mean face's nose tip stands out, in template pixels."""
BASE_DEG: Final = 10.0  # by how much the pose that landmarks tell may be wrong
STEEPEST_DEG: Final = 45.0
AROUND_PX: Final = 13.0  # of an eye's centre or of a corner of the mouth: the patches that move in a live face

FIELD: Final = 18.0  # template pixels of a field of the chessboard by which points are halved
FEWEST: Final = 20  # points of a half
CURVE: Final = 2.5  # what a head's curve moves by, at least, for each pixel that its nose must move

# What follows was chosen on the development part alone, see docs/liveness.md; in template pixels, but for the ratios.
# Each is a ramp: at which value the word against (or for) a live face is full or none.
FLAT: Final = (0.25, 0.4)  # the curve's motion by that of a head
CURVE_DUE: Final = (0.7, 1.0)  # the motion of a head's curve from which on it would have been seen
BENT: Final = (0.3, 0.45)  # the nose's motion by that of a head
NOSE_DUE: Final = (0.4, 0.6)
LEFT: Final = (0.35, 0.45)  # what neither a plane nor a bent sheet explains
LEFT_OF_DUE: Final = (0.06, 0.09)  # the same by the motion of a head's curve: steep turns leave more
MOVED: Final = (0.02, 0.04)  # how far a face must go, by its size: what stands is no photo in a hand
LIVE_NOSE: Final = (0.6, 1.0)  # the nose's motion, at `SURE` standard errors
SURE: Final = 8.0
LIVE_LEFT: Final = (0.4, 0.6)  # what is left around eyes and mouth


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair of moments, in template pixels.

    `moved` is how far the face went in the frame, turns and growth included, by its own size.
    `nose` is how far the nose's tip went beyond what the face around it did, `error` its standard error, `due` how far
    a head's would have gone at least. `key` is the length of what a homography adds to an affine map, `curve` that of
    what else is of second order. `left` is the ninth decile of what the fit without a nose leaves of all points,
    `features` the upper quartile of that around eyes and mouth; `noise` is the flow's; `stretch` the ratio of singular
    values.
    """

    moved: float
    nose: float
    error: float
    due: float
    key: float
    curve: float
    left: float
    features: float
    noise: float
    stretch: float


@dataclass(frozen=True, slots=True)
class PlanarCue:
    """Tells planes, flat or bent, from heads by how they turn."""

    id: str = "planar"

    def judge(self, moments: Sequence[Moment]) -> Said:
        """Compare the moments that differ most in foreshortening."""
        lacking = too_little(moments, MOMENTS, FACE_PX)
        if lacking is not None:
            return lacking
        size = median_face_px(moments)
        chosen = [moments[place] for place in spread(len(moments), LOOKED_AT)]
        faces = [aligned(each) for each in chosen]
        if float(np.mean([face.mean() for face in faces])) < DARK:
            return silent(TOO_DARK, {"face_px": size})
        found = [compare(chosen[i], chosen[j], faces[i], faces[j]) for i, j in most_turned(faces)]
        pairs = [each for each in found if each is not None]
        return rule(pairs) if pairs else silent("not_followed", {"face_px": size})


def most_turned(faces: Sequence[Grey]) -> list[tuple[int, int]]:
    """The pairs of faces that are most foreshortened against each other, by rough fits from the middle one."""
    middle = len(faces) // 2
    maps = {middle: np.eye(2)}
    for place, face in enumerate(faces):
        followed = follow(faces[middle], face) if place != middle else None
        if followed is not None and len(followed.starts) >= MIN_POINTS:
            maps[place] = _affine(fitted(second_order(followed.starts), followed.ends - followed.starts)[0])
    pairs = sorted(combinations(maps, 2), key=lambda pair: _stretch(maps[pair[1]] @ np.linalg.inv(maps[pair[0]])))
    return pairs[:PAIRS]


def compare(first: Moment, other: Moment, face: Grey, other_face: Grey) -> Compared | None:
    """Fit the motion between two moments; None where too little can be followed."""
    refined = refine(face, other_face)
    if refined is None:
        return None
    starts, moved = refined.left.starts, refined.left.ends - refined.left.starts
    plain = second_order(starts)
    low, left, _ = fitted(plain, moved)
    design = np.column_stack([plain, nose_shape(starts)])
    found, rest, weights = fitted(design, moved)
    cover = np.linalg.pinv((design * weights[:, None]).T @ design)
    stretch, key = _agreed(refined.coefficients, low, starts, moved)
    _, curve = _second(refined.coefficients + low)
    lengths = np.linalg.norm(left, axis=1)
    moving = np.linalg.norm(starts[:, None] - FACE[[0, 1, 3, 4]], axis=2).min(1) <= AROUND_PX
    went = np.linalg.norm(first.landmarks - other.landmarks, axis=1).mean()
    return Compared(
        moved=float(went) / first.face_px,
        nose=float(np.hypot(*found[-1])),
        error=1.4826 * float(np.median(np.abs(rest))) * math.sqrt(max(0.0, float(cover[-1, -1]))),
        due=due(stretch, max(_turned(first), _turned(other))),
        key=key,
        curve=curve,
        left=float(np.quantile(lengths, 0.9)),
        features=float(np.quantile(lengths[moving], 0.75)) if moving.any() else 0.0,
        noise=refined.left.noise,
        stretch=stretch,
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


def nose_shape(points: Array) -> Array:
    """How far a face stands out before its plane at points (n, 2) of the template, by the nose tip's 1."""
    eyes, tip = FACE[:2].mean(0), FACE[2]
    along = (points[:, 1] - eyes[1]) / (tip[1] - eyes[1])
    across = (points[:, 0] - tip[0]) / 7.0
    return np.asarray(np.interp(along, [-0.3, 0.1, 1.0, 1.4], [0.0, 0.3, 1.0, 0.0]) * np.exp(-(across**2) / 2))


def rule(pairs: Sequence[Compared]) -> Said:
    """What the pairs say together, each figure by its median."""
    middle = {each.name: float(np.median([getattr(pair, each.name) for pair in pairs])) for each in fields(Compared)}
    middle["pairs"] = len(pairs)
    curve_due = max(CURVE * middle["due"], middle["key"])
    flat = falling(middle["curve"] / max(curve_due, 1e-6), FLAT), rising(curve_due, CURVE_DUE)
    bent = falling(middle["nose"] / max(middle["due"], 1e-6), BENT), rising(middle["due"], NOSE_DUE)
    left = max(falling(middle["left"], LEFT), falling(middle["left"] / max(curve_due, 1e-6), LEFT_OF_DUE))
    calm = left * rising(middle["moved"], MOVED)
    against, seen = max(flat, bent, key=lambda each: each[0] * each[1])
    if against * calm * seen > 0:
        return Said(-against * calm, seen, "plane" if (against, seen) == flat else "bent_sheet", middle)
    sure = middle["nose"] >= SURE * middle["error"]
    parallax = rising(middle["nose"], LIVE_NOSE) if sure else 0.0
    features = rising(middle["features"], LIVE_LEFT)
    if max(parallax, features) > 0:
        return Said(max(parallax, features), 1.0, "parallax" if parallax >= features else "features_move", middle)
    return silent(NO_MOTION if max(flat[1], bent[1]) == 0 else "between", middle)


def _agreed(before: Array, low: Array, starts: Array, moved: Array) -> tuple[float, float]:
    """The stretch and the key on which all points and either half of them, in the manner of a chessboard, agree.

    A turn shows in both halves alike; what compression or a shadow does to a part of the face does not.
    """
    white = (starts // FIELD).sum(1) % 2 == 0
    fits = [low] + [
        fitted(second_order(starts[half]), moved[half])[0] for half in (white, ~white) if half.sum() >= FEWEST
    ]
    stretches = [_stretch(_affine(before) @ _affine(each)) for each in fits]
    return max(stretches), min(_second(before + each)[0] for each in fits)


def _second(coefficients: Array) -> tuple[float, float]:
    """The lengths of what a homography adds to an affine map, which is (p x + q y) (x, y), and of the other terms."""
    (xx_x, xx_y), (xy_x, xy_y), (yy_x, yy_y) = coefficients[3:]
    key = math.hypot(xx_x + xy_y, xy_x + yy_y) / math.sqrt(2)
    return key, math.hypot(xx_y, yy_x, (xx_x - xy_y) / math.sqrt(2), (xy_x - yy_y) / math.sqrt(2))


def _affine(coefficients: Array) -> Array:
    return np.asarray(np.eye(2) + coefficients[1:3].T / UNIT)


def _stretch(matrix: Array) -> float:
    most, least = np.linalg.svd(matrix, compute_uv=False)
    return float(least / most)


def _turned(moment: Moment) -> float:
    yaw, pitch, _ = pose(moment.landmarks)
    return math.hypot(yaw, pitch)
