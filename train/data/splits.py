"""Which pictures train, which choose (`dev`) and which judge (`test`): by class or by picture, seeded."""

import numpy as np

from train.data.sampling import seeded
from train.errors import RecipeInvalid

SPLIT_STREAM = 52_361


def split_classes(labels: np.ndarray, dev: float, test: float, seed: int) -> np.ndarray:
    """Splits (n,) that no class crosses: shares of the classes, drawn by `seed`."""
    order = seeded(seed, SPLIT_STREAM).permutation(np.unique(labels))
    tests, devs = _counts(len(order), dev, test)
    chosen = {int(c): "test" for c in order[:tests]} | {int(c): "dev" for c in order[tests : tests + devs]}
    return np.array([chosen.get(int(label), "train") for label in labels])


def split_pictures(labels: np.ndarray, dev: float, test: float, seed: int) -> np.ndarray:
    """Splits (n,) with the same shares of every class."""
    splits = np.full(len(labels), "train", dtype="<U5")
    for label in np.unique(labels):
        own = seeded(seed, SPLIT_STREAM, int(label) + 1).permutation(np.flatnonzero(labels == label))
        tests, devs = _counts(len(own), dev, test)
        splits[own[:tests]] = "test"
        splits[own[tests : tests + devs]] = "dev"
    return splits


def keep_per_class(labels: np.ndarray, splits: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """Rows of at most `limit` pictures a class and split, drawn by `seed`, in their order."""
    kept = []
    for number, split in enumerate(np.unique(splits)):
        for label in np.unique(labels):
            own = np.flatnonzero((labels == label) & (splits == split))
            kept.append(seeded(seed, SPLIT_STREAM, number, int(label) + 1).permutation(own)[:limit])
    return np.sort(np.concatenate(kept))


def _counts(total: int, dev: float, test: float) -> tuple[int, int]:
    if min(dev, test) < 0 or dev + test >= 1:
        raise RecipeInvalid("data", f"expected shares dev + test below 1, got {dev} and {test}")
    return round(total * test), round(total * dev)
