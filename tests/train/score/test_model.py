"""The score model promises what galleries of generated people realise."""

import numpy as np
import pytest

from enroll.card import parse_card
from train.measure.protocols import area_under_roc
from train.score.groups import age_of
from train.score.model import NonMated, fit_score_model, non_mated


def card_with(model):
    return parse_card(
        {
            "schema": 1,
            "id": "x",
            "encoder": {"file": "encoder.onnx", "sha256": "0" * 64, "embedding": 4, "similarity": "cosine"},
            "input": {
                "size": 112,
                "color": "RGB",
                "mean": [0, 0, 0],
                "std": [1, 1, 1],
                "layout": "NCHW",
                "name": "crops",
            },
            "mirror": False,
            "cohort": {"file": "cohort.npy", "sha256": "0" * 64, "k": 1, "size": 1},
            "score_model": model,
        }
    )


def test_the_model_knows_its_own_sample():
    """Quantiles and tail give back the share of scores above them."""
    values = np.random.default_rng(1).normal(0, 0.1, 400_000)
    model = card_with(fit_score_model(NonMated(values, 900), "made")).score_model
    for rate in (0.1, 0.01, 1e-3, 1e-4):
        assert (values >= model.score_at(rate)).mean() == pytest.approx(rate, rel=0.25)


def test_the_tail_promises_no_end():
    """Scores that stop at a highest value still leave a chance above it."""
    values = np.random.default_rng(2).uniform(-1, 0, 100_000)
    model = fit_score_model(NonMated(values, 500), "made")
    assert model["tail"]["shape"] == 0
    assert card_with(model).score_model.fmr(0.0) > 1e-9


def test_non_mated_leaves_out_the_same_person():
    """One photo a person, every pair once."""
    vectors = np.eye(6)[[0, 0, 1, 2, 3]]
    sample = non_mated(vectors, np.array([0, 0, 1, 2, 3]), None, np.random.default_rng(1))
    assert (sample.people, len(sample.scores)) == (4, 6)
    assert sample.scores.max() == 0


def test_area_under_roc_equals_a_double_loop():
    """The chance that mated beats non-mated, ties half."""
    random = np.random.default_rng(3)
    mated, other = random.integers(0, 9, 30), random.integers(0, 7, 40)
    expected = np.mean([(m > o) + 0.5 * (m == o) for m in mated for o in other])
    assert area_under_roc(mated, other) == pytest.approx(expected)


@pytest.mark.parametrize(("text", "years"), [("34", 34), ("10-19", 14), ("more than 70", 70), ("", -1), ("0-2", 1)])
def test_age_of(text, years):
    """Ages as the sets write them."""
    assert age_of(text) == years
