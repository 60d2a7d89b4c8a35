"""Faces of bad cameras in the cohort: what keeps strangers before one poor camera from looking like each other.

Two faces that are small, soft, noisy and compressed alike resemble each other by that alone. Centroids of training
photos degraded that way, put beside those of the clean ones, raise the cohort mean of such a face as much.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from train.augment import Augmentation, centre_crop
from train.calibrate import fit_score_model, non_mated
from train.data.pictures import Pictures
from train.export import recast_cohort
from train.openset import cohort_means, spherical_kmeans

CAMERA_PHOTOS = 6000
CAMERA_CENTROIDS = 600
SEED = 11
BATCH = 64
BAD_CAMERA = Augmentation(
    light=0.8, grey=0.1, low_resolution=1.0, blur=0.6, noise=0.6, jpeg=0.8, occlusion=0.0, mask=0.0
)
PARTS = "LFW (View 1 training people) and CelebA, each as they are and as a bad camera sees them"
CAREFUL_FMR = 1e-5


def add_cameras(folder: Path, pictures: Pictures) -> Path:
    """Add camera centroids to the cohort of the encoder in `folder` and fit its score model anew; returns the card.

    Done again it replaces what it added before. Raises EncoderError where the folder holds no sound encoder.
    """
    from enroll import load_encoder

    encoder = load_encoder(folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    cohort = np.load(folder / card["cohort"]["file"]).astype(np.float32)
    clean = cohort[: len(cohort) - card["cohort"].get("cameras", 0)]
    random = np.random.default_rng(SEED)
    rows = random.permutation(pictures.rows("train"))[:CAMERA_PHOTOS]
    seen = _embed(encoder, pictures, rows, random)
    centroids = spherical_kmeans(seen, min(CAMERA_CENTROIDS, max(1, len(rows) // 8)), seed=SEED, rounds=10)
    joined = np.concatenate([clean, centroids.astype(np.float32)])
    model = _score_model(encoder, pictures, joined, card["cohort"]["k"])
    return recast_cohort(folder, joined, cameras=len(centroids), score_model=model)


def degraded(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The middle 112 px of a picture (H, W, 3) uint8, as a bad camera would have taken it."""
    return BAD_CAMERA(pixels, random)


def _embed(encoder: Any, pictures: Pictures, rows: np.ndarray, random: np.random.Generator | None) -> np.ndarray:
    """Unit embeddings (n, d) of `rows`, degraded where a generator is given."""
    parts = []
    for start in range(0, len(rows), BATCH):
        batch = np.asarray(pictures.pixels[rows[start : start + BATCH]])
        if random is None:
            crops = centre_crop(batch, encoder.crop_size)
        else:
            crops = np.stack([degraded(each, random) for each in batch])
        parts.append(encoder.embed(np.ascontiguousarray(crops)))
    return np.concatenate(parts)


def _score_model(encoder: Any, pictures: Pictures, cohort: np.ndarray, k: int) -> dict[str, Any]:
    """Of the models of each set, clean and degraded, the most careful: the one whose strangers score highest.

    An average over ways of being photographed would promise too much to whoever has only the worst of them.
    """
    rows = pictures.rows("dev", labelled=True)
    labels, sets = pictures.labels[rows], pictures.columns["set"][rows]
    random = np.random.default_rng(SEED + 1)
    models = []
    for how, generator in (("as they are", None), ("as a bad camera sees them", random)):
        vectors = _embed(encoder, pictures, rows, generator)
        means = cohort_means(vectors, cohort, k)
        for name in np.unique(sets):
            own = sets == name
            sample = non_mated(vectors[own], labels[own], means[own], random)
            models.append(fit_score_model(sample, f"development people of {name}, {how}: the highest of {PARTS}"))
    return max(models, key=_reach)


def _reach(model: dict[str, Any]) -> float:
    """The score that strangers reach once in 100,000 comparisons."""
    tail = model["tail"]
    shape, times = tail["shape"], tail["rate"] / CAREFUL_FMR
    grown = math.log(times) if shape == 0 else (times**shape - 1) / shape
    return float(tail["start"] + tail["scale"] * grown)
