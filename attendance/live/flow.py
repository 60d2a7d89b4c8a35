"""Where a face went from one frame to the next, by optical flow of points inside its box. No state.

Median flow (Kalal, Mikolajczyk and Matas, "Forward-Backward Error: Automatic Detection of Tracking Failures",
ICPR 2010): points are followed forth and back; those that return vote, by their medians, for shift and scale.

Between two frames in a row in which a face is found at about the same place, `continues` tells for a twentieth of
flow's cost whether it is plainly the same one.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enroll.geometry import iou

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

PLAIN_OVERLAP: Final = 0.5  # of a box and its next one, intersection over union, for the same face beyond doubt
NEAR: Final = 0.1  # overlap from which on another box puts that in doubt
PATCH: Final = (16, 16)  # pixels to which a face is reduced for comparison
# Correlation of two such patches. In 14 films 82 % of 1,056 faces found in two frames in a row reach it; of 2,533 pairs
# of faces of different people none did (at most 0.933).
PLAIN_LIKENESS: Final = 0.95


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


def continues(before: Grey, after: Grey, box: Box, found: Sequence[Box]) -> bool:
    """Whether one of the boxes `found` in `after`, and no other, plainly shows the face that was in `box` in `before`.

    They overlap well, and the two patches of picture look alike. A no means nothing.
    """
    near = [each for each in found if iou(box, each) > NEAR]
    return (
        len(near) == 1
        and iou(box, near[0]) >= PLAIN_OVERLAP
        and likeness(before, after, box, near[0]) >= PLAIN_LIKENESS
    )


def likeness(before: Grey, after: Grey, box: Box, other: Box) -> float:
    """The correlation (-1 to 1) of what is in a box of `before` with what is in another one of `after`; 0 for none."""
    first, second = _patch(before, box), _patch(after, other)
    if first is None or second is None:
        return 0.0
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 0 else 0.0


def _patch(grey: Grey, box: Box) -> NDArray[np.float32] | None:
    """What is in a box, small, and around its mean; None outside of the picture."""
    import cv2

    x0, y0 = max(0, round(box[0])), max(0, round(box[1]))
    x1, y1 = round(box[0] + box[2]), round(box[1] + box[3])
    cut = grey[y0 : max(y0, y1), x0 : max(x0, x1)]
    if not cut.size:
        return None
    small = np.asarray(cv2.resize(cut, PATCH, interpolation=cv2.INTER_AREA), np.float32).ravel()
    return np.asarray(small - small.mean(), np.float32)


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
