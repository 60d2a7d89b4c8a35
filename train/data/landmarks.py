"""Five landmarks of every stored crop, to learn from: CenterFace asked again on the crop, kept once it has answered.

A crop is aligned by CenterFace's points on the whole photo, so the template tells where the face lies as well as one
answer can, and nothing of how this face differs from the template: its pose, its proportions. A second answer, on the
crop, tells both. The label is the second answer moved half-way to the first: noise of two looks, shape of the second.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import track

from enroll.geometry import TEMPLATE_112, apply, umeyama
from train.console import stderr
from train.data import centerface
from train.data.faces import CROP_SIDE, cache_folder
from train.data.pictures import Pictures

if TYPE_CHECKING:
    from enroll.face import Detection

BORDER = 8  # px around the template in a stored crop
TEMPLATE = TEMPLATE_112 + BORDER  # in pixels of a stored crop
ENLARGED = 1.5
"""Crops are looked at so much larger: of 300 training crops CenterFace then finds every one, and sees faces neither
larger nor smaller than on the whole photo (as they are 1.5 % smaller)."""
FARTHEST = 14.0  # px of a stored crop between an answer and the template, root mean square; further off it is no answer
CHUNK = 64

Look = Callable[[np.ndarray], "list[Detection]"]


def landmark_labels(pictures: Pictures, rows: np.ndarray, look: Look | None = None) -> np.ndarray:
    """Landmarks (n, 5, 2) float32 of `rows` in pixels of the stored crop, NaN where CenterFace gives no answer.

    Answers are kept in the cache as they come: a call that was stopped goes on where it stood.
    """
    table = _table(cache_folder() / f"landmarks-{pictures.digest}-{centerface.SHA256[:8]}.npy", len(pictures))
    missing = rows[(np.asarray(table[rows]) == 0).all((1, 2))]
    look = look or (centerface.CenterFace(threads=1).detect if len(missing) else None)
    starts = range(0, len(missing), CHUNK)
    for start in track(starts, "landmarks of crops", console=stderr(), disable=not stderr().is_terminal):
        part = missing[start : start + CHUNK]
        table[part] = [_answer(look, np.asarray(pictures.pixels[row])) for row in part] if look else ()
    return np.stack([half_way(points) for points in np.asarray(table[rows])]) if len(rows) else np.zeros((0, 5, 2))


def half_way(points: np.ndarray) -> np.ndarray:
    """Points (5, 2) moved by half of what their similarity to the template would move them; NaN stays NaN."""
    if not np.isfinite(points).all():
        return np.full((5, 2), np.nan, np.float32)
    return np.asarray((points + apply(umeyama(points, TEMPLATE), points)) / 2, np.float32)


def _answer(look: Look, crop: np.ndarray) -> np.ndarray:
    """CenterFace's landmarks (5, 2) of the face nearest to the template, NaN where there is none."""
    import cv2

    side = round(CROP_SIDE * ENLARGED)
    found = look(np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8))
    answers = [(face.landmarks + 0.5) / ENLARGED - 0.5 for face in found]
    off = [float(np.sqrt(((points - TEMPLATE) ** 2).sum(1).mean())) for points in answers]
    if not off or min(off) > FARTHEST:
        return np.full((5, 2), np.nan, np.float32)
    return np.asarray(answers[int(np.argmin(off))], np.float32)


def _table(path: Path, length: int) -> np.ndarray:
    """Answers by row, zero where CenterFace was not yet asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        table = np.lib.format.open_memmap(path, mode="r+")
        if table.shape == (length, 5, 2):
            return table
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(length, 5, 2))
