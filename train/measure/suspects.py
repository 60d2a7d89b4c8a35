"""Which photos of a set look wrong: pure functions on embeddings (n, d) of unit length and person numbers (n,).

A person number below zero is nobody's. Every function looks at the whole set at once, a block or a person at a time.
"""

from dataclasses import dataclass

import numpy as np

BLOCK = 1024
THUMB = 28  # side of the small grey picture by which two photos are compared
FLAT = 1e-3  # a picture with less contrast than this is all one grey


@dataclass(frozen=True)
class Twin:
    """Rows of two photos, the later one first, with their cosine and difference."""

    row: int
    of: int
    cosine: float
    difference: float


def leave_one_out(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cosine (n,) of each photo to the mean of its person's other photos; NaN where there is no other.

    From the sum s of a person's unit vectors: e·(s - e) / |s - e|, with |s - e|² = |s|² - 2 e·s + 1.
    """
    known = labels >= 0
    count = np.bincount(labels[known], minlength=int(labels.max(initial=0)) + 1)
    sums = np.zeros((len(count), vectors.shape[1]), np.float64)
    np.add.at(sums, labels[known], vectors[known])
    out = np.full(len(labels), np.nan)
    several = np.flatnonzero(known & (count[np.maximum(labels, 0)] > 1))
    own = sums[labels[several]]
    along = np.einsum("nd,nd->n", vectors[several], own)
    rest = np.sqrt(np.maximum(np.einsum("nd,nd->n", own, own) - 2 * along + 1, 1e-12))
    out[several] = (along - 1) / rest
    return out


def near_duplicates(
    vectors: np.ndarray, labels: np.ndarray, thumbs: np.ndarray, *, cosine: float, difference: float
) -> list[Twin]:
    """Photos that are nearly an earlier one of the same person: cosine above, difference of `thumbs` below a limit."""
    found = []
    for rows in _people(labels):
        alike = np.tril(vectors[rows] @ vectors[rows].T > cosine, -1)
        for later in np.flatnonzero(alike.any(1)):
            earlier = np.flatnonzero(alike[later])
            apart = np.abs(thumbs[rows[later]] - thumbs[rows[earlier]]).mean((1, 2))
            best = int(apart.argmin())
            if apart[best] < difference:
                a, b = int(rows[later]), int(rows[earlier[best]])
                found.append(Twin(a, b, float(vectors[a] @ vectors[b]), float(apart[best])))
    return sorted(found, key=lambda twin: twin.row)


def two_names(vectors: np.ndarray, labels: np.ndarray, limit: float) -> list[tuple[int, int, float]]:
    """Pairs of people (smaller number first) whose centres have a cosine above the limit, the most alike first."""
    people, middles = centres(vectors, labels)
    pairs = []
    for start in range(0, len(middles), BLOCK):
        table = middles[start : start + BLOCK] @ middles[start:].T
        for a, b in zip(*np.nonzero(np.triu(table > limit, 1)), strict=True):
            pairs.append((int(people[start + a]), int(people[start + b]), float(table[a, b])))
    return sorted(pairs, key=lambda pair: -pair[2])


def centres(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The people there are (p,), ascending, and the unit mean of each one's vectors (p, d)."""
    groups = _people(labels, least=1)
    means = np.array([vectors[rows].mean(0) for rows in groups]).reshape(len(groups), vectors.shape[1])
    lengths = np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return np.array([labels[rows[0]] for rows in groups], np.int64), means / lengths


def nearest(vectors: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The highest cosine (n,) of each vector to `others` (m, d), and the row it belongs to."""
    parts = [vectors[start : start + BLOCK] @ others.T for start in range(0, len(vectors), BLOCK)]
    where = np.concatenate([part.argmax(1) for part in parts]) if parts else np.empty(0, np.int64)
    best = np.concatenate([part.max(1) for part in parts]) if parts else np.empty(0, np.float32)
    return best, where


def thumbnail(crops: np.ndarray) -> np.ndarray:
    """Crops (n, S, S, 3) as small grey pictures (n, 28, 28) float32 of mean 0 and deviation 1.

    Brightness and contrast are taken out, since copies of a photo often differ in these. S is a multiple of 28.
    """
    n, side = crops.shape[:2]
    step = side // THUMB
    grey = crops.reshape(n, THUMB, step, THUMB, step, 3).mean((2, 4, 5), dtype=np.float32)
    grey -= grey.mean((1, 2), keepdims=True)
    return np.asarray(grey / np.maximum(grey.std((1, 2), keepdims=True), FLAT))


def _people(labels: np.ndarray, least: int = 2) -> list[np.ndarray]:
    """Rows of each person with at least so many photos, in the order of their numbers, rows ascending."""
    order = np.argsort(labels, kind="stable")
    order = order[labels[order] >= 0]
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return [rows for rows in np.split(order, cuts) if len(rows) >= least]
