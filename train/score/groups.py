"""P4: false matches by group, on unlabelled development photos that each show another person."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from train.data.pictures import Pictures
from train.score.openset import scores
from train.score.scoring import Scoring

GROUP_FMR = 1e-4
AGE_LIMITS = ((0, 12, "under 13"), (13, 17, "13-17"), (18, 59, "18-59"), (60, 200, "60 and over"))
ADULT = 18


@dataclass(frozen=True)
class Crowd:
    """Unlabelled development photos, each of another person: vectors (n, d), and which rows belong to each group."""

    vectors: np.ndarray
    scorings: Mapping[str, Scoring]
    groups: Mapping[str, np.ndarray]


def crowd_groups(pictures: Pictures, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Names of groups and whether each row (n,) belongs: set with age, gender or race, and children of each set."""
    sets, ages, genders, races = (pictures.columns[name][rows] for name in ("set", "age", "gender", "race"))
    years = np.array([age_of(age) for age in ages.tolist()])
    found: dict[str, np.ndarray] = {}
    for name in np.unique(sets):
        own = sets == name
        for low, high, text in AGE_LIMITS:
            found[f"{name}, {text}"] = own & (years >= low) & (years <= high)
        adult = own & (years >= ADULT)
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


def group_rates(scoring: Scoring, groups: Mapping[str, np.ndarray], threshold: float) -> dict[str, dict[str, float]]:
    """FMR inside each group at `threshold`, and how many times GROUP_FMR that is."""
    rates = {}
    for name, member in groups.items():
        rows = np.flatnonzero(member)
        values = scores(scoring.vectors, rows, rows, scoring.offsets)[np.triu_indices(len(rows), 1)]
        rate = float((values >= threshold).mean())
        rates[name] = {"photos": len(rows), "pairs": len(values), "fmr": rate, "times": rate / GROUP_FMR}
    return rates


def fmr_threshold(scoring: Scoring, labels: np.ndarray, rows: np.ndarray) -> float:
    """The score that one in ten thousand comparisons of different people among `rows` reaches."""
    table = scores(scoring.vectors, rows, rows, scoring.offsets)
    own = labels[rows]
    return float(np.quantile(table[own[:, None] != own[None]], 1 - GROUP_FMR))
