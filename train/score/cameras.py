"""Faces of bad cameras in the cohort: what keeps strangers before one poor camera from looking like each other.

Two faces that are small, soft, noisy and compressed alike resemble each other by that alone. Centroids of training
photos degraded that way, put beside those of the clean ones, raise the cohort mean of such a face as much.
"""

import math
from typing import Any

import numpy as np

from train.data.augment import Augmentation
from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.score.cohort import calibration_sets, cohort_level
from train.score.embedding import AS_THEY_ARE, Digested, View, kept_vectors
from train.score.model import fit_score_model, non_mated
from train.score.openset import Level, cohort_means, spherical_kmeans

CAMERA_PHOTOS = 6000
CAMERA_CENTROIDS = 600
PHOTOS_A_CENTROID = 8  # at least
SEED = 11
BAD_CAMERA = Augmentation(
    light=0.8, grey=0.1, low_resolution=1.0, blur=0.6, noise=0.6, jpeg=0.8, occlusion=0.0, mask=0.0
)
PARTS = "each set as it is and as a bad camera sees it"
CAREFUL_FMR = 1e-5


def with_cameras(encoder: Digested, pictures: Pictures, clean: np.ndarray) -> tuple[np.ndarray, int]:
    """The clean centroids with those of degraded training photos below them, float32, and how many these are."""
    centroids = camera_centroids(seen_by_cameras(encoder, pictures))
    return np.concatenate([clean.astype(np.float32), centroids.astype(np.float32)]), len(centroids)


def camera_rows(pictures: Pictures) -> np.ndarray:
    """The training photos that are degraded, in the order in which that is done."""
    return np.random.default_rng(SEED).permutation(pictures.rows("train"))[:CAMERA_PHOTOS]


def seen_by_cameras(encoder: Digested, pictures: Pictures) -> np.ndarray:
    """Vectors (n, d) of `camera_rows`, each as a bad camera sees it."""
    return kept_vectors(encoder, pictures, camera_rows(pictures), cache_folder(), bad_camera(SEED))


def bad_camera(seed: int) -> View:
    """Every picture as a bad camera sees it; what happens to one depends on `seed` and its row alone."""
    return View(
        f"bad camera {seed} {BAD_CAMERA}", lambda pixels, row: degraded(pixels, np.random.default_rng([seed, row]))
    )


def camera_centroids(seen: np.ndarray) -> np.ndarray:
    """Centroids (c, d) of vectors of degraded photos."""
    count = min(CAMERA_CENTROIDS, max(1, len(seen) // PHOTOS_A_CENTROID))
    return spherical_kmeans(seen, count, seed=SEED, rounds=10)


def degraded(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The middle 112 px of a picture (H, W, 3) uint8, as a bad camera would have taken it."""
    return BAD_CAMERA(pixels, random)


def level_of(encoder: Digested, pictures: Pictures, cohort: np.ndarray, k: int) -> Level:
    """What cohort means are measured from, by clean development faces."""
    rows = pictures.rows("dev", labelled=True)
    return cohort_level(pictures, rows, kept_vectors(encoder, pictures, rows, cache_folder()), cohort, k)


def calibrated(
    encoder: Digested, pictures: Pictures, cohort: np.ndarray, k: int, level: Level | None = None
) -> dict[str, Any]:
    """Of the score models of each set, clean and degraded, the most careful: whose strangers score highest.

    An average over ways of being photographed would promise too much to whoever has only the worst of them. Raises
    DataMissing where there are too few development people.
    """
    rows = pictures.rows("dev", labelled=True)
    random = np.random.default_rng(SEED + 1)
    ways = {
        "as they are": AS_THEY_ARE,
        "as a bad camera sees them": bad_camera(SEED + 1),
    }
    models = []
    for how, view in ways.items():
        vectors = kept_vectors(encoder, pictures, rows, cache_folder(), view)
        means = cohort_means(vectors, cohort, k, level)
        for name, own in calibration_sets(pictures, rows).items():
            sample = non_mated(vectors[own], pictures.labels[rows][own], means[own], random)
            models.append(fit_score_model(sample, f"development people of {name}, {how}: the highest of {PARTS}"))
    return max(models, key=_reach)


def _reach(model: dict[str, Any]) -> float:
    """The score that strangers reach once in 100,000 comparisons."""
    tail = model["tail"]
    shape, times = tail["shape"], tail["rate"] / CAREFUL_FMR
    grown = math.log(times) if shape == 0 else (times**shape - 1) / shape
    return float(tail["start"] + tail["scale"] * grown)
