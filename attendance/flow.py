"""Where a face went from one frame to the next, by optical flow of points inside its box. No state.

Median flow (Kalal, Mikolajczyk and Matas, "Forward-Backward Error: Automatic Detection of Tracking Failures",
ICPR 2010): points are followed forth and back; those that return vote, by their medians, for shift and scale.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Grey = NDArray[np.uint8]
Points = NDArray[np.float32]

GRID: Final = 6  # points along each side of a box
MARGIN: Final = 0.15  # of the box, left out on each side: hair and background there
WINDOW: Final = (13, 13)
LEVELS: Final = 2
RETURN_PX: Final = 1.0  # a point that comes back farther from its start was lost
MIN_KEPT: Final = 0.4  # share of points that must come back
MAX_STEP_SCALE: Final = 1.3  # a face does not grow more between two frames


def follow(before: Grey, after: Grey, boxes: Sequence[Box]) -> list[Box | None]:
    """Return where each box (x, y, width, height) of the grey picture `before` is in `after`.

    None: its content is no longer there (a cut, a cover, too fast a move).
    """
    if not boxes:
        return []
    starts = np.concatenate([_grid(box) for box in boxes])
    ends, kept = _track(before, after, starts)
    count = GRID * GRID
    parts = [slice(i * count, (i + 1) * count) for i in range(len(boxes))]
    return [_moved(box, starts[part], ends[part], kept[part]) for box, part in zip(boxes, parts, strict=True)]


def _grid(box: Box) -> Points:
    x, y, width, height = box
    share = np.linspace(MARGIN, 1.0 - MARGIN, GRID)
    columns, rows = np.meshgrid(x + share * width, y + share * height)
    return np.stack([columns.ravel(), rows.ravel()], 1).astype(np.float32)


def _track(before: Grey, after: Grey, starts: Points) -> tuple[Points, NDArray[np.bool_]]:
    """Follow points (n, 2) forth and back; returns their ends and which came back to their start."""
    import cv2

    def flow(start: Grey, end: Grey, points: Points) -> tuple[Points, NDArray[np.bool_]]:
        nothing: Points = np.empty_like(points)
        found, good, _ = cv2.calcOpticalFlowPyrLK(start, end, points, nothing, winSize=WINDOW, maxLevel=LEVELS)
        return np.asarray(found, np.float32), np.asarray(good).ravel() == 1

    ends, forth = flow(before, after, starts)
    back, again = flow(after, before, ends)
    return ends, forth & again & (np.linalg.norm(back - starts, axis=1) <= RETURN_PX)


def _moved(box: Box, starts: Points, ends: Points, kept: NDArray[np.bool_]) -> Box | None:
    if kept.mean() < MIN_KEPT:
        return None
    shift = np.median(ends[kept] - starts[kept], axis=0)
    scale = _scale(starts[kept], ends[kept])
    if not 1.0 / MAX_STEP_SCALE <= scale <= MAX_STEP_SCALE:
        return None
    x, y, width, height = box
    centre = np.array([x + width / 2, y + height / 2]) + shift
    side = np.array([width, height]) * scale
    left, top = centre - side / 2
    return float(left), float(top), float(side[0]), float(side[1])


def _scale(starts: Points, ends: Points) -> float:
    """Median ratio of the distances between pairs of points, after to before."""
    half = len(starts) // 2
    before = np.linalg.norm(starts[:half] - starts[half : 2 * half], axis=1)
    after = np.linalg.norm(ends[:half] - ends[half : 2 * half], axis=1)
    good = before > 1.0
    return float(np.median(after[good] / before[good])) if good.any() else 1.0
