"""The network that places five landmarks: plain convolutions on 64 px, a quarter of a million numbers.

Depthwise convolutions would save arithmetic and no time: at this size ONNX Runtime is busy with calling, not computing.
"""

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

POINTS = 5
REACH = 10.0  # px of the template by which an output of 1 moves a point: outputs start about as large as they must be


class LandmarkNetwork(nn.Module):
    """Frames (n, 3, 64, 64), normalised, to offsets (n, 5, 2) from the template's points, in px of the 112 template.

    `widths` are the channels after each halving of the side; the last map is flattened, for where things are is what
    is asked.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96), hidden: int = 64, side: int = 64) -> None:
        super().__init__()
        blocks: list[nn.Module] = [_convolution(3, widths[0], stride=2)]
        for before, after in pairwise(widths):
            blocks += [_convolution(before, after, stride=2), Residual(after)]
        self.body = nn.Sequential(*blocks)
        last = side >> len(widths)
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(widths[-1] * last * last, hidden), nn.ReLU(), nn.Linear(hidden, 2 * POINTS)
        )

    def forward(self, crops: Tensor) -> Tensor:
        """Offsets (n, 5, 2) of frames (n, 3, 64, 64); the file's input has the argument's name."""
        return cast("Tensor", self.head(self.body(crops))).reshape(-1, POINTS, 2) * REACH


class Residual(nn.Module):
    """A convolution added to what it was given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = _convolution(width, width)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, c, h, w) of the same shape."""
        return cast("Tensor", maps + self.body(maps))


class Misplaced(nn.Module):
    """How far a network's points are from the true ones: what the loop trains; shares the network's weights."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, offsets: Tensor) -> Tensor:
        """Differences (n, 10) in px of the template of the network's offsets and the true ones (n, 5, 2)."""
        return torch.flatten(self.network(frames) - offsets, 1)


def _convolution(before: int, after: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
    )
