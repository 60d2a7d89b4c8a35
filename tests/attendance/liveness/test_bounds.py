"""Exact bounds of shares, beside scipy's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from attendance.liveness.bounds import Share, at_most, lower_bound, percent, upper_bound


@given(of=st.integers(1, 400), data=st.data(), share=st.floats(0, 1))
def test_the_tail_is_the_binomial_s(of: int, data: st.DataObject, share: float) -> None:
    """The chance of so many hits or fewer is that of the binomial distribution."""
    hits = data.draw(st.integers(0, of))
    assert at_most(hits, of, share) == pytest.approx(binom.cdf(hits, of, share), abs=1e-9)


@given(of=st.integers(1, 400), data=st.data(), alpha=st.sampled_from([0.05, 0.025, 0.2]))
def test_bounds_are_clopper_and_pearson_s(of: int, data: st.DataObject, alpha: float) -> None:
    """Bisection over the exact tail finds the quantiles of the beta distribution."""
    hits = data.draw(st.integers(0, of))
    high = 1.0 if hits == of else beta.ppf(1 - alpha, hits + 1, of - hits)
    low = 0.0 if hits == 0 else beta.ppf(alpha, hits, of - hits + 1)
    assert upper_bound(hits, of, alpha) == pytest.approx(high, abs=1e-9)
    assert lower_bound(hits, of, alpha) == pytest.approx(low, abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "of", "text"),
    [
        (0, 30, "<= 9.5 %"),
        (0, 59, "<= 5 %"),
        (0, 149, "<= 2 %"),
        (0, 299, "<= 1 %"),
        (0, 10, "<= 25.9 %"),
        (3, 30, "10 % (2.1 to 26.5 %)"),
        (8, 8, "100 % (63.1 to 100 %)"),
        (1, 10000, "0.01 % (0.00 to 0.06 %)"),
    ],
)
def test_text(hits: int, of: int, text: str) -> None:
    """None of 30 is told as its upper bound, never as 0 %."""
    assert text == Share(hits, of).text


def test_none_of_n_has_the_known_bound() -> None:
    """The upper bound of none is 1 - 0.05 ** (1 / n), of one of one 1."""
    for of in (1, 2, 30, 59, 149, 1000):
        assert math.isclose(Share(0, of).high, 1 - 0.05 ** (1 / of), abs_tol=1e-12)
        assert Share(0, of).low == 0
    assert Share(1, 1).high == 1


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3), (0, 0), (0.5, 2), (True, 2), (0, 10**7), (0, -1)])
def test_what_is_no_share_is_refused(hits: int, of: int) -> None:
    """Counts that cannot be are told as such."""
    with pytest.raises(ValueError, match="share: expected"):
        Share(hits, of)


@pytest.mark.parametrize("alpha", [0, 1, -0.5, math.nan])
def test_what_is_no_chance_is_refused(alpha: float) -> None:
    """A bound needs a chance between 0 and 1."""
    with pytest.raises(ValueError, match="alpha: expected"):
        upper_bound(1, 3, alpha)


def test_percent_has_three_digits_at_most() -> None:
    """Small shares keep two decimals, others one."""
    assert ["0", "0.50", "1", "9.5", "100"] == [percent(each) for each in (0, 0.005, 0.01, 0.0952, 1)]


def test_plain_values() -> None:
    """What is told to programs has the share, its bounds and the words."""
    told = {"hits": 0, "of": 30, "share": 0.0, "low": 0.0, "high": 0.095034, "text": "<= 9.5 %"}
    assert told == Share(0, 30).to_dict()
