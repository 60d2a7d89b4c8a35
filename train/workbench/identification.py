"""Closed-set identification: every person's first picture is enrolled, each other one asks whose it is."""

from dataclasses import dataclass

import numpy as np

from train.data.sampling import UNLABELLED
from train.errors import ManifestInvalid
from train.workbench.distance import Distance
from train.workbench.verification import wilson

NUMBERS = 10_000_000  # of embeddings that are compared at once: long ones would fill the memory


@dataclass(frozen=True)
class Task:
    """Who is asked about: rows of the enrolled pictures (p,), one a person, and of the probes (n,)."""

    enrolled: np.ndarray
    probes: np.ndarray

    def __post_init__(self) -> None:
        if len(self.enrolled) < 2 or not len(self.probes):  # noqa: PLR2004 - one person alone is always right
            raise ManifestInvalid("identification", "expected two people or more and one further picture of them")


@dataclass(frozen=True)
class Identified:
    """How many probes were nearest to their own person, with the 95 % Wilson interval; chance is one in `people`."""

    people: int
    probes: int
    rank1: float
    interval: tuple[float, float]
    chance: float


def identification_task(rows: np.ndarray, labels: np.ndarray) -> Task:
    """The first of each person's rows, in their order, is enrolled; a person with one picture asks nothing."""
    known = rows[labels[rows] != UNLABELLED]
    firsts = np.sort(np.unique(labels[known], return_index=True)[1])
    return Task(known[firsts], np.delete(known, firsts))


def identify(task: Task, labels: np.ndarray, embeddings: np.ndarray, distance: Distance) -> Identified:
    """Rank 1 of the probes; `labels` (n,) and `embeddings` (n, d) are of all rows. Of equals the first enrolled wins.

    A probe whose nearest distance is no number is wrong.
    """
    people = labels[task.enrolled]
    gallery = embeddings[task.enrolled]
    right, at_once = 0, max(1, NUMBERS // gallery.size)
    for start in range(0, len(task.probes), at_once):
        probes = task.probes[start : start + at_once]
        table = distance(np.repeat(embeddings[probes], len(people), axis=0), np.tile(gallery, (len(probes), 1)))
        table = np.nan_to_num(table.reshape(len(probes), len(people)), nan=np.inf)
        right += int(((people[table.argmin(1)] == labels[probes]) & np.isfinite(table.min(1))).sum())
    return Identified(
        len(people), len(task.probes), right / len(task.probes), wilson(right, len(task.probes)), 1 / len(people)
    )
