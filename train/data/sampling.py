"""Which rows a step sees. A sampler is a pure function of the step number.

So a resumed run continues where it stood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator

from train.errors import ManifestInvalid

UNLABELLED = -1


class Sampler(Protocol):
    """Row numbers (n,) of a step; the same step always gives the same rows."""

    def __call__(self, step: int) -> np.ndarray: ...


def seeded(seed: int, *where: int) -> Generator:
    """A generator that belongs to one place of a run: (seed, stage, step, ...)."""
    return np.random.default_rng([seed, *where])


@dataclass(frozen=True)
class Epochs:
    """Every row once an epoch, in a new order each time.

    A short rest at the end of an epoch is filled from its start.
    """

    rows: np.ndarray
    size: int
    seed: int

    def __call__(self, step: int) -> np.ndarray:
        steps = -(-len(self.rows) // self.size)
        order = seeded(self.seed, step // steps).permutation(self.rows)
        at = (step % steps) * self.size
        return np.take(order, range(at, at + self.size), mode="wrap")


class PeoplePhotos:
    """P people with K photos each; people with fewer photos repeat some (augmentation tells the copies apart).

    With `neighbours` (people, k) of person numbers, a step takes `group` look-alikes instead of one at random:
    hard negatives mined over the whole set.
    """

    def __init__(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        people: int,
        photos: int,
        seed: int,
        *,
        neighbours: np.ndarray | None = None,
        group: int = 1,
    ) -> None:
        order = np.argsort(labels[rows], kind="stable")
        self.people_labels, starts = np.unique(labels[rows][order], return_index=True)
        self.photos_of = np.split(rows[order], starts[1:])
        several = np.flatnonzero([len(own) > 1 for own in self.photos_of])
        if len(several) < people:
            raise ManifestInvalid("sampling", f"{people} people with two photos or more wanted, {len(several)} found")
        self.several, self.people, self.photos, self.seed = several, people, photos, seed
        self.neighbours, self.group = neighbours, group

    def __call__(self, step: int) -> np.ndarray:
        random = seeded(self.seed, step)
        return np.concatenate([self._photos(person, random) for person in self._people(random)])

    def _people(self, random: Generator) -> list[int]:
        if self.neighbours is None:
            return [int(person) for person in random.choice(self.several, self.people, replace=False)]
        chosen: dict[int, None] = {}
        while len(chosen) < self.people:
            start = int(random.choice(self.several))
            near = random.permutation(self.neighbours[start])[: self.group - 1].tolist()
            chosen.update(dict.fromkeys([start, *near]))
        return list(chosen)[: self.people]

    def _photos(self, person: int, random: Generator) -> np.ndarray:
        own = self.photos_of[person]
        return random.permutation(np.tile(own, -(-self.photos // len(own))) if len(own) < self.photos else own)[
            : self.photos
        ]


@dataclass(frozen=True)
class Groups:
    """`size` rows as groups of look-alikes.

    A random row of `rows` and rows drawn from its `neighbours` (n, k), as row numbers.
    """

    rows: np.ndarray
    neighbours: np.ndarray
    size: int
    group: int
    seed: int

    def __call__(self, step: int) -> np.ndarray:
        random = seeded(self.seed, step)
        chosen: dict[int, None] = {}
        while len(chosen) < self.size:
            at = int(random.integers(len(self.rows)))
            near = random.permutation(self.neighbours[at])[: self.group - 1].tolist()
            chosen.update(dict.fromkeys([int(self.rows[at]), *near]))
        return np.array(list(chosen)[: self.size])


@dataclass(frozen=True)
class Fixed:
    """A table of points (n, width), one point a row of pictures (pairs: 2, triplets: 3).

    `size` points a step, epoch by epoch.
    """

    points: np.ndarray
    size: int
    seed: int

    def __call__(self, step: int) -> np.ndarray:
        chosen = Epochs(np.arange(len(self.points)), self.size, self.seed)(step)
        return np.asarray(self.points[chosen].ravel())


@dataclass(frozen=True)
class Joint:
    """Several samplers' rows in one batch, in their order."""

    parts: Sequence[Sampler]

    def __call__(self, step: int) -> np.ndarray:
        return np.concatenate([part(step) for part in self.parts])


def balanced_pairs(rows: np.ndarray, labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` pairs of rows (count, 2), half of one class and half of two, every class equally often in first place."""
    random = seeded(seed)
    of_class = _rows_by_class(rows, labels)
    classes = sorted(of_class)
    points = []
    for i in range(count):
        first = classes[(i // 2) % len(classes)]
        second = first if i % 2 == 0 else int(random.choice([c for c in classes if c != first]))
        a = int(random.choice(of_class[first]))
        points.append((a, _another(of_class[second], a, random)))
    return random.permutation(np.array(points))


def _another(own: np.ndarray, taken: int, random: Generator) -> int:
    """One of the rows, any but `taken`."""
    at = int(random.integers(len(own)))
    if own[at] == taken:
        at = (at + 1 + int(random.integers(len(own) - 1))) % len(own)
    return int(own[at])


def random_triplets(rows: np.ndarray, labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` triplets of rows (count, 3): anchor, another of its class, one of another class.

    Classes equally often.
    """
    random = seeded(seed)
    of_class = _rows_by_class(rows, labels)
    classes = sorted(of_class)
    points = []
    for i in range(count):
        own = classes[i % len(classes)]
        other = int(random.choice([c for c in classes if c != own]))
        anchor, positive = random.choice(of_class[own], 2, replace=False)
        points.append((anchor, positive, random.choice(of_class[other])))
    return random.permutation(np.array(points))


def _rows_by_class(rows: np.ndarray, labels: np.ndarray) -> dict[int, np.ndarray]:
    known = rows[labels[rows] != UNLABELLED]
    found = {int(c): known[labels[known] == c] for c in np.unique(labels[known])}
    several = {c: own for c, own in found.items() if len(own) > 1}
    if len(several) < 2:  # noqa: PLR2004 - one class alone has no pair of two
        raise ManifestInvalid("sampling", "expected two classes or more with two pictures or more each")
    return several


def nearest_strangers(embeddings: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """For each unit embedding (n, d) the `count` most similar rows (n, count) of other people.

    By exact search with FAISS.
    """
    import faiss

    if len(embeddings) <= count:
        raise ManifestInvalid("sampling", f"{count} strangers each wanted, {len(embeddings)} pictures given")
    index = faiss.IndexFlatIP(embeddings.shape[1])
    index.add(np.ascontiguousarray(embeddings, dtype=np.float32))
    depth = min(len(embeddings), count + 1 + _most_photos(labels))
    found = index.search(np.ascontiguousarray(embeddings, dtype=np.float32), depth)[1]
    own = (labels[found] == labels[:, None]) & (labels[:, None] != UNLABELLED) | (
        found == np.arange(len(found))[:, None]
    )
    order = np.argsort(own, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(found, order, axis=1)


def _most_photos(labels: np.ndarray) -> int:
    known = labels[labels != UNLABELLED]
    return int(np.unique(known, return_counts=True)[1].max()) if len(known) else 0
