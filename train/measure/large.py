"""`attendance train eval --realised N`: does the card's threshold keep its promise where thousands are enrolled?

One photo each of N people enrols, whether or not there is a second one; everybody else is a stranger with all photos.
What the product adds to the threshold (`guard_people`, crowding) is left out, as it is in the table for small
galleries. Development people are those that the card was calibrated on, but for the unlabelled photos of FairFace and
All-Age-Faces, of whom some are there twice under two names: they count as false matches here. Test people are nobody's
calibration; but photos that resembled one of them were taken out of all training sets, so a gallery of development
faces holds fewer look-alikes of theirs than one of anybody would.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from enroll.card import ScoreModel
from train.data.faces import cache_folder
from train.data.pictures import UNLABELLED, Pictures
from train.errors import ManifestInvalid
from train.measure.protocols import embed_set, realised_at
from train.measure.testsets import test_crops
from train.score.embedding import kept_vectors
from train.score.encoders import Carded
from train.score.openset import Run, identify
from train.score.scoring import Scoring

RUNS = 20
SEED = 6
FEWEST = 100  # people who are left as strangers


@dataclass(frozen=True)
class Part:
    """Who may be enrolled and who comes as a stranger: rows (n,) of each, by a name that a reader understands.

    A person is in both where the two are the same people.
    """

    name: str
    enrolled: np.ndarray
    strangers: np.ndarray


@dataclass(frozen=True)
class Faces:
    """Faces of all parts through one encoder, and whose they are (n,)."""

    scoring: Scoring
    people: np.ndarray
    parts: tuple[Part, ...]

    def left(self, part: Part, size: int) -> int:
        """How many people are left as strangers at least when so many are enrolled; none where there are too few."""
        able, others = (np.unique(self.people[rows]) for rows in (part.enrolled, part.strangers))
        return len(others) - min(size, len(np.intersect1d(able, others))) if size <= len(able) else 0

    def draw(self, part: Part, size: int, *, runs: int, seed: int) -> Iterator[Run]:
        """Random galleries of so many people, one random photo each; their other photos are mated probes."""
        random = np.random.default_rng(seed)
        able = np.unique(self.people[part.enrolled])
        for _ in range(runs):
            chosen = random.permutation(able)[:size]
            photos = random.permutation(part.enrolled[np.isin(self.people[part.enrolled], chosen)])
            one_each = photos[np.unique(self.people[photos], return_index=True)[1]]
            strangers = part.strangers[~np.isin(self.people[part.strangers], chosen)]
            yield Run(one_each, np.setdiff1d(photos, one_each), strangers)


def dev_faces(contender: Carded, pictures: Pictures) -> Faces:
    """Development people: those with a label, those without, and all of them."""
    rows = pictures.rows("dev")
    labels = pictures.labels[rows]
    vectors = kept_vectors(contender, pictures, rows, cache_folder())
    everybody, known = np.arange(len(rows)), labels != UNLABELLED
    members = {
        "development people with a label": np.flatnonzero(known),
        "development faces without one": np.flatnonzero(~known),
        "all development faces": everybody,
    }
    parts = tuple(Part(name, own, own) for name, own in members.items())
    return Faces(contender.scorings(vectors)["with cohort"], _everybody(labels), parts)


def test_faces(contender: Carded, folder: Path, pictures: Pictures) -> Faces:
    """LFW's test people among themselves, and before a gallery of development faces."""
    rows = pictures.rows("dev")
    developers = kept_vectors(contender, pictures, rows, cache_folder())
    lfw = embed_set(contender, test_crops(folder / "lfw_test.zip"))
    people = _everybody(pictures.labels[rows])
    tested = len(rows) + np.flatnonzero(lfw.crops.found)
    parts = (
        Part("test people", tested, tested),
        Part("development faces, strangers test people", np.arange(len(rows)), tested),
    )
    scoring = contender.scorings(np.concatenate([developers, lfw.vectors]))["with cohort"]
    return Faces(scoring, np.concatenate([people, lfw.labels + people.max() + 1]), parts)


test_faces.__test__ = False  # type: ignore[attr-defined]  # pytest: not a test


def _everybody(labels: np.ndarray) -> np.ndarray:
    """Labels (n,) in which each photo without one is a person of its own."""
    alone = np.flatnonzero(labels == UNLABELLED)
    people = labels.copy()
    people[alone] = labels.max(initial=UNLABELLED) + 1 + np.arange(len(alone))
    return people


def realised_large(
    faces: Faces, model: ScoreModel, sizes: Sequence[int], *, runs: int = RUNS, seed: int = SEED
) -> list[dict[str, Any]]:
    """FPIR realised at the card's thresholds for each part and size that leaves FEWEST strangers or more.

    Raises ManifestInvalid where no part does.
    """
    table = []
    for part in faces.parts:
        for size in sizes:
            left = faces.left(part, size)
            if left < FEWEST:
                continue
            drawn = list(faces.draw(part, size, runs=runs, seed=seed))
            outcome = identify(faces.scoring.vectors, faces.people, drawn, faces.scoring.offsets)
            facts = {"people": part.name, "strangers": left}
            table += [{**facts, **row} for row in realised_at(outcome, model, size)]
    if not table:
        raise ManifestInvalid("galleries", f"nobody, or fewer than {FEWEST}, would be left as strangers of {sizes}")
    return table
