"""`attendance train eval --people dev`: contenders on development people, for whoever chooses among them.

Plain and with a cohort of the contender's own training embeddings. A clean photo enrols; probes are clean, degraded as
by a bad camera, or masked. All development people, and LFW's alone (CelebA's part is soft and partly mislabelled: its
floor is high).
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from train.data.augment import centre_crop, cover_with_mask
from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.files import whole
from train.score.cameras import bad_camera
from train.score.cohort import COHORT_K, cohort_level, training_cohort, with_cohort
from train.score.embedding import SIDE, View, kept_vectors
from train.score.encoders import Contender
from train.score.openset import Outcome, Run, draw_runs, figures, identify
from train.score.scoring import Scoring, unit

RUNS = 60
SEED = 20
DEGRADED_SEED = 33
"""Neither the cohort's nor the calibration's degradation: those that were chosen with are not measured on."""
MASK_SEED = 34
ENROLLED = "clean"
"""The view that enrols, whichever the probes are."""
GALLERIES = {"all": 400, "lfw": 143}

Cell = tuple[str, str, str]
"""View of the probes, scoring, and part of the people."""


@dataclass(frozen=True)
class People:
    """Development people with labels: rows of the set, labels (n,), and runs for each part; the same for everybody."""

    rows: np.ndarray
    labels: np.ndarray
    runs: Mapping[str, Sequence[Run]]


def dev_people(pictures: Pictures) -> People:
    """The galleries that `train.fit.facetask.dev_figures` draws, and those of LFW's part alone."""
    rows = pictures.rows("dev", labelled=True)
    labels = pictures.labels[rows]
    parts = {"all": np.arange(len(rows)), "lfw": np.flatnonzero(pictures.columns["set"][rows] == "lfw")}
    runs = {
        name: draw_runs(own, labels, gallery=GALLERIES[name], runs=RUNS, seed=SEED)
        for name, own in parts.items()
        if len(own)
    }
    return People(rows, labels, runs)


def measure_dev(
    contender: Contender, pictures: Pictures, people: People, *, mirror: bool = False
) -> list[dict[str, Any]]:
    """One row a view, scoring and part: rank 1 and FNIR at fixed FPIR, in per cent."""
    return dev_rows(dev_outcomes(contender, pictures, people, mirror=mirror))


def dev_rows(outcomes: Mapping[Cell, Outcome]) -> list[dict[str, Any]]:
    """The same from the searches."""
    return [
        {"view": view, "score": how, "part": part, **figures(outcome).named()}
        for (view, how, part), outcome in outcomes.items()
    ]


def dev_outcomes(
    contender: Contender, pictures: Pictures, people: People, *, mirror: bool = False
) -> dict[Cell, Outcome]:
    """All searches of each view, scoring and part."""
    views = {name: _vectors(contender, pictures, people.rows, view, mirror=mirror) for name, view in VIEWS.items()}
    for name in set(views) - {ENROLLED}:
        views[name] = np.concatenate([views[ENROLLED], views[name]])
    cohort = training_cohort(
        pictures, lambda rows: unit(_vectors(contender, pictures, rows, VIEWS[ENROLLED], mirror=mirror))
    )
    level = cohort_level(pictures, people.rows, views[ENROLLED], cohort, min(COHORT_K, len(cohort)))
    found: dict[Cell, Outcome] = {}
    for view, vectors in views.items():
        ways = {"plain": contender.scorings(vectors)["plain"], "cohort": with_cohort(vectors, cohort, level)}
        for how, scoring in ways.items():
            for part, runs in people.runs.items():
                found[view, how, part] = _search(scoring, people.labels, runs, view)
    return found


def _search(scoring: Scoring, labels: np.ndarray, runs: Sequence[Run], view: str) -> Outcome:
    if view != ENROLLED:  # the second half of the vectors are the probes'
        runs = [run.probed_at(len(labels)) for run in runs]
        labels = np.tile(labels, 2)
    return identify(scoring.vectors, labels, runs, scoring.offsets)


def _vectors(contender: Contender, pictures: Pictures, rows: np.ndarray, view: View, *, mirror: bool) -> np.ndarray:
    """Vectors (n, d) of one view; with `mirror` the mean of each crop's and its mirror image's."""
    straight = kept_vectors(contender, pictures, rows, cache_folder(), view)
    if not mirror:
        return straight
    return unit(straight + kept_vectors(contender, pictures, rows, cache_folder(), view.mirrored()))


def masked(pixels: np.ndarray, row: int) -> np.ndarray:
    """The crop of a picture (H, W, 3) with a face mask drawn on it, the same for a row each time."""
    return cover_with_mask(centre_crop(pixels, SIDE), np.random.default_rng([MASK_SEED, row]))


def save_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """All rows with two decimals; a file half written never takes the name."""
    with whole(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({k: f"{v:z.2f}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


VIEWS: Mapping[str, View] = {
    ENROLLED: View(),
    "degraded": bad_camera(DEGRADED_SEED),
    "masked": View(f"masked {MASK_SEED}", masked),
}
