"""The protocols of accuracy (docs/design.md): P1 open set, P2 pairs, P3 AT&T, P4 groups, and calibration realised.

Every figure comes with a 95 % bootstrap interval over people where people are few. Photos without a face count as
misses.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from enroll.card import ScoreModel
from train.augment import centre_crop
from train.data.pictures import Pictures
from train.encoders import Contender
from train.openset import FPIRS, Outcome, Run, draw_runs, figures, identify, intervals, scores
from train.testsets import TestCrops, open_protocol, pair_protocol, test_crops

FOLDS = 10
GROUP_FMR = 1e-4
AGE_LIMITS = ((0, 12, "under 13"), (13, 17, "13-17"), (18, 59, "18-59"), (60, 200, "60 and over"))
TARGETS = (0.001, 0.003, 0.01)
SIZES = (50, 100, 200, 394)
ATT_UNSEEN = 30  # people s31 to s40 are the test people of the seed


@dataclass(frozen=True)
class Embedded:
    """One test set through one encoder: unit embeddings (n, d), cohort means (n,) or None."""

    crops: TestCrops
    vectors: np.ndarray
    means: np.ndarray | None


def embed_set(contender: Contender, crops: TestCrops) -> Embedded:
    """Every crop, misses too (their rows are never compared)."""
    vectors = contender.embed(crops.crops)
    return Embedded(crops, vectors, contender.means(vectors))


def numbered(people: np.ndarray) -> np.ndarray:
    """People's names (n,) as numbers (n,)."""
    return np.unique(people, return_inverse=True)[1]


def open_set(embedded: Embedded, runs: Sequence[Run], *, cohort: bool) -> tuple[dict[str, Any], Outcome]:
    """P1: rank 1 and FNIR at fixed FPIR, with intervals over people; in per cent."""
    labels = numbered(embedded.crops.people)
    means = embedded.means if cohort else None
    outcome = identify(embedded.vectors, labels, runs, means, embedded.crops.found)
    result, spread = figures(outcome), intervals(outcome)
    fnir = {
        f"{fpir:.1%}": {"value": value, "interval": spread[i + 1].tolist(), "threshold": threshold}
        for i, (fpir, value, threshold) in enumerate(zip(FPIRS, result.fnir, result.thresholds, strict=True))
    }
    return {"rank1": {"value": result.rank1, "interval": spread[0].tolist()}, "fnir": fnir}, outcome


def verify(embedded: Embedded, pairs: np.ndarray, same: np.ndarray, *, cohort: bool) -> dict[str, float]:
    """P2: accuracy (%) with a threshold cross-validated over ten folds, ROC-AUC, TAR (%) at FAR 0.1 %."""
    values = pair_scores(embedded, pairs, embedded.means if cohort else None)
    fold = np.zeros(len(same), int)
    for side in (True, False):
        fold[same == side] = np.arange((same == side).sum()) * FOLDS // (same == side).sum()
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


def pair_scores(embedded: Embedded, pairs: np.ndarray, means: np.ndarray | None) -> np.ndarray:
    """Scores (n,) of pairs of rows (n, 2); a pair without a face on either side scores lowest."""
    first, second = pairs.T
    values = (embedded.vectors[first] * embedded.vectors[second]).sum(1)
    if means is not None:
        values = values - (means[first] + means[second]) / 2
    return np.where(embedded.crops.found[first] & embedded.crops.found[second], values, -2.0)


def _best_threshold(values: np.ndarray, same: np.ndarray) -> float:
    order = np.argsort(-values)
    right = np.cumsum(np.where(same[order], 1, -1))
    return float(values[order][right.argmax()])


def area_under_roc(mated: np.ndarray, non_mated: np.ndarray) -> float:
    """Chance that a mated score is above a non-mated one, ties counting half."""
    order = np.sort(non_mated)
    below = np.searchsorted(order, mated, side="left") + np.searchsorted(order, mated, side="right")
    return float(below.mean() / (2 * len(order)))


def att(embedded: Embedded, *, cohort: bool) -> dict[str, float]:
    """P3: AT&T people 31 to 40, every photo enrolled in turn.

    Rank 1 (%) with N = 10, and ROC-AUC of all their pairs.
    """
    numbers = np.array([int(name.removeprefix("s")) for name in embedded.crops.people])
    rows = np.flatnonzero(numbers > ATT_UNSEEN)
    runs = [Run(rows[i::10], np.setdiff1d(rows, rows[i::10]), rows[:0]) for i in range(10)]
    means = embedded.means if cohort else None
    table = scores(embedded.vectors, rows, rows, means)
    table[~embedded.crops.found[rows]] = table[:, ~embedded.crops.found[rows]] = -2.0
    upper = np.triu_indices(len(rows), 1)
    same = (numbers[rows][:, None] == numbers[rows][None])[upper]
    hits = [_rank1(embedded, numbers, run, means) for run in runs]
    return {
        "rank1": 100 * float(np.mean(hits)),
        "auc": area_under_roc(table[upper][same], table[upper][~same]),
        "not_found": int((~embedded.crops.found[rows]).sum()),
    }


def _rank1(embedded: Embedded, numbers: np.ndarray, run: Run, means: np.ndarray | None) -> float:
    table = scores(embedded.vectors, run.mated, run.enrolled, means)
    right = numbers[run.enrolled][table.argmax(1)] == numbers[run.mated]
    return float((right & embedded.crops.found[run.mated]).mean())


@dataclass(frozen=True)
class Crowd:
    """Unlabelled development photos, each of another person: embeddings, cohort means and facts (n,)."""

    vectors: np.ndarray
    means: np.ndarray | None
    groups: Mapping[str, np.ndarray]


def crowd_groups(pictures: Pictures, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Names of groups and whether each row (n,) belongs: set with age, gender or race, and children of each set."""
    sets, ages, genders, races = (pictures.columns[name][rows] for name in ("set", "age", "gender", "race"))
    found: dict[str, np.ndarray] = {}
    for name in np.unique(sets):
        own = sets == name
        years = np.array([age_of(age) for age in ages.tolist()])
        for low, high, text in AGE_LIMITS:
            found[f"{name}, {text}"] = own & (years >= low) & (years <= high)
        adult = own & (years >= AGE_LIMITS[2][0])
        found[f"{name}, adults"] = adult
        for facts in (genders, races):
            for value in np.unique(facts[own]):
                if value:
                    found[f"{name}, adults, {value}"] = adult & (facts == value)
    return {name: member for name, member in found.items() if member.sum() > 1}


def age_of(text: str) -> int:
    """Years from `34`, `20-29` (the middle) or `more than 70`; -1 where unknown."""
    years = [int(part) for part in re.findall(r"\d+", text)]
    return sum(years) // len(years) if years else -1


def group_rates(crowd: Crowd, threshold: float, *, cohort: bool) -> dict[str, dict[str, float]]:
    """P4: FMR inside each group at `threshold`, and how many times GROUP_FMR that is."""
    means = crowd.means if cohort else None
    rates = {}
    for name, member in crowd.groups.items():
        rows = np.flatnonzero(member)
        values = scores(crowd.vectors, rows, rows, means)[np.triu_indices(len(rows), 1)]
        rate = float((values >= threshold).mean())
        rates[name] = {"photos": len(rows), "pairs": len(values), "fmr": rate, "times": rate / GROUP_FMR}
    return rates


def fmr_threshold(embedded: Embedded, *, cohort: bool) -> float:
    """The score that one in ten thousand comparisons of different LFW test people reaches."""
    rows = np.flatnonzero(embedded.crops.found)
    labels = numbered(embedded.crops.people)[rows]
    table = scores(embedded.vectors, rows, rows, embedded.means if cohort else None)
    return float(np.quantile(table[labels[:, None] != labels[None]], 1 - GROUP_FMR))


def realised(embedded: Embedded, model: ScoreModel, *, runs: int = 40, seed: int = 3) -> list[dict[str, Any]]:
    """FPIR that strangers among the test people realise at the card's thresholds, beside the target, for several N."""
    labels = numbered(embedded.crops.people)
    rows = np.flatnonzero(embedded.crops.found)
    table = []
    for size in SIZES:
        drawn = draw_runs(rows, labels, gallery=size, runs=runs, seed=seed)
        outcome = identify(embedded.vectors, labels, drawn, embedded.means)
        for target in TARGETS:
            threshold = model.threshold(size, target)
            low, high = _share_interval(outcome.strangers >= threshold, outcome.stranger_people)
            table.append(
                {
                    "enrolled": size,
                    "target": 100 * target,
                    "realised": 100 * float((outcome.strangers >= threshold).mean()),
                    "interval": [low, high],
                    "fnir": 100 * (1 - float((outcome.right & (outcome.mated >= threshold)).mean())),
                    "threshold": threshold,
                }
            )
    return table


def _share_interval(hit: np.ndarray, people: np.ndarray, rounds: int = 500) -> tuple[float, float]:
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
    """All test sets through one encoder, embedded once."""

    lfw: Embedded
    att: Embedded
    crowd: Crowd
    runs: Sequence[Run]
    pairs: np.ndarray
    same: np.ndarray


def measure(contender: Contender, folder: Path, pictures: Pictures) -> Measured:
    """Embed LFW's test people, AT&T and the unlabelled development photos."""
    lfw = embed_set(contender, test_crops(folder / "lfw_test.zip"))
    pairs, same = pair_protocol(folder / "protocols" / "lfw_pairs.csv", lfw.crops)
    rows = pictures.rows("dev", labelled=False)
    vectors = contender.embed(np.ascontiguousarray(centre_crop(pictures.pixels[rows], 112)))
    return Measured(
        lfw=lfw,
        att=embed_set(contender, test_crops(folder / "att_faces.zip")),
        crowd=Crowd(vectors, contender.means(vectors), crowd_groups(pictures, rows)),
        runs=open_protocol(folder / "protocols" / "lfw_open.csv", lfw.crops),
        pairs=pairs,
        same=same,
    )


def evaluate(measured: Measured) -> tuple[dict[str, Any], Outcome]:
    """All protocols but cost; P1's outcome with the cohort where there is one, for plots and sheets."""
    report: dict[str, Any] = {"not_found": int((~measured.lfw.crops.found).sum())}
    outcome = None
    for cohort in (False, True) if measured.lfw.means is not None else (False,):
        p1, outcome = open_set(measured.lfw, measured.runs, cohort=cohort)
        report["with cohort" if cohort else "plain"] = {
            "P1": p1,
            "P2": verify(measured.lfw, measured.pairs, measured.same, cohort=cohort),
            "P3": att(measured.att, cohort=cohort),
            "P4": group_rates(measured.crowd, fmr_threshold(measured.lfw, cohort=cohort), cohort=cohort),
        }
    assert outcome is not None  # noqa: S101 - the loop above runs at least once
    return report, outcome
