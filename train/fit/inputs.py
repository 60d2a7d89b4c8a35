"""What a step feeds to the network: augmented pixels, or cached outputs of its frozen lower half."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from train.data.augment import Augmentation, centre_crop
from train.fit.features import FeatureView
from train.tensors import to_tensor


class Inputs(Protocol):
    """Tensors for the network, first dimension n, for row numbers (n,)."""

    def __call__(self, rows: np.ndarray, random: Generator) -> tuple[Tensor, ...]: ...


@dataclass(frozen=True)
class PixelInputs:
    """Pictures (n, H, W, C) uint8, augmented, or cut in the middle to `side` without an augmentation."""

    pixels: np.ndarray
    side: int
    augment: Augmentation | None = None

    def __call__(self, rows: np.ndarray, random: Generator) -> tuple[Tensor, ...]:
        if self.augment is None:
            return (to_tensor(centre_crop(self.pixels[rows], self.side)),)
        return (to_tensor(np.stack([self.augment(self.pixels[row], random) for row in rows])),)


@dataclass(frozen=True)
class FeatureInputs:
    """Cached features: a random one of several views of each picture."""

    views: tuple[FeatureView, ...]

    def __call__(self, rows: np.ndarray, random: Generator) -> tuple[Tensor, ...]:
        chosen = random.integers(len(self.views), size=len(rows))
        parts = [view[rows[chosen == i]] for i, view in enumerate(self.views)]
        back = np.argsort(np.argsort(chosen, kind="stable"), kind="stable")
        return tuple(
            torch.from_numpy(np.concatenate(part)[back].astype(np.float32)) for part in zip(*parts, strict=True)
        )
