"""Samplers: what a step sees, and that a step always sees the same."""

import itertools

import numpy as np
import pytest

from train.data.sampling import (
    Epochs,
    Fixed,
    Groups,
    Joint,
    PeoplePhotos,
    balanced_pairs,
    nearest_strangers,
    random_triplets,
)
from train.errors import ManifestInvalid

LABELS = np.repeat(np.arange(10), 4)
ROWS = np.arange(40)


def test_epochs_cover_everything():
    """One epoch shows every row, the next in another order."""
    sampler = Epochs(ROWS, 8, seed=1)
    first, second = (np.concatenate([sampler(step) for step in steps]) for steps in (range(5), range(5, 10)))
    assert sorted(first) == sorted(second) == ROWS.tolist()
    assert first.tolist() != second.tolist()


def test_people_photos():
    """P people with K different photos each, and the same step gives the same rows."""
    sampler = PeoplePhotos(ROWS, LABELS, people=5, photos=3, seed=2)
    rows = sampler(7)
    assert np.unique(LABELS[rows], return_counts=True)[1].tolist() == [3] * 5
    assert len(set(rows.tolist())) == 15
    assert rows.tolist() == sampler(7).tolist()
    assert rows.tolist() != sampler(8).tolist()


def test_people_with_few_photos_repeat_them():
    """A person with two photos gives K = 4 by showing each twice."""
    sampler = PeoplePhotos(np.arange(4), np.array([0, 0, 1, 1]), people=2, photos=4, seed=1)
    assert np.unique(sampler(0), return_counts=True)[1].tolist() == [2, 2, 2, 2]


def test_one_photo_each_is_refused():
    """People with a single photo have no positive: one clear line."""
    with pytest.raises(ManifestInvalid, match="0 found"):
        PeoplePhotos(np.arange(5), np.arange(5), people=2, photos=2, seed=1)


def test_groups_are_look_alikes():
    """A step of groups holds rows and neighbours of theirs, none twice."""
    rows = np.arange(100, 120)
    neighbours = rows[(np.arange(20)[:, None] + [1, 2, 3]) % 20]
    chosen = Groups(rows, neighbours, size=12, group=4, seed=3)(0)
    assert len(set(chosen.tolist())) == 12
    near = sum(abs(int(a) - int(b)) <= 3 for a, b in itertools.pairwise(chosen))
    assert near >= 6


def test_joint_keeps_order():
    """A joint batch is its parts, one after the other."""
    parts = [Epochs(ROWS, 4, 1), Epochs(ROWS + 100, 4, 1)]
    assert Joint(parts)(3).tolist() == [*parts[0](3), *parts[1](3)]


def test_balanced_pairs():
    """Half of the pairs are of one class, classes come first equally often, and no picture meets itself."""
    pairs = balanced_pairs(ROWS, LABELS, 200, seed=4)
    assert (LABELS[pairs[:, 0]] == LABELS[pairs[:, 1]]).sum() == 100
    assert np.bincount(LABELS[pairs[:, 0]]).tolist() == [20] * 10
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_random_triplets():
    """Anchor and positive share a class and differ; the negative is of another."""
    anchor, positive, negative = LABELS[(table := random_triplets(ROWS, LABELS, 100, seed=5))].T
    assert (anchor == positive).all()
    assert (anchor != negative).all()
    assert (table[:, 0] != table[:, 1]).all()


def test_one_class_has_no_pairs():
    """A set of one class is refused."""
    with pytest.raises(ManifestInvalid, match="two classes"):
        balanced_pairs(np.arange(4), np.zeros(4, int), 10, seed=1)


def test_fixed_points_stay_together():
    """A table of points is dealt whole points, each once an epoch."""
    points = np.arange(30).reshape(10, 3)
    dealt = np.concatenate([Fixed(points, 5, seed=1)(step).reshape(-1, 3) for step in range(2)])
    assert sorted(map(tuple, dealt.tolist())) == sorted(map(tuple, points.tolist()))


def test_nearest_strangers_equal_brute_force():
    """FAISS finds what a full matrix finds: most alike first, own person and self left out."""
    random = np.random.default_rng(6)
    vectors = random.normal(size=(40, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = vectors @ vectors.T
    cosine[LABELS[:, None] == LABELS[None]] = -2
    expected = np.argsort(-cosine, axis=1)[:, :5]
    assert nearest_strangers(vectors, LABELS, 5).tolist() == expected.tolist()


def test_nearest_strangers_of_the_unlabelled():
    """Unlabelled rows are strangers to each other, but not to themselves."""
    vectors = np.eye(4, dtype=np.float32)
    found = nearest_strangers(vectors, np.full(4, -1), 2)
    assert all(row not in near for row, near in enumerate(found.tolist()))
