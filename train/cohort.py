"""The cohort: centroids of training photos, taken group by group so that small groups have their own.

Clustering everybody at once gives nearly all centroids to the many adults of news photos, and the few that are left for
children or a region stand too far apart to tell how crowded its people are.
"""

from collections.abc import Callable, Collection, Iterable, Iterator

import numpy as np

from train.data.pictures import Pictures
from train.groups import age_of
from train.openset import cohort_means, spherical_kmeans
from train.scoring import Scoring, unit

COHORT_K = 20
CHILD = 13
SEED = 1
ROUNDS = 10
LABELLED_CENTROIDS = 400
RACE_CENTROIDS = 80
CENTROIDS = {("fairface", "child"): 120, ("aaf", "child"): 100, ("aaf", "older"): 160}
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


def with_cohort(vectors: np.ndarray, cohort: np.ndarray) -> Scoring:
    """The cohort-normalised score of vectors (n, d), scaled to length 1 where they are not."""
    same_length = unit(vectors)
    return Scoring(same_length, cohort_means(same_length, cohort.astype(np.float32), min(COHORT_K, len(cohort))))
