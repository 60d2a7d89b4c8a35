"""The protocols of accuracy (docs/design.md): P1 open set, P2 pairs, P3 AT&T, P4 groups, and calibration realised.

Every figure comes with a 95 % bootstrap interval over people where people are few. Photos without a face count as
misses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from enroll.card import ScoreModel
from enroll.face import normalised
from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.measure.testsets import TestCrops, open_protocol, pair_protocol, test_crops
from train.score.embedding import kept_crops, kept_vectors
from train.score.encoders import Contender
from train.score.groups import Crowd, crowd_groups, fmr_threshold, group_rates
from train.score.openset import FPIRS, Outcome, Run, draw_runs, figures, identify, intervals, scores
from train.score.scoring import Scoring

FOLDS = 10
TARGETS = (0.001, 0.003, 0.01)
SIZES = (50, 100, 200, 394)
ATT_UNSEEN = 30  # people s31 to s40 are the test people of the seed
ATT_PHOTOS = 10
ATT_FPIRS = (0.01, 0.003)
NO_FACE = -9.0  # below every score: a photo without a face


@dataclass(frozen=True)
class Embedded:
    """One test set through one encoder: vectors (n, d), and the ways to score them."""

    crops: TestCrops
    vectors: np.ndarray
    scorings: Mapping[str, Scoring]

    @cached_property
    def labels(self) -> np.ndarray:
        """People's names as numbers (n,)."""
        return np.unique(self.crops.people, return_inverse=True)[1]

    @property
    def best(self) -> str:
        """The scoring that counts: with the cohort where there is one."""
        return "with cohort" if "with cohort" in self.scorings else "plain"

    def identify(self, runs: Sequence[Run], how: str) -> Outcome:
        """Search every probe of every run."""
        scoring = self.scorings[how]
        return identify(scoring.vectors, self.labels, runs, scoring.offsets, self.crops.found)


def embed_set(contender: Contender, crops: TestCrops) -> Embedded:
    """Every crop, misses too (their rows are never compared)."""
    vectors = kept_crops(contender, crops.crops, cache_folder())
    return Embedded(crops, vectors, contender.scorings(vectors))


def open_set(outcome: Outcome) -> dict[str, Any]:
    """P1: rank 1 and FNIR at fixed FPIR, with intervals over people; in per cent."""
    result, spread = figures(outcome), intervals(outcome)
    fnir = {
        f"{fpir:.1%}": {"value": value, "interval": spread[i + 1].tolist(), "threshold": threshold}
        for i, (fpir, value, threshold) in enumerate(zip(FPIRS, result.fnir, result.thresholds, strict=True))
    }
    return {"rank1": {"value": result.rank1, "interval": spread[0].tolist()}, "fnir": fnir}


def at_threshold(outcome: Outcome, threshold: float) -> dict[str, Any]:
    """FPIR and FNIR (%) of P1 at one threshold, with intervals over people."""
    named = outcome.strangers >= threshold
    missed = ~(outcome.right & (outcome.mated >= threshold))
    return {
        "threshold": threshold,
        "fpir": 100 * float(named.mean()),
        "fpir_interval": list(share_interval(named, outcome.stranger_people)),
        "fnir": 100 * float(missed.mean()),
        "fnir_interval": list(share_interval(missed, outcome.mated_people)),
    }


def verify(embedded: Embedded, pairs: np.ndarray, same: np.ndarray, how: str) -> dict[str, float]:
    """P2: accuracy (%) with a threshold cross-validated over ten folds, ROC-AUC, TAR (%) at FAR 0.1 %."""
    values = pair_scores(embedded, pairs, how)
    fold = pair_folds(same)
    hits = [
        ((values >= _best_threshold(values[fold != f], same[fold != f])) == same)[fold == f].mean()
        for f in range(FOLDS)
    ]
    strangers = np.sort(values[~same])[::-1]
    far = strangers[int(0.001 * len(strangers))]
    return {
        "accuracy": 100 * float(np.mean(hits)),
        "auc": area_under_roc(values[same], values[~same]),
        "tar@far0.1%": 100 * float((values[same] > far).mean()),
    }


def pair_folds(same: np.ndarray) -> np.ndarray:
    """The fold (n,) of each pair: mated pairs in the order in which they are listed, and non-mated ones likewise."""
    fold = np.zeros(len(same), int)
    for side in (True, False):
        fold[same == side] = np.arange((same == side).sum()) * FOLDS // (same == side).sum()
    return fold


def pair_scores(embedded: Embedded, pairs: np.ndarray, how: str) -> np.ndarray:
    """Scores (n,) of pairs of rows (n, 2); a pair without a face or a vector on either side scores lowest."""
    (first, second), (vectors, offsets) = pairs.T, embedded.scorings[how]
    values = (vectors[first] * vectors[second]).sum(1)
    if offsets is not None:
        values = normalised(values, offsets[first], offsets[second])
    found = embedded.crops.found[first] & embedded.crops.found[second]
    return np.where(found & ~np.isnan(values), values, NO_FACE)


def _best_threshold(values: np.ndarray, same: np.ndarray) -> float:
    order = np.argsort(-values, kind="stable")
    right = np.cumsum(np.where(same[order], 1, -1))
    return float(values[order][right.argmax()])


def area_under_roc(mated: np.ndarray, non_mated: np.ndarray) -> float:
    """Chance that a mated score is above a non-mated one, ties counting half."""
    order = np.sort(non_mated)
    below = np.searchsorted(order, mated, side="left") + np.searchsorted(order, mated, side="right")
    return float(below.mean() / (2 * len(order)))


def att(embedded: Embedded, how: str) -> dict[str, Any]:
    """P3: AT&T people 31 to 40 enrolled with one photo, every photo in turn (N = 10, ten runs); the others strangers.

    Rank 1 (%), FNIR (%) at fixed FPIR over the 300 strangers' photos, and ROC-AUC of all pairs of people 31 to 40.
    """
    numbers = _att_numbers(embedded)
    rows = np.flatnonzero(numbers > ATT_UNSEEN)
    result = figures(att_outcome(embedded, how), ATT_FPIRS)
    scoring = embedded.scorings[how]
    table = scores(scoring.vectors, rows, rows, scoring.offsets)
    table[~embedded.crops.found[rows]] = table[:, ~embedded.crops.found[rows]] = NO_FACE
    upper = np.triu_indices(len(rows), 1)
    same = (numbers[rows][:, None] == numbers[rows][None])[upper]
    return {
        "rank1": result.rank1,
        "fnir": {f"{fpir:.1%}": value for fpir, value in zip(ATT_FPIRS, result.fnir, strict=True)},
        "auc": area_under_roc(table[upper][same], table[upper][~same]),
        "not_found": int((~embedded.crops.found).sum()),
    }


def att_outcome(embedded: Embedded, how: str) -> Outcome:
    """The searches of P3."""
    numbers = _att_numbers(embedded)
    rows, strangers = np.flatnonzero(numbers > ATT_UNSEEN), np.flatnonzero(numbers <= ATT_UNSEEN)
    enrolled = [rows[i::ATT_PHOTOS] for i in range(ATT_PHOTOS)]
    return embedded.identify([Run(one, np.setdiff1d(rows, one), strangers) for one in enrolled], how)


def _att_numbers(embedded: Embedded) -> np.ndarray:
    return np.array([int(name.removeprefix("s")) for name in embedded.crops.people])


def realised(embedded: Embedded, model: ScoreModel, *, runs: int = 40, seed: int = 3) -> list[dict[str, Any]]:
    """FPIR that strangers among the test people realise at the card's thresholds, beside the target, for several N."""
    rows = np.flatnonzero(embedded.crops.found)
    table = []
    for size in SIZES:
        drawn = draw_runs(rows, embedded.labels, gallery=size, runs=runs, seed=seed)
        table += realised_at(embedded.identify(drawn, "with cohort"), model, size)
    return table


def realised_at(outcome: Outcome, model: ScoreModel, size: int) -> list[dict[str, Any]]:
    """FPIR with its interval over people, and FNIR (NaN without mated probes), at the threshold of each target (%)."""
    table = []
    for target in TARGETS:
        threshold = model.threshold(size, target)
        named, hit = outcome.strangers >= threshold, outcome.right & (outcome.mated >= threshold)
        table.append(
            {
                "enrolled": size,
                "target": 100 * target,
                "realised": 100 * float(named.mean()),
                "interval": list(share_interval(named, outcome.stranger_people)),
                "fnir": 100 * (1 - float(hit.mean())) if len(hit) else float("nan"),
                "threshold": threshold,
            }
        )
    return table


def share_interval(hit: np.ndarray, people: np.ndarray, rounds: int = 500) -> tuple[float, float]:
    """95 % bootstrap interval over people of a share, in per cent."""
    random = np.random.default_rng(5)
    where = np.unique(people, return_inverse=True)[1]
    hits, counts = np.bincount(where, hit), np.bincount(where)
    drawn = random.integers(len(counts), size=(rounds, len(counts)))
    shares = 100 * hits[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True)
class Measured:
    """All test sets through one encoder, embedded once; outcomes of P1 by scoring."""

    lfw: Embedded
    att: Embedded
    crowd: Crowd
    outcomes: Mapping[str, Outcome]
    runs: Sequence[Run]
    pairs: np.ndarray
    same: np.ndarray


def measure(contender: Contender, folder: Path, pictures: Pictures) -> Measured:
    """Embed LFW's test people, AT&T and the unlabelled development photos."""
    lfw = embed_set(contender, test_crops(folder / "lfw_test.zip"))
    pairs, same = pair_protocol(folder / "protocols" / "lfw_pairs.csv", lfw.crops)
    rows = pictures.rows("dev", labelled=False)
    crowd = kept_vectors(contender, pictures, rows, cache_folder())
    runs = open_protocol(folder / "protocols" / "lfw_open.csv", lfw.crops)
    return Measured(
        lfw=lfw,
        att=embed_set(contender, test_crops(folder / "att_faces.zip")),
        crowd=Crowd(crowd, contender.scorings(crowd), crowd_groups(pictures, rows)),
        outcomes={how: lfw.identify(runs, how) for how in lfw.scorings},
        runs=runs,
        pairs=pairs,
        same=same,
    )


def evaluate(measured: Measured) -> dict[str, Any]:
    """All protocols but cost, by scoring."""
    lfw = measured.lfw
    rows = np.flatnonzero(lfw.crops.found)
    report: dict[str, Any] = {"not_found": int((~lfw.crops.found).sum())}
    for how, scoring in lfw.scorings.items():
        limit = fmr_threshold(scoring, lfw.labels, rows)
        report[how] = {
            "P1": open_set(measured.outcomes[how]),
            "P2": verify(lfw, measured.pairs, measured.same, how),
            "P3": att(measured.att, how),
            "P4": group_rates(measured.crowd.scorings[how], measured.crowd.groups, limit),
        }
    return report
