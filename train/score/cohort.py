"""The cohort: centroids of training photos, taken group by group so that small groups have their own.

Clustering everybody at once gives nearly all centroids to the many adults of news photos, and the few that are left for
children or a region stand too far apart to tell how crowded its people are.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

import numpy as np

from train.data.pictures import Pictures
from train.errors import DataMissing
from train.score.groups import age_of
from train.score.openset import Level, cohort_means, spherical_kmeans
from train.score.scoring import Scoring, unit

COHORT_K = 20
CHILD = 13
SEED = 1
ROUNDS = 10
LABELLED_CENTROIDS = 400
RACE_CENTROIDS = 80
CENTRE_SHARE = 0.3  # of the labelled centroids' mean; more is fairer and misses more (GROUPS.md)
CENTROIDS = {("fairface", "child"): 120, ("aaf", "child"): 100, ("aaf", "older"): 160}
FEWEST_PEOPLE = 20  # of a set that is calibrated on
PHOTOS_A_CENTROID = 10
"""Photos a centroid that are enough: on the published pair, cohorts of all photos and of 40, 20, 10 and 5 a centroid
gave FNIR on development people that scatter without a trend, and the same rates within groups."""


def cohort_strata(
    pictures: Pictures, rows: np.ndarray, without: Collection[str] = ()
) -> Iterator[tuple[np.ndarray, int]]:
    """Groups of `rows` and how many centroids each gets; sets in `without` are left out."""
    sets, races = (pictures.columns[name][rows] for name in ("set", "race"))
    years = np.array([age_of(age) for age in pictures.columns["age"][rows].tolist()])
    kept = ~np.isin(sets, sorted(without))
    child = (years >= 0) & (years < CHILD)
    yield rows[kept & (pictures.labels[rows] >= 0)], LABELLED_CENTROIDS
    for race in sorted(set(races[kept].tolist()) - {""}):
        yield rows[kept & (races == race) & ~child], RACE_CENTROIDS
    for (name, age), count in CENTROIDS.items():
        yield rows[kept & (sets == name) & (child == (age == "child"))], count


def thinned(strata: Iterable[tuple[np.ndarray, int]], photos: int = PHOTOS_A_CENTROID) -> list[tuple[np.ndarray, int]]:
    """The same strata with at most so many photos a centroid, drawn at random."""
    random = np.random.default_rng(SEED)
    return [(np.sort(random.permutation(rows)[: photos * count]), count) for rows, count in strata]


def rows_of(strata: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
    """All rows of the strata, each once, in order."""
    return np.unique(np.concatenate([rows for rows, _ in strata]))


def stratified_cohort(vectors: np.ndarray, strata: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
    """Unit centroids (c, d) float16 of unit embeddings (n, d), stratum by stratum; a small stratum gives fewer."""
    parts = [
        spherical_kmeans(vectors[rows], min(count, len(rows) // 4), seed=SEED, rounds=ROUNDS)
        for rows, count in strata
        if len(rows) // 4
    ]
    return np.concatenate(parts)


def cohort_of(rows: np.ndarray, vectors: np.ndarray, strata: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
    """`stratified_cohort` where vectors (n, d) are known of `rows` (n,) alone, which are in order."""
    return stratified_cohort(vectors, [(np.searchsorted(rows, own), count) for own, count in strata])


def training_cohort(pictures: Pictures, vectors_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Centroids (c, d) float16 of training photos, so many a centroid that more would hardly move it.

    `vectors_of` embeds rows (n,) of the set as unit vectors (n, d).
    """
    strata = thinned(cohort_strata(pictures, pictures.rows("train")))
    rows = rows_of(strata)
    return cohort_of(rows, vectors_of(rows), strata)


def cohort_level(pictures: Pictures, rows: np.ndarray, vectors: np.ndarray, cohort: np.ndarray, k: int) -> Level:
    """What cohort means are measured from, by development faces `rows` (n,) with vectors (n, d).

    Faces of a set that gave the cohort nothing have lower means than faces of the sets that it was made of, though they
    are not less alike among themselves. So no mean counts below the average, of the set where that is lowest; and what
    faces of the labelled sets share is taken off in part. There is no floor where too few people are labelled to tell.
    """
    level = Level(min(LABELLED_CENTROIDS, len(cohort)), CENTRE_SHARE)
    if len(np.unique(pictures.labels[rows])) < FEWEST_PEOPLE:
        return level
    means = cohort_means(unit(vectors), cohort.astype(np.float32), k, level)
    return replace(level, floor=min(float(means[own].mean()) for own in calibration_sets(pictures, rows).values()))


def calibration_sets(pictures: Pictures, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Which of `rows` (n,) are compared among themselves: people of one set resemble each other more than of two.

    Raises DataMissing where there are too few development people.
    """
    sets, labels = pictures.columns["set"][rows], pictures.labels[rows]
    people = len(np.unique(labels))
    if people < FEWEST_PEOPLE:
        raise DataMissing("calibration", f"expected {FEWEST_PEOPLE} development people or more, found {people}")
    found = {str(name): sets == name for name in np.unique(sets)}
    large = {name: own for name, own in found.items() if len(np.unique(labels[own])) >= FEWEST_PEOPLE}
    return large or {"all sets": np.ones(len(rows), bool)}


def with_cohort(vectors: np.ndarray, cohort: np.ndarray, level: Level | None = None) -> Scoring:
    """The cohort-normalised score of vectors (n, d), scaled to length 1 where they are not."""
    same_length = unit(vectors)
    means = cohort_means(same_length, cohort.astype(np.float32), min(COHORT_K, len(cohort)), level)
    return Scoring(same_length, means)
