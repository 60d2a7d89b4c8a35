"""Calibration on development people: the cohort, and how often a stranger reaches which score.

The score model promises FPIR for a gallery of N as `1 - (1 - FMR(t))^N`. Comparisons of one probe with a gallery are
not independent, and people of one set resemble each other more than people of two: scores are taken within each set.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.stats import genpareto

from train.score.openset import scores

QUANTILES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002)
TAIL_RATE = 1e-3
MAX_SHAPE = 0.0


@dataclass(frozen=True)
class NonMated:
    """Scores (n,) of comparisons of different people, and how many people they come from."""

    scores: np.ndarray
    people: int


def non_mated(embeddings: np.ndarray, labels: np.ndarray, means: np.ndarray | None, random: Generator) -> NonMated:
    """All comparisons of different people among unit embeddings (n, d), one random photo a person."""
    order = random.permutation(len(labels))
    people, first = np.unique(labels[order], return_index=True)
    rows = order[first]
    table = scores(embeddings, rows, rows, means)
    return NonMated(table[np.triu_indices(len(rows), 1)], len(people))


def fit_score_model(sample: NonMated, source: str) -> dict[str, Any]:
    """The card's score model: quantiles, and a generalised Pareto tail above the score of FMR 1e-3 (Pickands 1975).

    A positive shape (a tail heavier than exponential) is kept; the end point of a negative one would promise that no
    stranger ever scores higher, so the shape is not let below the exponential's zero.
    """
    values = np.sort(sample.scores)
    start = float(np.quantile(values, 1 - TAIL_RATE))
    excess = values[values > start] - start
    shape, _, scale = genpareto.fit(excess, floc=0)
    if shape < MAX_SHAPE:
        shape, scale = 0.0, float(excess.mean())
    return {
        "people": sample.people,
        "pairs": len(values),
        "quantiles": [[fmr, float(np.quantile(values, 1 - fmr))] for fmr in QUANTILES],
        "tail": {"start": start, "rate": TAIL_RATE, "shape": float(shape), "scale": float(scale)},
        "source": source,
    }
