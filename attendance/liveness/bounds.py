"""How far a share that was counted may be from the true one: exact binomial bounds (Clopper and Pearson, 1934)."""

import math
from dataclasses import dataclass
from typing import Final

SURE: Final = 0.95
"""How sure the bounds are."""
_MOST: Final = 1_000_000
_HALVINGS: Final = 60
_SMALL: Final = 0.995  # percent; from here on one decimal tells the same


@dataclass(frozen=True, slots=True)
class Share:
    """So many `hits` `of` so many independent trials, at least one.

    The bounds are two-sided, 95 %; of no hit the upper one is one-sided, 1 - 0.05 ** (1 / of), and tells how large the
    share may be all the same. Trials that are no independent witnesses, such as several of one person, allow for more.
    """

    hits: int
    of: int

    def __post_init__(self) -> None:
        if not (_whole(self.hits) and _whole(self.of) and 0 <= self.hits <= self.of and 1 <= self.of <= _MOST):
            raise ValueError(f"share: expected 0 to n hits of n of 1 to {_MOST}, got {self.hits!r} of {self.of!r}")

    @property
    def share(self) -> float:
        """The share that was counted, 0 to 1."""
        return self.hits / self.of

    @property
    def low(self) -> float:
        """The lower bound, 0 to 1."""
        return lower_bound(self.hits, self.of, (1 - SURE) / 2)

    @property
    def high(self) -> float:
        """The upper bound, 0 to 1."""
        return upper_bound(self.hits, self.of, (1 - SURE) if self.hits == 0 else (1 - SURE) / 2)

    @property
    def text(self) -> str:
        """In percent: "<= 9.5 %" of none of 30, else as "10 % (2.1 to 26.5 %)"."""
        if not self.hits:
            return f"<= {percent(self.high)} %"
        return f"{percent(self.share)} % ({percent(self.low)} to {percent(self.high)} %)"

    def to_dict(self) -> dict[str, object]:
        """All of it as plain values, shares from 0 to 1."""
        bounds = {"low": round(self.low, 6), "high": round(self.high, 6)}
        return {"hits": self.hits, "of": self.of, "share": round(self.share, 6), **bounds, "text": self.text}


def percent(share: float) -> str:
    """A share in percent, to three digits at most: "0.98", "9.5", "100"."""
    value = 100 * share
    return f"{value:.2f}" if 0 < value < _SMALL else f"{value:.1f}".removesuffix(".0")


def upper_bound(hits: int, of: int, alpha: float) -> float:
    """The largest true share under which `hits` or fewer `of` so many have a chance of `alpha` or more, 0 to 1.

    Raises `ValueError` for what are no counts, or no chance.
    """
    Share(hits, of)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: expected more than 0 and less than 1, got {alpha}")
    if hits == of:
        return 1.0
    low, high = hits / of, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(hits, of, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def lower_bound(hits: int, of: int, alpha: float) -> float:
    """The smallest true share under which `hits` or more have a chance of `alpha` or more. Raises as `upper_bound`."""
    return 1.0 - upper_bound(of - hits, of, alpha)


def at_most(hits: int, of: int, share: float) -> float:
    """The chance of `hits` or fewer `of` so many independent trials, each of which hits by a chance of `share`."""
    if share <= 0 or share >= 1:
        return float(share <= 0 or hits >= of)
    yes, no, whole = math.log(share), math.log1p(-share), math.lgamma(of + 1)
    return math.fsum(
        math.exp(whole - math.lgamma(each + 1) - math.lgamma(of - each + 1) + each * yes + (of - each) * no)
        for each in range(hits + 1)
    )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
