"""Open-set identification, one photo enrolled a person: who is named, and which strangers are.

Embeddings are of unit length; a score is the cosine, or the cohort-normalised cosine where cohort means are given.
Higher is more alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from enroll.face import scores as normalised_scores
from train.errors import ManifestInvalid
from train.score.scoring import unit

FPIRS = (0.01, 0.003, 0.001)
MISSED = -np.inf  # the score of a probe in which no face was found, or that has no vector: never named


@dataclass(frozen=True)
class Run:
    """One gallery and its probes, as row numbers: one row a person enrolled; mated probes; strangers."""

    enrolled: np.ndarray
    mated: np.ndarray
    strangers: np.ndarray

    def probed_at(self, offset: int) -> "Run":
        """The same photos, the probes so many rows further on: where another view of them lies."""
        return Run(self.enrolled, self.mated + offset, self.strangers + offset)


@dataclass(frozen=True)
class Outcome:
    """All probes of all runs: best score and whether the best candidate is the right person; strangers' best scores.

    `mated_people` and `stranger_people` (labels) tell whose probe it was, for intervals over people.
    """

    mated: np.ndarray
    right: np.ndarray
    strangers: np.ndarray
    mated_people: np.ndarray
    stranger_people: np.ndarray


@dataclass(frozen=True)
class Figures:
    """Rank 1 and FNIR at each of `fpirs`, in per cent, with the thresholds that gave them."""

    rank1: float
    fnir: tuple[float, ...]
    thresholds: tuple[float, ...]
    fpirs: tuple[float, ...] = FPIRS

    def named(self) -> dict[str, float]:
        """As columns of a table: `rank1`, and `fnir@1.0%` for each FPIR."""
        fnir = {f"fnir@{fpir:.1%}": value for fpir, value in zip(self.fpirs, self.fnir, strict=True)}
        return {"rank1": self.rank1, **fnir}


def draw_runs(rows: np.ndarray, labels: np.ndarray, *, gallery: int, runs: int, seed: int) -> list[Run]:
    """Random galleries of `gallery` people with two photos or more, one photo each, modelled on P1.

    Their other photos are mated probes; everybody else is a stranger. Raises ManifestInvalid where nobody is left.
    """
    random = np.random.default_rng(seed)
    photos = {int(label): rows[labels[rows] == label] for label in np.unique(labels[rows])}
    several = [label for label, own in photos.items() if len(own) > 1]
    if min(gallery, len(several)) == len(photos):
        raise ManifestInvalid("galleries", f"all {len(photos)} people would be enrolled: nobody is left as a stranger")
    drawn = []
    for _ in range(runs):
        chosen = set(random.permutation(several)[:gallery].tolist())
        orders = [random.permutation(photos[label]) for label in sorted(chosen)]
        strangers = np.concatenate([own for label, own in photos.items() if label not in chosen])
        drawn.append(Run(np.array([o[0] for o in orders]), np.concatenate([o[1:] for o in orders]), strangers))
    return drawn


def identify(
    embeddings: np.ndarray,
    labels: np.ndarray,
    runs: Sequence[Run],
    means: np.ndarray | None = None,
    found: np.ndarray | None = None,
) -> Outcome:
    """Search every probe of every run. Rows of which `found` is false hold no face; rows of NaN hold no vector.

    Neither enrols nor names anybody.
    """
    parts = [_identify_run(embeddings, labels, run, means, found) for run in runs]
    return Outcome(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _identify_run(
    embeddings: np.ndarray, labels: np.ndarray, run: Run, means: np.ndarray | None, found: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    mated = scores(embeddings, run.mated, run.enrolled, means)
    strangers = scores(embeddings, run.strangers, run.enrolled, means)
    for table, probes in ((mated, run.mated), (strangers, run.strangers)):
        table[np.isnan(table)] = MISSED
        if found is not None:
            table[~found[probes]] = MISSED
            table[:, ~found[run.enrolled]] = MISSED
    best = mated.argmax(1)
    right = (labels[run.enrolled][best] == labels[run.mated]) & (mated.max(1) > MISSED)
    return mated.max(1), right, strangers.max(1), labels[run.mated], labels[run.strangers]


def scores(embeddings: np.ndarray, a: np.ndarray, b: np.ndarray, means: np.ndarray | None = None) -> np.ndarray:
    """Scores (len(a), len(b)) of rows `a` against rows `b`."""
    if means is None:
        return np.asarray(embeddings[a] @ embeddings[b].T)
    return normalised_scores(embeddings[a], means[a], embeddings[b], means[b])


def figures(
    outcome: Outcome, fpirs: Sequence[float] = FPIRS, weights: tuple[np.ndarray, np.ndarray] | None = None
) -> Figures:
    """Rank 1 and FNIR at fixed FPIR; `weights` (mated, strangers) count probes more or less often.

    As a bootstrap does.
    """
    mated_weight, stranger_weight = weights or (np.ones(len(outcome.mated)), np.ones(len(outcome.strangers)))
    order = np.argsort(-outcome.strangers, kind="stable")
    share = np.cumsum(stranger_weight[order]) / stranger_weight.sum()
    places = [min(int(np.searchsorted(share, f, side="right")), len(order) - 1) for f in fpirs]
    thresholds = [float(outcome.strangers[order[place]]) for place in places]
    total = mated_weight.sum()
    hit = [float(((outcome.right & (outcome.mated > t)) * mated_weight).sum() / total) for t in thresholds]
    rank1 = 100 * float((outcome.right * mated_weight).sum() / total)
    return Figures(rank1, tuple(100 * (1 - h) for h in hit), tuple(thresholds), tuple(fpirs))


def intervals(outcome: Outcome, fpirs: Sequence[float] = FPIRS, *, rounds: int = 200, seed: int = 1) -> np.ndarray:
    """95 % bootstrap intervals over people: (1 + len(fpirs), 2), rank 1 first, then each FNIR, in per cent."""
    random = np.random.default_rng(seed)
    people, where = np.unique(np.concatenate([outcome.mated_people, outcome.stranger_people]), return_inverse=True)
    cut = len(outcome.mated)
    drawn = []
    for _ in range(rounds):
        count = np.bincount(random.integers(len(people), size=len(people)), minlength=len(people)).astype(float)
        result = figures(outcome, fpirs, (count[where[:cut]], count[where[cut:]]))
        drawn.append([result.rank1, *result.fnir])
    return np.asarray(np.percentile(np.array(drawn), [2.5, 97.5], axis=0).T)


@dataclass(frozen=True)
class Level:
    """What cohort means are measured from.

    `share` of the mean of the cohort's first `rows` is taken off embeddings and cohort before they are compared, and no
    mean counts below `floor`.
    """

    rows: int
    share: float
    floor: float = -1.0


def cohort_means(embeddings: np.ndarray, cohort: np.ndarray, k: int, level: Level | None = None) -> np.ndarray:
    """Mean of the k highest cosines (n,) of unit embeddings (n, d) to the cohort (c, d), measured from `level`."""
    if level is not None:
        centre = level.share * cohort[: level.rows].mean(0)
        embeddings, cohort = unit(embeddings - centre), unit(cohort - centre)
    top = [np.partition(part @ cohort.T, len(cohort) - k, axis=1)[:, -k:].mean(1) for part in _chunks(embeddings)]
    means = np.concatenate(top)
    return means if level is None else np.maximum(means, np.asarray(level.floor, means.dtype))


def _chunks(rows: np.ndarray, size: int = 4096) -> list[np.ndarray]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def spherical_kmeans(embeddings: np.ndarray, clusters: int, *, seed: int = 1, rounds: int = 20) -> np.ndarray:
    """Unit centroids (clusters, d) float16 of unit embeddings (n, d), by FAISS."""
    import faiss

    kmeans = faiss.Kmeans(
        embeddings.shape[1], clusters, niter=rounds, spherical=True, seed=seed, min_points_per_centroid=1
    )
    kmeans.train(np.ascontiguousarray(embeddings, dtype=np.float32))
    centroids = np.asarray(kmeans.centroids, dtype=np.float32)
    return np.asarray(centroids / np.linalg.norm(centroids, axis=1, keepdims=True), dtype=np.float16)
