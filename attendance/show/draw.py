"""Boxes and signs on a picture: the decision by colour, by the box's line and by the sign's shape and words."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from attendance.records import Decision
from attendance.show.sign import COLORS, Color, Kind, Sign, drawable, painted, sign_of

Pixels = NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]  # x0, y0, x1, y1

LETTERS: Final = 1 / 46  # height of letters as a share of the picture's mean side
SMALLEST: Final = 11
LARGEST: Final = 44
DASHED: Final[frozenset[Kind]] = frozenset({"review", "refused", "watching"})


def annotate(pixels: Pixels, decisions: Sequence[Decision]) -> Pixels:
    """Return a copy of an RGB picture (H, W, 3) uint8 with a box and a sign for each decision that has a box."""
    return draw(pixels, [sign_of(each, each.box) for each in decisions if each.box is not None])


def draw(pixels: Pixels, signs: Sequence[Sign], share: float = LETTERS) -> Pixels:
    """Return a copy of an RGB picture (H, W, 3) uint8 with these signs; signs keep clear of each other.

    ``share`` is the height of letters as a share of the picture's mean side.
    """
    canvas = np.ascontiguousarray(pixels).copy()
    height, width = canvas.shape[:2]
    letters = int(np.clip(round(math.sqrt(height * width) * share), SMALLEST, LARGEST))
    shown = [(sign, box) for sign in signs if (box := _inside(sign.box, width, height)) is not None]
    for sign, box in shown:
        _frame(canvas, box, sign.kind, max(1, round(letters / 7)))
    taken: list[Rectangle] = []
    for sign, box in shown:
        picture = _fitting(sign, letters, width, height)
        place = _place(picture.shape[1], picture.shape[0], box, [*taken, *(box for _, box in shown)], (width, height))
        taken.append(place)
        _paste(canvas, picture, place)
    return canvas


def banner(pixels: Pixels, title: str, line: str = "") -> Pixels:
    """Return a copy of an RGB picture (H, W, 3) uint8 with a sign in its middle that says why it is not of now."""
    canvas = np.ascontiguousarray(pixels).copy()
    height, width = canvas.shape[:2]
    letters = int(np.clip(round(math.sqrt(height * width) * LETTERS * 1.7), SMALLEST, LARGEST))
    said = Sign((0.0, 0.0, 1.0, 1.0), "refused", drawable(title), drawable(line))
    picture = _fitting(said, letters, width, height)
    x, y = (width - picture.shape[1]) // 2, (height - picture.shape[0]) // 2
    _paste(canvas, picture, (x, y, x + picture.shape[1], y + picture.shape[0]))
    return canvas


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> Rectangle | None:
    if not all(math.isfinite(side) for side in box):
        return None
    x0, y0 = max(0, round(box[0])), max(0, round(box[1]))
    x1, y1 = min(width - 1, round(box[0] + box[2])), min(height - 1, round(box[1] + box[3]))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _frame(canvas: Pixels, box: Rectangle, kind: Kind, line: int) -> None:
    """The box: a dark rim for bright pictures below the coloured line, which is dashed unless sure."""
    for color, thick in (((0, 0, 0), line + 2), (COLORS[kind], line)):
        if kind in DASHED:
            _dashes(canvas, box, color, thick, step=max(6, 4 * line))
        else:
            _corners(canvas, box, color, thick, share=1.0 if kind == "unknown" else 0.28)


def _corners(canvas: Pixels, box: Rectangle, color: Color, line: int, share: float) -> None:
    """Brackets at the four corners; with `share` 1 a closed box."""
    import cv2

    x0, y0, x1, y1 = box
    if share >= 1.0:
        cv2.rectangle(canvas, (x0, y0), (x1, y1), color, line, cv2.LINE_AA)
        return
    across, down = round((x1 - x0) * share), round((y1 - y0) * share)
    for x, y, dx, dy in ((x0, y0, 1, 1), (x1, y0, -1, 1), (x0, y1, 1, -1), (x1, y1, -1, -1)):
        points = np.array([[x + dx * across, y], [x, y], [x, y + dy * down]], np.int32)
        cv2.polylines(canvas, [points], isClosed=False, color=color, thickness=line, lineType=cv2.LINE_AA)


def _dashes(canvas: Pixels, box: Rectangle, color: Color, line: int, step: int) -> None:
    import cv2

    x0, y0, x1, y1 = box
    for x in range(x0, x1, 2 * step):
        for y in (y0, y1):
            cv2.line(canvas, (x, y), (min(x + step, x1), y), color, line, cv2.LINE_AA)
    for y in range(y0, y1, 2 * step):
        for x in (x0, x1):
            cv2.line(canvas, (x, y), (x, min(y + step, y1)), color, line, cv2.LINE_AA)


def _fitting(sign: Sign, letters: int, width: int, height: int) -> Pixels:
    """The sign in the largest letters with which it fits into the picture, cut where even small ones do not."""
    for size in range(letters, SMALLEST - 4, -1):
        picture = painted(sign.kind, sign.title, sign.line, size)
        if picture.shape[1] <= width and picture.shape[0] <= height:
            break
    return picture[:height, :width]


def _place(wide: int, tall: int, box: Rectangle, taken: Sequence[Rectangle], size: tuple[int, int]) -> Rectangle:
    """Where a sign goes: above its box, below it, or beside, wherever it covers least of the others."""
    x0, y0, x1, y1 = box
    gap = 4
    wishes = [(x0, y0 - tall - gap), (x0, y1 + gap), (x1 - wide, y0 - tall - gap), (x1 - wide, y1 + gap)]
    wishes += [(x1 + gap, y0), (x0 - wide - gap, y0), (x0, y0 - 2 * tall - 2 * gap), (x0, y1 + tall + 2 * gap)]
    spots = [_held(x, y, wide, tall, size) for x, y in wishes]
    costs = [sum(_common(spot, other) for other in taken) for spot in spots]
    return spots[int(np.argmin(costs))]


def _held(x: int, y: int, wide: int, tall: int, size: tuple[int, int]) -> Rectangle:
    x, y = min(max(0, x), size[0] - wide), min(max(0, y), size[1] - tall)
    return x, y, x + wide, y + tall


def _common(a: Rectangle, b: Rectangle) -> int:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def _paste(canvas: Pixels, picture: Pixels, place: Rectangle) -> None:
    x0, y0, x1, y1 = place
    cover = picture[..., 3:].astype(np.float32) / 255.0
    below = canvas[y0:y1, x0:x1]
    below[:] = np.rint(below * (1 - cover) + picture[..., :3] * cover).astype(np.uint8)
