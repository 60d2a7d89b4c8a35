"""From which score on may a second photo be filed under a person's name?

    python benchmarks/second_photos.py DATA [--encoder default]

One clean photo of a development person is enrolled, another is to be added: as it is, or as a bad camera sees it.
`own refused` are the person's own photos that score below the row's threshold, in per cent of all pairs of photos, and
`a person` the same where each person counts once; `others let in` are other people's photos at or above it. 95 %
intervals by resampling people, of the others on both sides. Thresholds: of one comparison at several rates of false
matches, and the policy's review threshold and threshold for galleries of some sizes. The score model was fitted on
people of one of the sets. DATA is the folder of training data (train/README.md); needs the extra `train`.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from attendance.judge.policy import policy_for
from attendance.settings import Settings
from enroll import ScoreModel, load_encoder
from enroll.face import scores
from train.data.faces import cache_folder, load_faces
from train.score.cameras import bad_camera
from train.score.embedding import AS_THEY_ARE, kept_vectors
from train.score.encoders import Carded

RATES = (0.03, 0.01, 0.003, 0.001)
SIZES = (5, 30, 400)
SEED = 33  # of the camera: neither the cohort's nor the calibration's
RESAMPLES = 300


def thresholds(model: ScoreModel) -> Mapping[str, float]:
    """Names and scores of the thresholds that are tried, the lowest first."""
    found = {f"one comparison, {rate:.1%}": model.threshold(1, rate) for rate in RATES}
    for size in SIZES:
        policy = policy_for(model, Settings(), size)
        found |= {f"review, {size} people": policy.review_threshold, f"mark, {size} people": policy.threshold}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def by_people(flags: np.ndarray, person: np.ndarray) -> np.ndarray:
    """How many of the flags (n, n) there are between any two people (p, p)."""
    one, other = np.nonzero(flags)
    found = np.zeros((person.max() + 1, person.max() + 1))
    np.add.at(found, (person[one], person[other]), 1)
    return found


def with_interval(share: float, drawn: list[float]) -> str:
    """A share with the middle 95 % of what other draws of people gave."""
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{share:.2%} ({low:.2%}-{high:.2%})" if share > 0.001 else f"{share:.4%} ({low:.4%}-{high:.4%})"


def row(table: np.ndarray, person: np.ndarray, threshold: float) -> tuple[str, str, str]:
    """The three shares at one threshold; scores (n, n) of second photos with first ones."""
    same = (person[:, None] == person[None]) & ~np.eye(len(person), dtype=bool)
    refused = by_people(same & (table < threshold), person).diagonal()
    own = by_people(same, person).diagonal()
    several = np.flatnonzero(own)
    let_in = by_people((table >= threshold) & (person[:, None] != person[None]), person)
    count = np.bincount(person)
    pairs = np.outer(count, count) * ~np.eye(len(count), dtype=bool)
    random, drawn = np.random.default_rng(4), []
    for _ in range(RESAMPLES):
        some = random.choice(several, len(several))
        each = np.bincount(random.integers(len(count), size=len(count)), minlength=len(count))
        shares = refused[some].sum() / own[some].sum(), (refused[some] / own[some]).mean()
        drawn.append([*shares, each @ let_in @ each / (each @ pairs @ each)])
    found = (
        refused.sum() / own.sum(),
        (refused[several] / own[several]).mean(),
        let_in.sum() / pairs.sum(),
    )
    first, second, third = (
        with_interval(share, list(column)) for share, column in zip(found, np.array(drawn).T, strict=True)
    )
    return first, second, third


def main() -> None:
    """Print one table for each set and way to photograph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="default")
    options = parser.parse_args()
    encoder = Carded(load_encoder(options.encoder))
    pictures = load_faces(options.data, drop_heldout=True)
    rows = pictures.rows("dev", labelled=True)
    sets, labels = pictures.columns["set"][rows], pictures.labels[rows]
    views = {"as they are": AS_THEY_ARE, "bad camera": bad_camera(SEED)}
    seen = {way: kept_vectors(encoder, pictures, rows, cache_folder(), view) for way, view in views.items()}
    means = {way: encoder.encoder.cohort_means(vectors) for way, vectors in seen.items()}
    first, first_means = seen["as they are"], means["as they are"]
    for name in np.unique(sets):
        own = sets == name
        _, person = np.unique(labels[own], return_inverse=True)
        for way, vectors in seen.items():
            found = scores(vectors[own], means[way][own], first[own], first_means[own])
            table = Table("threshold", "score", "own refused", "a person", "others let in")
            table.title, table.title_justify = f"{name}, second photos {way}", "left"
            for what, score in thresholds(encoder.encoder.card.score_model).items():
                table.add_row(what, f"{score:.3f}", *row(found, person, score))
            Console(width=130).print(table)


if __name__ == "__main__":
    main()
