"""Differences between contenders, drawn on the same people, against plain loops."""

from dataclasses import replace

import numpy as np
import pytest

from train.errors import ManifestInvalid
from train.measure.paired import (
    Draws,
    Pairs,
    Searches,
    compare,
    difference,
    differences,
    draw_figures,
    draw_people,
    thresholds_at,
    verdict,
)
from train.measure.protocols import Embedded, verify
from train.measure.testsets import TestCrops
from train.score.openset import MISSED, Outcome, draw_runs, figures, identify
from train.score.scoring import Scoring, unit

FPIRS = (0.1, 0.03)
PEOPLE = 60
PHOTOS = 4


def vectors_of(random, noise):
    """Sixty people with four photos each; the noise decides how good the encoder is."""
    centres = np.random.default_rng(1).normal(size=(PEOPLE, 8))
    return unit(np.repeat(centres, PHOTOS, 0) + random.normal(0, noise, (PEOPLE * PHOTOS, 8)))


def searches(noise, seed, found=None):
    """Four galleries of thirty people, the same for every contender."""
    labels = np.repeat(np.arange(PEOPLE), PHOTOS)
    runs = draw_runs(np.arange(len(labels)), labels, gallery=30, runs=4, seed=2)
    outcome = identify(vectors_of(np.random.default_rng(seed), noise), labels, runs, found=found)
    return Searches(outcome, FPIRS)


def pairs(noise, seed):
    """Pairs of one person and of two; people of several pairs among them."""
    vectors = vectors_of(np.random.default_rng(seed), noise)
    random = np.random.default_rng(4)
    first = random.integers(PEOPLE * PHOTOS, size=240)
    second = np.where(np.arange(240) < 120, first // PHOTOS * PHOTOS + (first + 1) % PHOTOS, (first + 37) % 240)
    rows = np.stack([first, second], 1)
    people = rows // PHOTOS
    return Pairs((vectors[first] * vectors[second]).sum(1), people[:, 0] == people[:, 1], people), rows, vectors


def drawn(evidence, rounds=100, seed=5):
    return draw_figures({("P1", "plain"): evidence}, rounds=rounds, seed=seed)


def repeated(outcome, people, counts):
    """The trials of an outcome written out as often as their people were drawn."""
    times = dict(zip(people.tolist(), counts.astype(int).tolist(), strict=True))
    mated = [i for i, person in enumerate(outcome.mated_people.tolist()) for _ in range(times[person])]
    others = [i for i, person in enumerate(outcome.stranger_people.tolist()) for _ in range(times[person])]
    return Outcome(
        outcome.mated[mated],
        outcome.right[mated],
        outcome.strangers[others],
        outcome.mated_people[mated],
        outcome.stranger_people[others],
    )


def test_searches_equal_a_naive_loop():
    """Each draw's figures are those of a set in which the people drawn are written out with all their photos."""
    evidence = searches(0.9, 6)
    draws = draw_people(evidence, rounds=30, seed=3)
    actual = evidence.figures(draws)
    for i, counts in enumerate(draws.counts):
        expected = figures(repeated(evidence.outcome, draws.people, counts), FPIRS)
        assert expected.rank1 == pytest.approx(actual["rank 1"][i])
        assert expected.fnir == pytest.approx([actual[f"FNIR at FPIR {fpir:.1%}"][i] for fpir in FPIRS])


def test_differences_equal_a_naive_loop():
    """Value, difference and percentiles of the draws, as a loop over draws finds them."""
    one, two = searches(0.9, 6), searches(0.8, 7)
    draws = draw_people(one, rounds=50, seed=5)
    changes = []
    for counts in draws.counts:
        each = [figures(repeated(e.outcome, draws.people, counts), FPIRS).fnir[1] for e in (one, two)]
        changes.append(each[1] - each[0])
    row = next(r for r in differences(drawn(one, 50), drawn(two, 50)) if r["figure"] == "FNIR at FPIR 3.0%")
    assert changes[0] == pytest.approx(row["difference"])
    assert figures(two.outcome, FPIRS).fnir[1] == pytest.approx(row["value"])
    assert figures(one.outcome, FPIRS).fnir[1] == pytest.approx(row["reference"])
    assert np.percentile(changes[1:], [2.5, 97.5]) == pytest.approx([row["low"], row["high"]])


def test_pairs_equal_a_naive_loop():
    """Accuracy and TAR of each draw, with thresholds of the draw: a non-mated pair counts as both its people do."""
    evidence, _, _ = pairs(0.9, 6)
    draws = draw_people(evidence, rounds=10, seed=3)
    actual = evidence.figures(draws)
    for i, counts in enumerate(draws.counts):
        accuracy, tar = _pairs_by_loop(evidence, counts[np.searchsorted(draws.people, evidence.people)])
        assert accuracy == pytest.approx(actual["accuracy"][i])
        assert tar == pytest.approx(actual["TAR at FAR 0.1%"][i])


def _pairs_by_loop(evidence, counts):
    values, same = evidence.values, evidence.same
    weights = [a if s else a * b for (a, b), s in zip(counts, same, strict=True)]
    folds = [i * 10 // 120 for i in range(120)] * 2
    shares = []
    for fold in range(10):
        best = max(
            sorted(set(values[[f != fold for f in folds]]), reverse=True),
            key=lambda t, fold=fold: sum(
                w * ((v >= t) == s) for v, s, w, f in zip(values, same, weights, folds, strict=True) if f != fold
            ),
        )
        own = [(w, (v >= best) == s) for v, s, w, f in zip(values, same, weights, folds, strict=True) if f == fold]
        shares.append(sum(w for w, right in own if right) / sum(w for w, _ in own))
    others = sorted(((v, w) for v, s, w in zip(values, same, weights, strict=True) if not s), reverse=True)
    passed = np.cumsum([w for _, w in others]) / sum(w for _, w in others)
    threshold = next(v for (v, _), share in zip(others, passed, strict=True) if share > 0.001)
    mated = [(v, w) for v, s, w in zip(values, same, weights, strict=True) if s]
    tar = sum(w for v, w in mated if v > threshold) / sum(w for _, w in mated)
    return 100 * np.mean(shares), 100 * tar


def test_figures_as_measured_are_the_single_ones():
    """What stands beside the difference is what the protocols print: P2 accuracy and TAR."""
    evidence, rows, vectors = pairs(0.8, 9)
    names = tuple(f"x/p{n // PHOTOS}/{n}.jpg" for n in range(len(vectors)))
    crops = TestCrops(np.zeros((len(vectors), 1, 1, 3), np.uint8), np.ones(len(vectors), bool), names)
    expected = verify(Embedded(crops, vectors, {"plain": Scoring(vectors)}), rows, evidence.same, "plain")
    actual = drawn(evidence, 3)["P1", "plain"]
    assert expected["accuracy"] == pytest.approx(actual["accuracy"][0])
    assert expected["tar@far0.1%"] == pytest.approx(actual["TAR at FAR 0.1%"][0])


@pytest.mark.parametrize("make", [lambda: searches(0.9, 6), lambda: pairs(0.9, 6)[0]])
def test_equal_contenders_differ_by_nothing(make):
    """Exactly 0, from exactly 0 to exactly 0, in every figure."""
    rows = differences(drawn(make()), drawn(make()))
    assert rows
    for row in rows:
        assert (0.0, 0.0, 0.0) == (row["difference"], row["low"], row["high"])
        assert "no difference shown" == row["verdict"]


def test_a_planted_improvement_is_found():
    """Less noise is better in rank 1, which grows, and in FNIR, which falls; seen from the other side it is worse."""
    rows = differences(drawn(searches(0.9, 6)), drawn(searches(0.5, 7)))
    assert {"better"} == {row["verdict"] for row in rows}
    assert [True, False, False] == [row["difference"] > 0 for row in rows]
    assert {"worse"} == {row["verdict"] for row in differences(drawn(searches(0.5, 7)), drawn(searches(0.9, 6)))}


def test_a_small_improvement_is_found_where_single_intervals_overlap():
    """One hard probe in ten mended: the interval of the difference excludes 0, those of the contenders overlap."""
    before = searches(0.8, 6)
    missed = np.flatnonzero(~before.outcome.right)
    mended = before.outcome.right.copy()
    mended[missed[::10]] = True
    after = Searches(replace(before.outcome, right=mended), FPIRS)
    one, two = drawn(before), drawn(after)
    row = differences(one, two)[0]
    low, high = (np.percentile(each["P1", "plain"]["rank 1"][1:], [2.5, 97.5]) for each in (one, two))
    assert low[1] > high[0]
    assert ("rank 1", "better") == (row["figure"], row["verdict"])


def test_the_order_of_contenders_turns_the_sign():
    """B minus A is the negative of A minus B, and so are the ends of its interval."""
    one, two = drawn(searches(0.9, 6)), drawn(searches(0.8, 7))
    for there, back in zip(differences(one, two), differences(two, one), strict=True):
        assert there["difference"] == -back["difference"]
        assert (there["low"], there["high"]) == pytest.approx((-back["high"], -back["low"]))


def test_random_noise_shows_no_difference():
    """Of twenty pairs of equally good encoders hardly one is told to differ."""
    told = [
        row["verdict"]
        for seed in range(20)
        for row in differences(drawn(searches(0.8, 100 + seed)), drawn(searches(0.8, 200 + seed)))
        if row["figure"] == "FNIR at FPIR 10.0%"
    ]
    assert 20 == len(told)
    assert told.count("no difference shown") >= 18


def test_people_are_drawn_as_a_whole():
    """All photos of a person count alike in a draw, as mated probe and as stranger, and as many people as there are."""
    evidence = searches(0.9, 6)
    draws = draw_people(evidence, rounds=20, seed=1)
    weights = {side: draws.weights(getattr(evidence, side)) for side in ("mated_people", "other_people")}
    for person in range(PEOPLE):
        columns = [weights[side][:, getattr(evidence, side)[:, 0] == person] for side in weights]
        assert 1 == len(np.unique(np.concatenate(columns, 1), axis=1).T)
    assert {PEOPLE} == set(draws.counts.sum(1).tolist())
    assert (draws.counts[0] == 1).all()
    assert 2 < draws.counts.max()


def test_copies_of_photos_narrow_no_interval():
    """Each photo ten times tells nothing new about people: the interval stays what it was."""
    one, two = searches(0.9, 6), searches(0.8, 7)
    copied = [Searches(repeated(e.outcome, np.arange(PEOPLE), np.full(PEOPLE, 10)), FPIRS) for e in (one, two)]
    expected = differences(drawn(one), drawn(two))
    actual = differences(*(drawn(each) for each in copied))
    assert [row["low"] for row in expected] == pytest.approx([row["low"] for row in actual])
    assert [row["high"] for row in expected] == pytest.approx([row["high"] for row in actual])


def test_photos_without_a_face_are_misses():
    """No face and no number count alike: as misses, as in the single figures, in every draw."""
    found = np.ones(PEOPLE * PHOTOS, bool)
    found[::7] = False
    lost = searches(0.5, 6, found)
    labels = np.repeat(np.arange(PEOPLE), PHOTOS)
    vectors = vectors_of(np.random.default_rng(6), 0.5)
    vectors[~found] = np.nan
    runs = draw_runs(np.arange(len(labels)), labels, gallery=30, runs=4, seed=2)
    broken = Searches(identify(vectors, labels, runs), FPIRS)
    single = figures(lost.outcome, FPIRS)
    for evidence in (lost, broken):
        row, actual = differences(drawn(searches(0.5, 6)), drawn(evidence))[0], drawn(evidence)["P1", "plain"]
        assert "worse" == row["verdict"]
        assert single.rank1 == pytest.approx(row["value"])
        assert single.fnir == pytest.approx([actual[f"FNIR at FPIR {fpir:.1%}"][0] for fpir in FPIRS])
        assert all(np.isfinite(values).all() for values in actual.values())


def test_pairs_without_a_number_are_misses():
    """A pair whose score is no number scores below all others."""
    whole, _, _ = pairs(0.6, 6)
    values = whole.values.copy()
    values[::5] = np.nan
    lowest = np.where(np.isnan(values), -9.0, values)
    expected, actual = (drawn(replace(whole, values=each), 20)["P1", "plain"] for each in (lowest, values))
    for name, each in expected.items():
        assert each == pytest.approx(actual[name])


def test_the_seed_decides_who_is_drawn():
    """The same seed gives the same rows; another one gives another interval around the same difference."""
    one, two = searches(0.9, 6), searches(0.8, 7)
    first, again, other = (differences(drawn(one, 50, seed), drawn(two, 50, seed)) for seed in (1, 1, 2))
    assert first == again
    assert [row["difference"] for row in first] == [row["difference"] for row in other]
    assert first != other


def test_thresholds_may_lie_below_the_highest_scores():
    """Where one person owns the highest scores more of them are looked at than usual."""
    people = np.array([0] * 50 + [1] * 50)
    draws = Draws(np.arange(2), np.array([[1.0, 1.0], [0.0, 2.0]]))
    values = np.arange(100, 0, -1) / 100
    assert [[0.99], [0.5]] == thresholds_at(values, people[:, None], (0.01,), draws).tolist()


def test_draws_without_any_stranger_are_drawn_again():
    """Two people, one of them the only stranger: both are in every draw."""
    outcome = Outcome(np.array([0.5]), np.array([True]), np.array([0.1]), np.array([0]), np.array([1]))
    assert np.ones((21, 2)).tolist() == draw_people(Searches(outcome), rounds=20, seed=1).counts.tolist()


def test_nobody_to_compare_on_is_refused():
    """Without strangers there is no FPIR, and one line says so."""
    outcome = Outcome(np.array([0.5]), np.array([True]), np.array([]), np.array([0]), np.array([], int))
    with pytest.raises(ManifestInvalid, match="1 mated and 0 non-mated"):
        draw_people(Searches(outcome))


@pytest.mark.parametrize(
    ("low", "high", "higher_is_better", "word"),
    [
        (0.1, 2.0, True, "better"),
        (0.1, 2.0, False, "worse"),
        (-2.0, -0.1, True, "worse"),
        (-2.0, -0.1, False, "better"),
        (-0.1, 0.1, True, "no difference shown"),
        (0.0, 0.1, True, "no difference shown"),
        (-0.1, 0.0, False, "no difference shown"),
    ],
)
def test_a_word_for_each_interval(low, high, higher_is_better, word):
    """An interval that touches 0 shows nothing."""
    assert word == verdict(low, high, higher_is_better=higher_is_better)


def test_like_is_compared_with_like():
    """The scorings that both have, and the best of both where they are not the same; the reference in no row."""
    figure = {"rank 1": np.array([90.0, 89.0, 91.0])}
    ours = {("P1", how): figure for how in ("plain", "with cohort")}
    peer = {("P1", how): figure for how in ("plain", "cosine")}
    rows = compare({"ours": ours, "peer": peer, "fast": ours}, "ours")
    assert [
        ("peer", "plain"),
        ("peer", "plain against with cohort"),
        ("fast", "plain"),
        ("fast", "with cohort"),
    ] == [(row["encoder"], row["score"]) for row in rows]
    assert {"ours"} == {row["against"] for row in rows}


def test_a_difference_by_hand():
    """Ends of the interval are percentiles of the draws' differences; the figures as measured are not among them."""
    row = difference("FNIR at FPIR 1.0%", np.array([5.0, 4.0, 6.0]), np.array([4.0, 3.5, 4.5]))
    assert (5.0, 4.0, -1.0) == (row["reference"], row["value"], row["difference"])
    assert [-1.475, -0.525] == pytest.approx([row["low"], row["high"]])
    assert "better" == row["verdict"]


def test_a_score_that_is_no_number_is_missed():
    """A mated probe without a score lies above no threshold, however low."""
    outcome = Outcome(
        np.array([np.nan, 0.5]), np.array([True, True]), np.array([MISSED, MISSED]), np.arange(2), np.arange(2)
    )
    assert 50 == drawn(Searches(outcome), 1)["P1", "plain"]["FNIR at FPIR 1.0%"][0]
