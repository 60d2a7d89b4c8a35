"""Outputs of a model's frozen lower half, computed once for several views of each picture and kept on disk.

Training what lies above them is some ten times faster than training the whole network, and needs no pixels.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn

from enroll.telemetry import onnx_runtime
from train.console import stderr
from train.data.augment import Augmentation, centre_crop
from train.data.pictures import Pictures
from train.data.sampling import seeded
from train.nets.export import onnx_program
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
    """The list of rows is written last: a view without it is unfinished and will be made again.

    Batches are shared among threads that compute alone: threads that share one batch wait for the slowest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = frozen(lower, side, pictures.pixels.shape[3])
    first = run(_crops(pictures.pixels, rows[:1], side, augment, view))
    targets = [
        np.lib.format.open_memmap(
            folder / f"{name}.part{i}.npy", mode="w+", dtype=np.float16, shape=(len(rows), *part.shape[1:])
        )
        for i, part in enumerate(first)
    ]

    def fill(start: int) -> None:
        chosen = rows[start : start + BATCH]
        for target, part in zip(targets, run(_crops(pictures.pixels, chosen, side, augment, view)), strict=True):
            target[start : start + len(chosen)] = part

    starts = range(0, len(rows), BATCH)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        done = pool.map(fill, starts)
        for _ in track(done, f"features, view {view}", len(starts), console=stderr(), disable=not stderr().is_terminal):
            pass
    for target in targets:
        target.flush()
    np.save(folder / f"{name}.rows.npy", rows)


class _Frozen(nn.Module):
    """A function of crops as a module, which is what the exporter takes."""

    def __init__(self, lower: Lower) -> None:
        super().__init__()
        self.lower = lower

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        return self.lower(crops)


def frozen(lower: Lower, side: int, channels: int = 3) -> Callable[[np.ndarray], list[np.ndarray]]:
    """`lower` for crops (n, side, side, C) uint8 through ONNX Runtime, twice as fast as PyTorch on a CPU.

    One thread a call; calls from several threads run side by side.
    """
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    file = onnx_program(_Frozen(lower).eval(), side, channels).model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def run(crops: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(part) for part in session.run(None, {"crops": to_tensor(crops).numpy()})]

    return run


def _crops(pixels: np.ndarray, rows: np.ndarray, side: int, augment: Augmentation | None, view: int) -> np.ndarray:
    if augment is None:
        return centre_crop(pixels[rows], side)
    return np.stack([augment(pixels[row], seeded(VIEW_STREAM, view, int(row))) for row in rows])
