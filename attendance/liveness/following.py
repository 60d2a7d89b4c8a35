"""Points of a face followed from one moment to another, in the coordinates of the aligned face. No state.

Both faces are put on the five-point template, so that only what no similarity explains is left to follow. The first
pass, by Lucas and Kanade's method, forth and back, gives a map of second order; the second picture is drawn back by it,
and a second pass from the same points measures what is left, several times as exactly.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.moments import Moment
from enroll.geometry import TEMPLATE_112, crop_transform

Grey = NDArray[np.uint8]
Points = NDArray[np.float64]

BORDER: Final = 8  # template pixels kept around the 112 of the face's template
SIDE: Final = 112 + 2 * BORDER
FACE: Final[Points] = TEMPLATE_112 + BORDER  # the five landmarks there
MIDDLE: Final[Points] = FACE.mean(0)
REACH: Final = (40.0, 46.0)  # half axes of what is surely face around `MIDDLE`
UNIT: Final = 40.0  # template pixels; coordinates of fits are in these
STEP: Final = 6  # template pixels between two points that are followed
WINDOW: Final = (15, 15)
RETURN_PX: Final = 0.8  # a point that comes back farther from its start was lost
MIN_EIGEN: Final = 1e-3  # texture below which a point cannot be followed
MIN_POINTS: Final = 50  # of the grid's 159
ROUNDS: Final = 4  # of a fit, each weighing points by what the one before left of them
HUBER: Final = 1.5  # spreads


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Where points went: `starts` and `ends` (n, 2) in template pixels; `apart` (n,), how far back missed the start.

    `kept` (159,) tells which points of the grid they are.
    """

    starts: Points
    ends: Points
    apart: Points
    kept: NDArray[np.bool_]

    @property
    def noise(self) -> float:
        """Root mean square error of flow, by axis, in template pixels."""
        return float(np.sqrt(np.mean(self.apart**2) / 2)) if len(self.apart) else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """A map of second order (6, 2) of displacements, see `second_order`, and what the second pass found beyond it."""

    coefficients: Points
    left: Followed


def placing(moment: Moment) -> Points:
    """The similarity (2, 3) from the view to the template; kept with the moment."""
    return moment.once(_placing)


def aligned(moment: Moment) -> Grey:
    """The face, grey, on the template: (SIDE, SIDE) uint8; kept with the moment."""
    return moment.once(_aligned)


def passed(before: Moment, after: Moment) -> Followed:
    """Where the grid went from one moment's aligned face to the other's, by the first pass; kept with the moments."""
    return before.against(after, _passed)


def _placing(moment: Moment) -> Points:
    return crop_transform(moment.seen(moment.landmarks), 112, BORDER)


def _passed(before: Moment, after: Moment) -> Followed:
    return follow(aligned(before), aligned(after))


def _aligned(moment: Moment) -> Grey:
    import cv2

    matrix = placing(moment)
    grey = cv2.cvtColor(moment.view, cv2.COLOR_RGB2GRAY)
    crop = cv2.warpAffine(grey, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def grid() -> Points:
    """The points of the face that are followed (n, 2)."""
    ticks = np.arange(STEP, SIDE - STEP + 1, STEP, dtype=np.float64)
    points = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    within = (((points - MIDDLE) / REACH) ** 2).sum(1) <= 1
    return np.asarray(points[within], np.float64)


def second_order(points: Points) -> Points:
    """The six terms 1, x, y, xx, xy, yy (n, 6) of points (n, 2) of the template, around its middle."""
    x, y = ((points - MIDDLE) / UNIT).T
    return np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])


def fitted(design: Points, moved: Points, rows: Points | None = None) -> tuple[Points, Points, Points]:
    """Coefficients (..., k, 2) of `moved` (n, 2) by `design` (..., n, k), what is left (..., n, 2), weights (..., n).

    Least squares, points weighed anew by Huber's rule in each round; several at once take little longer than one.
    `rows` (..., n) are 1 for the points that a fit is made by, 0 for those whose rest alone is told; without, all are.
    """
    weights = rows = np.ones(design.shape[:-1]) if rows is None else rows
    found: Points = np.zeros((design.shape[-1], 2))
    left, counts, none = moved, rows.sum(-1, keepdims=True).astype(int), np.where(rows > 0, 0.0, np.inf)
    small = 1e-9 * np.eye(design.shape[-1])  # no design is singular by it, and nothing else changes
    for _ in range(ROUNDS):
        weighed = np.swapaxes(design * weights[..., None], -1, -2)
        found = np.asarray(np.linalg.solve(weighed @ design + small, weighed @ moved), np.float64)
        left = moved - design @ found
        length = np.hypot(left[..., 0], left[..., 1])
        spread = np.maximum(1e-3, _medians(length + none, counts) / 1.1774)  # of one axis, were the errors normal
        weights = rows * np.minimum(1.0, HUBER * spread / np.maximum(length, 1e-9))
    return found, left, weights


def follow(before: Grey, after: Grey, levels: int = 2) -> Followed:
    """Follow the grid from one aligned face to another, forth and back; `levels` of the pyramid beyond the first."""
    starts = _STARTS
    ends, there = _flow(before, after, starts, starts, levels)
    back, again = _flow(after, before, ends, starts if levels < 2 else ends, levels)  # noqa: PLR2004
    apart = np.linalg.norm(back - starts, axis=1)
    kept = there & again & (apart <= RETURN_PX)
    return Followed(
        np.asarray(starts[kept], np.float64),
        np.asarray(ends[kept], np.float64),
        np.asarray(apart[kept], np.float64),
        kept,
    )


def refine(before: Grey, after: Grey, first: Followed | None = None) -> Refined | None:
    """Both passes; None where too few points can be followed. `first` is what `follow` finds, if that was done."""
    import cv2

    first = follow(before, after) if first is None else first
    if len(first.starts) < MIN_POINTS:
        return None
    coefficients = fitted(second_order(first.starts), first.ends - first.starts)[0]
    places = (_EVERY + _EVERY_SECOND @ coefficients).reshape(SIDE, SIDE, 2).astype(np.float32)
    drawn = cv2.remap(after, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    left = follow(before, np.asarray(drawn, np.uint8), levels=1)
    return None if len(left.starts) < MIN_POINTS else Refined(coefficients, left)


def _medians(lengths: Points, counts: NDArray[np.int_]) -> Points:
    """Of so many (..., 1) of the lengths (..., n), the others being infinite."""
    ordered = np.sort(lengths, axis=-1)
    low, high = (np.take_along_axis(ordered, place, -1) for place in ((counts - 1) // 2, counts // 2))
    return np.asarray((low + high) / 2)


def _flow(start: Grey, end: Grey, points: Any, guess: Any, levels: int) -> tuple[Any, NDArray[np.bool_]]:
    import cv2

    found, good, _ = cv2.calcOpticalFlowPyrLK(
        start, end, points, guess.copy(), winSize=WINDOW, maxLevel=levels, minEigThreshold=MIN_EIGEN,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    return np.asarray(found, np.float32), np.asarray(good).ravel() == 1


_GRID: Final[Points] = grid()
_STARTS: Final = _GRID.astype(np.float32)
_EVERY: Final[Points] = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).reshape(-1, 2).astype(np.float64)
_EVERY_SECOND: Final[Points] = second_order(_EVERY)
