"""Points of more than two pictures: quadruplets, triples to ask about, and triplets mined over the whole set."""

import numpy as np

from train.data.sampling import nearest_strangers, random_triplets, seeded
from train.errors import ManifestInvalid

THREE = 3


def random_quadruplets(rows: np.ndarray, labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """`count` quadruplets of rows (count, 4): a random triplet and a row of a third class."""
    if len(np.unique(labels[rows])) < THREE:
        raise ManifestInvalid("sampling", "quadruplets need three classes or more")
    random = seeded(seed, 4)
    triplets = random_triplets(rows, labels, count, seed)
    others = [_of_third_class(rows, labels, labels[[a, n]], random) for a, _, n in triplets]
    return np.column_stack([triplets, others])


def _of_third_class(rows: np.ndarray, labels: np.ndarray, taken: np.ndarray, random: np.random.Generator) -> int:
    while True:
        row = int(random.choice(rows))
        if labels[row] not in taken:
            return row


def balanced_triples(rows: np.ndarray, labels: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` triples of rows (count, 3) and whether at least two are of one class (count,), half of them so.

    A positive holds two of one class and one of another in random places; a negative three different classes.
    Classes come equally often.
    """
    classes = np.unique(labels[rows])
    if len(classes) < THREE:
        raise ManifestInvalid("sampling", "triples need three classes or more")
    of_class = {int(c): rows[labels[rows] == c] for c in classes}
    random = seeded(seed, THREE)
    points, alike = [], []
    for i in range(count):
        first = int(classes[(i // 2) % len(classes)])
        second, third = (int(c) for c in random.choice(classes[classes != first], 2, replace=False))
        positive = i % 2 == 0 and len(of_class[first]) > 1
        own = random.choice(of_class[first], 2 if positive else 1, replace=False).tolist()
        own += [int(random.choice(of_class[c])) for c in ((second,) if positive else (second, third))]
        points.append(random.permutation(own))
        alike.append(positive)
    order = random.permutation(count)
    return np.array(points)[order], np.array(alike)[order]


def mined_triplets(
    embeddings: np.ndarray, rows: np.ndarray, labels: np.ndarray, count: int, nearest: int, seed: int
) -> np.ndarray:
    """`count` triplets of rows (count, 3) whose negatives are among the anchor's `nearest` strangers in the whole set.

    `embeddings` (len(rows), d) belong to `rows`; exact search with FAISS on their unit vectors.
    """
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    strangers = rows[nearest_strangers(unit.astype(np.float32), labels[rows], nearest)]
    place = {int(row): i for i, row in enumerate(rows)}
    triplets = random_triplets(rows, labels, count, seed)
    random = seeded(seed, 5)
    hard = [random.choice(strangers[place[int(anchor)]]) for anchor in triplets[:, 0]]
    return np.column_stack([triplets[:, :2], hard])
