"""The card and its score model: the maths against naive root finding, and every defect refused."""

import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import chi2, genpareto

from enroll.card import LOWEST_FMR, ScoreModel, Tail, load_card, parse_card, per_comparison
from enroll.errors import CardInvalid, EncoderMissing

QUANTILES = ((0.5, -0.2), (0.1, -0.05), (0.01, 0.05))


def model(shape=-0.08) -> ScoreModel:
    return ScoreModel(1400, 1_000_000, QUANTILES, Tail(0.13, 0.001, shape, 0.03))


CARD = {
    "schema": 1,
    "id": "test-1",
    "encoder": {"file": "encoder.onnx", "sha256": "a" * 64, "embedding": 4, "similarity": "cosine"},
    "input": {
        "size": 112,
        "color": "RGB",
        "mean": [127.5, 127.5, 127.5],
        "std": [128.0, 128.0, 128.0],
        "layout": "NCHW",
        "name": "crops",
    },
    "mirror": False,
    "cohort": {"file": "cohort.npy", "sha256": "b" * 64, "k": 2, "size": 3, "source": "test"},
    "score_model": {
        "people": 10,
        "pairs": 1000,
        "quantiles": [list(pair) for pair in QUANTILES],
        "tail": {"start": 0.13, "rate": 0.001, "shape": -0.08, "scale": 0.03},
    },
    "weaknesses": ["a test's card"],
}

shapes = st.sampled_from([-0.2, -0.08, -1e-9, 0.0, 0.05, 0.2])


@pytest.mark.parametrize("shape", [-0.2, -0.08, 0.0, 0.15])
def test_tail_equals_scipys_generalised_pareto(shape):
    """Above its start the false match rate is the rate times SciPy's survival function."""
    for score in np.linspace(0.13, 0.24, 12):
        expected = max(LOWEST_FMR, 0.001 * genpareto.sf(score, shape, loc=0.13, scale=0.03))
        assert expected == pytest.approx(model(shape).fmr(score), rel=1e-9)


@given(st.integers(1, 100_000), st.floats(1e-4, 0.3), shapes)
def test_threshold_solves_the_gallerys_equation(size, target, shape):
    """The threshold is the root of 1-(1-FMR(t))^N = f that a plain root finder finds."""
    m = model(shape)
    if per_comparison(size, target) <= LOWEST_FMR * 1.01:
        return

    def excess(t: float) -> float:
        return math.log(-math.expm1(size * math.log1p(-m.fmr(t)))) - math.log(target)

    expected = brentq(excess, -1.9, 3.0, xtol=1e-12)
    assert expected == pytest.approx(m.threshold(size, target), abs=1e-6)


@given(st.floats(LOWEST_FMR * 2, 1.0), shapes)
def test_score_at_is_the_inverse_of_fmr(fmr, shape):
    """From a rate to its score and back gives the rate again."""
    assert fmr == pytest.approx(model(shape).fmr(model(shape).score_at(fmr)), rel=1e-6)


@given(st.floats(-2, 2), st.floats(-2, 2), shapes)
def test_fmr_never_rises_with_the_score(a, b, shape):
    """A higher score is never likelier for strangers, and every rate lies within its bounds."""
    low, high = (model(shape).fmr(score) for score in sorted((a, b)))
    assert 1.0 >= low >= high >= LOWEST_FMR


def test_fmr_passes_through_the_quantiles():
    """At each measured quantile the rate is the measured one, and at the start the tail's."""
    for fmr, score in (*QUANTILES, (0.001, 0.13)):
        assert fmr == pytest.approx(model().fmr(score))


@pytest.mark.parametrize("shape", [-0.2, -0.08, 0.0, 0.15])
def test_body_and_tail_meet(shape):
    """Where the tail takes over the rate does not jump."""
    below, above = (model(shape).fmr(0.13 + step) for step in (-1e-9, 1e-9))
    assert below == pytest.approx(above, rel=1e-5)


def test_larger_galleries_and_stricter_targets_raise_the_threshold():
    """More people or fewer allowed false alarms never lower the threshold."""
    sizes = [model().threshold(size, 0.003) for size in (0, 1, 10, 394, 10_000)]
    targets = [model().threshold(394, target) for target in (0.1, 0.01, 0.003, 0.001)]
    assert sizes == sorted(sizes)
    assert targets == sorted(targets)
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("target", [1e-6, 0.00075, 0.003, 0.3])
def test_the_most_people_are_those_whose_threshold_is_told(target):
    """For as many the FMR asked for is at least the lowest that the model tells, for one more it is below."""
    most = model().most_people(target)
    assert per_comparison(most, target) >= LOWEST_FMR > per_comparison(most + 1, target)


@pytest.mark.parametrize("target", [0.0, 1.0, math.nan])
def test_the_most_people_are_asked_for_a_possible_target(target):
    """A target outside its range is refused."""
    with pytest.raises(ValueError, match="expected"):
        model().most_people(target)


@pytest.mark.parametrize("counted", [0.001, 1, 3, 10, 100, 10_000])
def test_the_highest_rate_is_the_limit_of_a_count(counted):
    """The rate that counting alone allows is the exact upper limit of a Poisson count, within one per cent."""
    exact = chi2.ppf(0.975, 2 * (counted + 1)) / 2 / 1_000_000
    assert exact == pytest.approx(model().highest_fmr(counted / 1_000_000), rel=0.01)


def test_no_rate_is_above_one():
    """A model of few comparisons allows everything, and no more."""
    few = ScoreModel(4, 3, QUANTILES, Tail(0.13, 0.001, 0.0, 0.03))
    assert 1.0 == few.highest_fmr(0.5)


def test_an_end_point_leaves_the_lowest_rate():
    """Beyond the end point of a bounded tail the rate is the lowest, not zero, and thresholds stay finite."""
    assert LOWEST_FMR == model(-0.2).fmr(1.5)
    assert math.isfinite(model(-0.2).threshold(10**9, 1e-4))


@pytest.mark.parametrize(("size", "target"), [(-1, 0.003), (10, 0.0), (10, 1.0), (10, math.nan)])
def test_threshold_refuses_impossible_targets(size, target):
    """Sizes and rates outside their range are refused."""
    with pytest.raises(ValueError, match="expected"):
        model().threshold(size, target)


def test_fmr_refuses_nan():
    """A score that is no number has no false match rate."""
    with pytest.raises(ValueError, match="NaN"):
        model().fmr(math.nan)


def test_a_card_is_read_as_written(tmp_path):
    """Every field that is used comes out as the card says, and the rest is kept."""
    (tmp_path / "card.json").write_text(json.dumps(CARD))
    card = load_card(tmp_path)
    assert ("test-1", 4, 112, "crops", False) == (card.id, card.embedding, card.size, card.input_name, card.mirror)
    assert (2, 3, "b" * 64) == (card.cohort_k, card.cohort_size, card.cohort.sha256)
    assert (None, None) == (card.cohort_floor, card.cohort_centre)
    assert ["a test's card"] == card.raw["weaknesses"]
    assert 0.001 == pytest.approx(card.score_model.fmr(0.13))


DEFECTS = {
    "schema": 2,
    "id": " ",
    "encoder.file": "../encoder.onnx",
    "encoder.sha256": "A" * 64,
    "encoder.embedding": 0,
    "encoder.similarity": "euclidean",
    "input.size": "112",
    "input.color": "BGR",
    "input.layout": "NHWC",
    "input.mean": [0.0, 0.0],
    "input.std": [1.0, 0.0, 1.0],
    "cohort.k": 4,
    "cohort.size": 1.5,
    "score_model.pairs": 0,
    "score_model.quantiles": [[0.01, 0.05], [0.1, -0.05]],
    "score_model.tail.rate": 0.0,
    "score_model.tail.scale": -1.0,
    "score_model.tail.shape": True,
}


@pytest.mark.parametrize("floor", [-1, 0.28, 1.0])
def test_a_cohort_may_have_a_floor(floor):
    """The least cohort mean that counts is a cosine."""
    assert floor == parse_card(changed("cohort.floor", floor)).cohort_floor


@pytest.mark.parametrize("floor", [1.01, -1.01, math.nan, math.inf, "0.2", True, [0.2]])
def test_a_floor_that_is_no_cosine_is_refused(floor):
    """Anything else would shift every score unseen."""
    with pytest.raises((TypeError, ValueError)):
        parse_card(changed("cohort.floor", floor))


def test_a_cohort_may_have_a_centre():
    """A share of the mean of so many of its first rows."""
    assert (3, 0.3) == parse_card(changed("cohort.centre", {"rows": 3, "share": 0.3})).cohort_centre


@pytest.mark.parametrize(
    ("rows", "share"),
    [(0, 0.3), (4, 0.3), (1.5, 0.3), (3, 0.0), (3, -0.1), (3, 1.1), (3, math.nan), (3, "0.3"), (None, 0.3)],
)
def test_a_centre_that_is_none_is_refused(rows, share):
    """More rows than the cohort has, or a share that is none, would shift every score unseen."""
    with pytest.raises((TypeError, ValueError)):
        parse_card(changed("cohort.centre", {"rows": rows, "share": share}))


def changed(path: str, value: object) -> dict:
    card = copy.deepcopy(CARD)
    *folders, name = path.split(".")
    place = card
    for folder in folders:
        place = place[folder]
    if value is None:
        del place[name]
    else:
        place[name] = value
    return card


@pytest.mark.parametrize("path", DEFECTS)
def test_each_defect_of_a_card_is_refused(tmp_path, path):
    """A wrong or a missing value anywhere makes the card invalid."""
    for value in (DEFECTS[path], None):
        (tmp_path / "card.json").write_text(json.dumps(changed(path, value)))
        with pytest.raises(CardInvalid):
            load_card(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '"card"', '{"schema": NaN}', "[" * 100_000])
def test_what_is_no_card_is_refused(tmp_path, text):
    """Text that is no JSON object is refused as a card."""
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(CardInvalid):
        load_card(tmp_path)


def test_a_missing_or_unreadable_card_is_told_apart(tmp_path):
    """No card is a missing encoder; a card that is not UTF-8 is an invalid one."""
    with pytest.raises(EncoderMissing):
        load_card(tmp_path)
    (tmp_path / "card.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(CardInvalid):
        load_card(tmp_path)


def test_unknown_fields_are_welcome():
    """A later card with more fields is read."""
    assert "test-1" == parse_card(CARD | {"new": 1}).id
