"""How vectors become scores: one object owns the meaning and the direction, higher is more alike."""

from typing import NamedTuple

import numpy as np


class Scoring(NamedTuple):
    """Vectors (n, d) and offsets (n,): the score of a and b is `a.b - (offset a + offset b) / 2`.

    Without offsets that is the cosine of unit vectors; with cohort means the cohort-normalised cosine.
    """

    vectors: np.ndarray
    offsets: np.ndarray | None = None


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) scaled to length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
