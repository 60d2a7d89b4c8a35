"""The network that tells a picture of a face from a face: two small towers, one for lines, one for what is around.

Depthwise separable convolutions throughout, some fifty thousand numbers.
"""

from itertools import pairwise
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PrintedNetwork(nn.Module):
    """Views (n, 3, 192, 192), normalised, to logits (n, 1); above 0 speaks for a picture of a face.

    One tower sees the middle 96 px as they are, for a grid of dots or pixels is lost where a view is averaged; the
    other sees the whole view at half its size. `widths` are the channels after each halving of the side.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96), drop: float = 0.2) -> None:
        super().__init__()
        self.near, self.far = _tower(widths), _tower(widths)
        self.head = nn.Sequential(nn.Dropout(drop), nn.Linear(2 * widths[-1], 1))

    def forward(self, views: Tensor) -> Tensor:
        """Logits (n, 1) of views; the file's input has the argument's name."""
        quarter = views.shape[-1] // 4
        middle = views[..., quarter : 3 * quarter, quarter : 3 * quarter]
        looks = (self.near(middle), self.far(F.avg_pool2d(views, 2)))
        return cast("Tensor", self.head(torch.cat(looks, 1)))


class Probability(nn.Module):
    """What the file computes: how likely a view (n, 3, 192, 192) is of a picture, (n,), as training weighed both."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> Tensor:
        """Probabilities (n,)."""
        return torch.sigmoid(self.network(crops))[:, 0]


class Separable(nn.Module):
    """A depthwise and a pointwise convolution, added to their input where its shape is kept."""

    def __init__(self, before: int, after: int, *, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False),
            nn.BatchNorm2d(before),
            nn.ReLU(),
            nn.Conv2d(before, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.kept = before == after and stride == 1

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, after, h, w)."""
        seen = self.body(maps)
        return F.relu(maps + seen if self.kept else seen)


def _tower(widths: tuple[int, ...]) -> nn.Sequential:
    blocks: list[nn.Module] = [
        nn.Conv2d(3, widths[0], 3, 2, 1, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        Separable(widths[0], widths[0]),
    ]
    for before, after in pairwise(widths):
        blocks += [Separable(before, after, stride=2), Separable(after, after)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
