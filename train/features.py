"""Outputs of a model's frozen lower half, computed once for several views of each picture and kept on disk.

Training what lies above them is some ten times faster than training the whole network, and needs no pixels.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn

from train.augment import Augmentation, centre_crop
from train.console import stderr
from train.data.pictures import Pictures
from train.sampling import seeded
from train.tensors import to_tensor

BATCH = 32
VIEW_STREAM = 104_729


Lower = Callable[[Tensor], tuple[Tensor, ...]]
"""The frozen part of a model: crops (n, 3, S, S) to features, each (n, ...)."""


@dataclass(frozen=True)
class FeatureView:
    """Features of `rows` of a set: `parts` are arrays (len(rows), ...) float16.

    `position` maps a row number to its place.
    """

    rows: np.ndarray
    parts: tuple[np.ndarray, ...]
    position: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(part[self.position[rows]] for part in self.parts)


def state_digest(module: nn.Module) -> str:
    """Sixteen hex digits of a network's weights."""
    sha = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        sha.update(name.encode())
        sha.update(value.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()[:16]


def cached_view(
    lower: Lower,
    key: str,
    pictures: Pictures,
    rows: np.ndarray,
    folder: Path,
    *,
    side: int,
    augment: Augmentation | None,
    view: int,
) -> FeatureView:
    """Features of one view, read from `folder` or computed and written there.

    View 0 is the plain crop, others are augmented.
    """
    name = f"{key}-view{view}"
    if not (folder / f"{name}.rows.npy").is_file():
        _compute(lower, name, pictures, rows, folder, side=side, augment=augment if view else None, view=view)
    rows = np.load(folder / f"{name}.rows.npy")
    files = sorted(folder.glob(f"{name}.part?.npy"))
    position = np.full(len(pictures), -1)
    position[rows] = np.arange(len(rows))
    return FeatureView(rows, tuple(np.load(file, mmap_mode="r") for file in files), position)


@torch.no_grad()
def _compute(
    lower: Lower,
    name: str,
    pictures: Pictures,
    rows: np.ndarray,
    folder: Path,
    *,
    side: int,
    augment: Augmentation | None,
    view: int,
) -> None:
    """The list of rows is written last: a view without it is unfinished and will be made again."""
    folder.mkdir(parents=True, exist_ok=True)
    targets: list[np.ndarray] = []
    starts = range(0, len(rows), BATCH)
    for start in track(starts, f"features, view {view}", console=stderr(), disable=not stderr().is_terminal):
        chosen = rows[start : start + BATCH]
        crops = _crops(pictures.pixels, chosen, side, augment, view)
        outputs = [part.numpy() for part in lower(to_tensor(crops))]
        if not targets:
            shapes = [(len(rows), *part.shape[1:]) for part in outputs]
            targets = [
                np.lib.format.open_memmap(folder / f"{name}.part{i}.npy", mode="w+", dtype=np.float16, shape=shape)
                for i, shape in enumerate(shapes)
            ]
        for target, part in zip(targets, outputs, strict=True):
            target[start : start + len(chosen)] = part
    for target in targets:
        target.flush()  # type: ignore[attr-defined]
    np.save(folder / f"{name}.rows.npy", rows)


def _crops(pixels: np.ndarray, rows: np.ndarray, side: int, augment: Augmentation | None, view: int) -> np.ndarray:
    if augment is None:
        return centre_crop(pixels[rows], side)
    return np.stack([augment(pixels[row], seeded(VIEW_STREAM, view, int(row))) for row in rows])
