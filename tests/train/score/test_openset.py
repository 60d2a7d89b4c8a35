"""Open-set figures against plain loops."""

import numpy as np
import pytest

from train.errors import ManifestInvalid
from train.score.openset import (
    Level,
    Outcome,
    Run,
    cohort_means,
    draw_runs,
    figures,
    identify,
    intervals,
    scores,
    spherical_kmeans,
)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def people():
    random = np.random.default_rng(3)
    labels = np.repeat(np.arange(20), 3)
    centres = random.normal(size=(20, 8))
    return unit(centres[labels] + random.normal(0, 0.5, (60, 8))).astype(np.float32), labels


def test_a_gallery_of_everybody_is_refused(people):
    """Where every person would be enrolled, no stranger is left to measure."""
    _, labels = people
    with pytest.raises(ManifestInvalid, match="all 20 people would be enrolled"):
        draw_runs(np.arange(60), labels, gallery=400, runs=1, seed=1)


def test_drawn_runs_are_open_sets(people):
    """One photo enrolled a person, their others are mated probes, nobody enrolled is a stranger."""
    _, labels = people
    for run in draw_runs(np.arange(60), labels, gallery=12, runs=3, seed=1):
        assert len(set(labels[run.enrolled])) == len(run.enrolled) == 12
        assert set(labels[run.mated]) == set(labels[run.enrolled])
        assert not set(labels[run.strangers]) & set(labels[run.enrolled])
        assert sorted([*run.enrolled, *run.mated, *run.strangers]) == list(range(60))


def test_identify_equals_loops(people):
    """Best candidate, best score and rightness of every probe, as a double loop finds them."""
    vectors, labels = people
    run = draw_runs(np.arange(60), labels, gallery=10, runs=1, seed=2)[0]
    means = np.linspace(0, 0.3, 60)
    outcome = identify(vectors, labels, [run], means)
    for i, probe in enumerate(run.mated):
        values = [vectors[probe] @ vectors[e] - (means[probe] + means[e]) / 2 for e in run.enrolled]
        assert outcome.mated[i] == pytest.approx(max(values), abs=1e-5)
        assert outcome.right[i] == (labels[run.enrolled[int(np.argmax(values))]] == labels[probe])


def test_a_photo_without_a_face_is_a_miss(people):
    """A probe without a face is never right; a person enrolled without a face is never named."""
    vectors, labels = people
    found = np.ones(60, bool)
    run = Run(np.array([0, 3]), np.array([1, 4]), np.array([6]))
    found[[1, 3]] = False
    outcome = identify(vectors, labels, [run], None, found)
    assert outcome.right.tolist() == [False, False]
    assert outcome.mated[0] == -np.inf
    assert outcome.strangers[0] == pytest.approx(float(vectors[6] @ vectors[0]), abs=1e-5)


def test_a_vector_of_nan_spoils_nobody_else(people):
    """One enrolled photo without a vector is never named, and others are found as if it were not there."""
    vectors, labels = people
    broken = vectors.copy()
    broken[3] = np.nan
    found = np.arange(60) != 3
    run = Run(np.array([0, 3]), np.array([1, 4]), np.array([6]))
    expected, actual = identify(vectors, labels, [run], None, found), identify(broken, labels, [run])
    assert expected.mated == pytest.approx(actual.mated)
    assert expected.right.tolist() == actual.right.tolist() == [True, False]
    assert expected.strangers == pytest.approx(actual.strangers)


def test_figures_by_hand():
    """Of 100 strangers one may pass at FPIR 1 %: the threshold is the second highest, and hits must exceed it."""
    strangers = np.arange(100) / 100
    outcome = Outcome(
        np.array([0.985, 0.97, 0.99, 0.2]), np.array([True, True, False, True]), strangers, np.arange(4), np.arange(100)
    )
    result = figures(outcome, (0.01,))
    assert result.thresholds[0] == pytest.approx(0.98)
    assert result.rank1 == pytest.approx(75)
    assert result.fnir[0] == pytest.approx(75)


def test_intervals_hold_the_figure(people):
    """The figure lies inside its bootstrap interval."""
    vectors, labels = people
    outcome = identify(vectors, labels, draw_runs(np.arange(60), labels, gallery=10, runs=5, seed=4))
    spread = intervals(outcome, (0.1,), rounds=100)
    value = figures(outcome, (0.1,)).fnir[0]
    assert spread[1][0] <= value <= spread[1][1]


def test_cohort_means_equal_a_sort(people):
    """The mean of the k highest cosines, as sorting finds it."""
    vectors, _ = people
    expected = np.sort(vectors @ vectors[:20].T, axis=1)[:, -5:].mean(1)
    assert cohort_means(vectors, vectors[:20], 5) == pytest.approx(expected, abs=1e-6)


def test_cohort_means_are_measured_from_a_level(people):
    """A share of the centre is taken off both, and means below the floor are lifted to it, as done one by one."""
    vectors, _ = people
    centre = 0.4 * vectors[:7].mean(0)
    rows = [(row - centre) / np.linalg.norm(row - centre) for row in vectors[:20]]
    probes = [(vector - centre) / np.linalg.norm(vector - centre) for vector in vectors]
    plain = [np.mean(sorted(float(row @ probe) for row in rows)[-5:]) for probe in probes]
    floor = float(np.median(plain))
    found = cohort_means(vectors, vectors[:20], 5, Level(7, 0.4, floor))
    assert found == pytest.approx([max(mean, floor) for mean in plain], abs=1e-6)


def test_centroids_are_unit_float16(people):
    """The cohort is what the card stores: unit length, 16 bits."""
    centroids = spherical_kmeans(people[0], 5)
    assert centroids.dtype == np.float16
    assert np.linalg.norm(centroids.astype(np.float32), axis=1) == pytest.approx(1, abs=2e-3)


def test_scores_are_symmetric(people):
    """Who is enrolled and who is probe does not change a score."""
    vectors, _ = people
    means = np.linspace(0, 1, 60)
    rows = np.arange(60)
    assert scores(vectors, rows, rows, means) == pytest.approx(scores(vectors, rows, rows, means).T, abs=1e-6)
