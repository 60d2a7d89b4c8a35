"""A few training crops that stand for all, half of them as bad cameras see them: what a network is looked at with."""

from typing import Final

import numpy as np

from train.data.augment import Augmentation, centre_crop
from train.data.pictures import Pictures
from train.data.sampling import seeded

STREAM: Final = 8009


def typical_crops(pictures: Pictures, number: int, spoil: Augmentation, *, seed: int = 0) -> np.ndarray:
    """Crops (n, side, side, 3) uint8 of `number` random training pictures, or of all, every other one spoilt."""
    rows = pictures.rows("train")
    chosen = np.sort(seeded(seed, STREAM).choice(rows, min(number, len(rows)), replace=False))
    return np.stack(
        [
            centre_crop(np.asarray(pictures.pixels[row]), spoil.side)
            if place % 2
            else spoil(np.asarray(pictures.pixels[row]), seeded(seed, STREAM, int(row)))
            for place, row in enumerate(chosen.tolist())
        ]
    )
