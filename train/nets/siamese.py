"""Small siamese networks: one tower that every picture of a pair or triplet passes through.

Each takes (n, C, S, S), normalised as `(x - 127.5) / 128`, and returns embeddings (n, d) that are not normalised.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.errors import RecipeInvalid

AVERAGE = 5
SHRINK = 16  # four halvings
PLAIN = 1e-3  # the deviation below which a picture has nothing to enlarge


class Siamese(nn.Module):
    """Three convolutions 32-64-128, each with batch norm; max-pool, max-pool, average-pool 5; then 128 -> 64 -> `dim`.

    `relu` puts a rectifier behind each batch norm; without it max-pooling is the only thing that is not linear.
    """

    def __init__(
        self, channels: int = 1, dim: int = 2, widths: Sequence[int] = (32, 64, 128, 64), *, relu: bool = False
    ) -> None:
        super().__init__()
        first, second, third, hidden = widths
        self.c1, self.bn1 = nn.Conv2d(channels, first, 3, padding=1), nn.BatchNorm2d(first)
        self.c2, self.bn2 = nn.Conv2d(first, second, 3, padding=1), nn.BatchNorm2d(second)
        self.c3, self.bn3 = nn.Conv2d(second, third, 3), nn.BatchNorm2d(third)
        self.fc4, self.bn4 = nn.Linear(third, hidden), nn.BatchNorm1d(hidden)
        self.fc5 = nn.Linear(hidden, dim)
        self.act = nn.ReLU() if relu else nn.Identity()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.act(self.bn1(self.c1(x))), 2)
        x = F.max_pool2d(self.act(self.bn2(self.c2(x))), 2)
        x = F.avg_pool2d(self.act(self.bn3(self.c3(x))), AVERAGE)
        if x.shape[-2:] != (1, 1):
            raise RecipeInvalid("model siamese", "expected pictures of 28 to 39 px")
        return cast("Tensor", self.fc5(self.act(self.bn4(self.fc4(x.flatten(1))))))


class SmallFaceNet(nn.Module):
    """Four convolutions with batch norm, rectifier and max-pool, then a linear embedding: the AT&T siamese network.

    The features are averaged to `pool` x `pool` before the embedding; 0 keeps the S/16 x S/16 that they are. With
    `standardise` every picture comes to mean 0 and deviation 1 first: light and contrast of a photo say nothing about
    its person. With `mirror` a picture's embedding is the sum of the unit embeddings of itself and its mirror image,
    once training is over.
    """

    def __init__(
        self,
        channels: int = 1,
        dim: int = 64,
        side: int = 64,
        widths: Sequence[int] = (16, 32, 64, 64),
        *,
        pool: int = 0,
        dropout: float = 0.2,
        standardise: bool = False,
        mirror: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((channels, *widths[:-1]), widths, strict=True):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
        self.trunk = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(pool) if pool else nn.Identity())
        points = (pool or side // SHRINK) ** 2
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(widths[-1] * points, dim))
        self.dim, self.standardise, self.mirror = dim, standardise, mirror

    def forward(self, x: Tensor) -> Tensor:
        if self.standardise:
            x = standardised(x)
        if self.training or not self.mirror:
            return cast("Tensor", self.head(self.trunk(x)))
        return F.normalize(self.head(self.trunk(x))) + F.normalize(self.head(self.trunk(x.flip(-1))))


def standardised(x: Tensor) -> Tensor:
    """Pictures (n, C, H, W), each brought to mean 0 and deviation 1; a plain one becomes all zeros."""
    spread, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True)
    return (x - mean) / spread.clamp_min(PLAIN)


class Ensemble(nn.Module):
    """Several towers on the same picture: their embeddings, each of unit length, side by side (n, sum of dims).

    The distance of two such rows is that of the concatenation; `train.workbench.distance.Fused` fuses the members'
    distances instead.
    """

    def __init__(self, members: Sequence[nn.Module], dims: Sequence[int]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.dims = tuple(dims)
        self.dim = sum(dims)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([F.normalize(member(x)) for member in self.members], dim=1)
