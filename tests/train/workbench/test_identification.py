"""Who is nearest: rank 1 against a naive double loop, who is enrolled, and what counts as wrong."""

import numpy as np
import pytest

pytest.importorskip("torch")

from train.errors import ManifestInvalid
from train.workbench import identification
from train.workbench.distance import euclidean, unit
from train.workbench.identification import identification_task, identify


@pytest.fixture
def people():
    """Nine people with one to five pictures each in mixed order, embeddings (n, 4) near their person's own."""
    random = np.random.default_rng(11)
    labels = random.permutation(np.repeat(np.arange(9), [1, 2, 3, 4, 5, 2, 3, 4, 5]))
    centres = random.normal(0, 1, (9, 4))
    return labels, centres[labels] + random.normal(0, 0.7, (len(labels), 4))


def test_the_first_picture_of_each_is_enrolled(people):
    """Everybody is enrolled once, with the picture that comes first among the rows; all others are probes."""
    labels, _ = people
    rows = np.arange(4, len(labels))
    task = identification_task(rows, labels)
    firsts = {int(label): int(rows[labels[rows] == label][0]) for label in np.unique(labels[rows])}
    assert sorted(firsts.values()) == task.enrolled.tolist()
    assert sorted(set(rows.tolist()) - set(firsts.values())) == task.probes.tolist()


@pytest.mark.parametrize("distance", [euclidean, unit])
def test_rank_1_counts_the_nearest(people, distance):
    """The share of probes whose nearest enrolled picture is of their person equals a naive double loop's."""
    labels, embeddings = people
    task = identification_task(np.arange(len(labels)), labels)
    right = 0
    for probe in task.probes:
        apart = [float(distance(embeddings[[probe]], embeddings[[row]])[0]) for row in task.enrolled]
        right += labels[task.enrolled[apart.index(min(apart))]] == labels[probe]
    found = identify(task, labels, embeddings, distance)
    assert 0 < right < len(task.probes)
    assert (9, 20, right / 20, 1 / 9) == (found.people, found.probes, found.rank1, found.chance)
    assert found.interval[0] < found.rank1 < found.interval[1]


def test_many_probes_are_asked_in_parts(monkeypatch):
    """More probes than go at once are all asked: perfect embeddings find everybody."""
    monkeypatch.setattr(identification, "NUMBERS", 50 * 50 * 7)
    labels = np.repeat(np.arange(50), 4)
    found = identify(identification_task(np.arange(200), labels), labels, np.eye(50)[labels], euclidean)
    assert (150, 1.0) == (found.probes, found.rank1)


def test_no_number_is_wrong(people):
    """Embeddings that are no numbers find nobody, and a picture without a person is neither enrolled nor a probe."""
    labels, embeddings = people
    broken = np.full_like(embeddings, np.nan)
    assert 0 == identify(identification_task(np.arange(len(labels)), labels), labels, broken, euclidean).rank1
    unknown = np.where(labels == 4, -1, labels)
    task = identification_task(np.arange(len(labels)), unknown)
    assert set(np.flatnonzero(unknown >= 0)) == {*task.enrolled.tolist(), *task.probes.tolist()}


def test_there_must_be_somebody_to_ask_about():
    """One person alone, or nobody with a second picture, is no task."""
    for labels in (np.array([0, 0, 0]), np.array([0, 1, 2])):
        with pytest.raises(ManifestInvalid, match="two people or more"):
            identification_task(np.arange(3), labels)
