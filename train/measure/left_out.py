"""P4 on sets that gave the cohort nothing: how fair the score is to people of whom no photos were at hand.

For each set in turn the whole cohort is made anew without that set's photos: the clean centroids and those of bad
cameras, both by the same rules as for export. (Keeping the card's camera centroids would leave that set's people in.)
The threshold is that of FMR 1e-4 on LFW with the same cohort.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.measure.protocols import Measured
from train.score.cameras import camera_centroids, camera_rows, seen_by_cameras
from train.score.cohort import COHORT_K, cohort_level, cohort_of, cohort_strata, rows_of, thinned, with_cohort
from train.score.embedding import kept_vectors
from train.score.encoders import Contender
from train.score.groups import fmr_threshold, group_rates
from train.score.openset import Level
from train.score.scoring import unit

LEFT_OUT = ("fairface", "aaf")


def left_out(
    contender: Contender, measured: Measured, pictures: Pictures, sets: Sequence[str] = LEFT_OUT
) -> dict[str, Any]:
    """FMR by group of each set with cohorts made with and without it, as multiples of 1e-4.

    Training photos are embedded, each once for a network (kept in the cache); a cohort uses PHOTOS_A_CENTROID of them.
    """
    whole = thinned(cohort_strata(pictures, pictures.rows("train")))
    rows = rows_of(whole)
    clean = unit(kept_vectors(contender, pictures, rows, cache_folder()))
    seen = unit(seen_by_cameras(contender, pictures))
    joined = np.concatenate([cohort_of(rows, clean, whole), camera_centroids(seen)])
    dev = pictures.rows("dev", labelled=True)
    faces = kept_vectors(contender, pictures, dev, cache_folder())
    found: dict[str, Any] = {}
    for name in sets:
        kept = [(own[pictures.columns["set"][own] != name], count) for own, count in whole]
        camera_kept = seen[pictures.columns["set"][camera_rows(pictures)] != name]
        without = np.concatenate([cohort_of(rows, clean, kept), camera_centroids(camera_kept)])
        ways = {"with it": joined, "without it": without}
        found[name] = {
            way: _rates(measured, cohort, name, cohort_level(pictures, dev, faces, cohort, min(COHORT_K, len(cohort))))
            for way, cohort in ways.items()
        }
    return found


def _rates(measured: Measured, cohort: np.ndarray, name: str, level: Level) -> dict[str, Any]:
    lfw = measured.lfw
    threshold = fmr_threshold(with_cohort(lfw.vectors, cohort, level), lfw.labels, np.flatnonzero(lfw.crops.found))
    groups = {group: member for group, member in measured.crowd.groups.items() if group.startswith(f"{name}, ")}
    rates = group_rates(with_cohort(measured.crowd.vectors, cohort, level), groups, threshold)
    return {"centroids": len(cohort), "threshold": threshold, "groups": rates}
