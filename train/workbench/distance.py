"""How far apart two embeddings are. The object that measures owns the direction: lower is more alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import nn

from train.errors import RecipeInvalid
from train.fit.losses import PairHead

TINY = 1e-12
DISTANCES = ("euclidean", "unit", "pair-head")


class Distance(Protocol):
    """Distances (n,) of embeddings (n, d) from embeddings (n, d), row by row."""

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray: ...


def euclidean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Plain Euclidean distance, as the contrastive loss sees it."""
    return np.asarray(np.linalg.norm(first - second, axis=1))


def unit(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distance of the unit vectors, 0 to 2: `sqrt(2 - 2 cos)`."""
    return euclidean(_unit(first), _unit(second))


@dataclass(frozen=True)
class HeadDistance:
    """One minus the probability of a trained pair head that both are of one class."""

    head: PairHead

    @torch.no_grad()
    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        self.head.eval()
        logits = self.head.logits(torch.from_numpy(first).float(), torch.from_numpy(second).float())
        return (1 - torch.sigmoid(logits)).numpy()


@dataclass(frozen=True)
class Fused:
    """An ensemble's fused score: the mean of its members' distances, each in units of its own `scale`.

    `dims` are the lengths of the members' embeddings inside a row.
    """

    dims: tuple[int, ...]
    scales: tuple[float, ...]

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        cuts = np.cumsum(self.dims)[:-1]
        pairs = zip(np.split(first, cuts, 1), np.split(second, cuts, 1), self.scales, strict=True)
        return np.asarray(np.mean([unit(a, b) / scale for a, b, scale in pairs], axis=0))


def fused_scales(embeddings: np.ndarray, dims: Sequence[int], pairs: np.ndarray) -> tuple[float, ...]:
    """The median distance of `pairs` (n, 2) of rows for each member: what makes members comparable."""
    cuts = np.cumsum(dims)[:-1]
    return tuple(float(np.median(unit(p[pairs[:, 0]], p[pairs[:, 1]]))) or 1.0 for p in np.split(embeddings, cuts, 1))


def make_distance(name: str, head: nn.Module | None = None) -> Distance:
    """The distance of that name; a pair head needs the trained one. Raises RecipeInvalid."""
    if name == "euclidean":
        return euclidean
    if name == "unit":
        return unit
    if name == "pair-head" and isinstance(head, PairHead):
        return HeadDistance(head.cpu())
    raise RecipeInvalid("evaluate", f"distance {name!r} is not one of {', '.join(DISTANCES)}, or has no trained head")


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), TINY))
