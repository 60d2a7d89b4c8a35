"""Contenders compared on the same people: differences of their figures, with paired bootstrap intervals over people.

The interval of one encoder's FNIR is wide because people differ: whoever draws hard people finds more misses, with
every encoder. Two such intervals overlap by far even where one encoder is better for nearly everybody. What is asked is
how large the *difference* is, and that is drawn here: people are drawn with replacement, as many as there are, both
contenders are measured on those same people, and the 2.5th and 97.5th percentile of a thousand differences bound it
(Efron and Tibshirani, An Introduction to the Bootstrap, 1993: percentile intervals in chapter 13, other data structures
in chapter 8). An interval that excludes 0 shows a difference; one that holds 0 shows none, which does not mean that
there is none. About one in twenty comparisons of equally good encoders shows a difference by chance.

**People are drawn, not photos**: photos of one person fail together, and one person's photos come back in all ten runs.
Drawn one by one they would count as independent, and intervals would come out too narrow. A person drawn twice counts
twice with all photos, as mated probe in some runs and as stranger in others; a person not drawn is in none. Galleries
stay as the protocol drew them.

**Thresholds are found anew in each draw**, from the strangers drawn: at FPIR 0.1 % a handful of strangers decide, and
that uncertainty belongs in the interval. Where one trial alone decides (FAR 0.1 % of 500 pairs is the highest of them)
the bootstrap is rough, and so is the word. A non-mated pair of P2 counts as often as the product of how often both its
people were drawn (Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1, 2007), which is on the careful side.

A probe without a face, or without a score, is a miss here as it is in the single figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from train.errors import ManifestInvalid
from train.measure.protocols import pair_folds
from train.score.openset import FPIRS, MISSED, Outcome

ROUNDS = 1000
SEED = 29
INTERVAL = (2.5, 97.5)
FAR = 0.001
TOP = 0.05  # of the strangers are looked at first: thresholds of FPIR up to 1 % lie among them nearly always
HIGHER_IS_BETTER = frozenset({"rank 1", "accuracy", f"TAR at FAR {FAR:.1%}"})

Key = tuple[str, str]
"""A protocol, or a view of development people, and how it was scored."""
Drawn = Mapping[Key, Mapping[str, np.ndarray]]
"""Figures (1 + draws,) of one contender in per cent: as measured, then of each draw."""


@dataclass(frozen=True)
class Draws:
    """How often each of `people` (p,) counts: `counts` (1 + draws, p), everybody once in the first row."""

    people: np.ndarray
    counts: np.ndarray

    def weights(self, people: np.ndarray) -> np.ndarray:
        """Weights (1 + draws, n) of trials of people (n, c): the product over the people that a trial is of."""
        return np.asarray(np.prod([self.counts[:, column] for column in self.places(people).T], axis=0))

    def total(self, people: np.ndarray) -> np.ndarray:
        """Sums (1 + draws,) of the weights of trials."""
        different, number = np.unique(people, axis=0, return_counts=True)
        return np.asarray(self.weights(different) @ number)

    def places(self, people: np.ndarray) -> np.ndarray:
        """Where people stand in `people`, in the same shape."""
        return np.asarray(np.searchsorted(self.people, people))


class Evidence(Protocol):
    """What one contender scored in one protocol, and whose trials they are."""

    @property
    def mated_people(self) -> np.ndarray:
        """People (m, 1) of mated trials."""
        ...

    @property
    def other_people(self) -> np.ndarray:
        """People (s, c) of non-mated trials."""
        ...

    def figures(self, draws: Draws) -> dict[str, np.ndarray]:
        """Figures (1 + draws,) by name, in per cent."""
        ...


@dataclass(frozen=True)
class Searches:
    """Open-set identification, all runs pooled: rank 1, and FNIR at fixed FPIR."""

    outcome: Outcome
    fpirs: Sequence[float] = FPIRS

    @property
    def mated_people(self) -> np.ndarray:
        """People (m, 1) of mated probes."""
        return self.outcome.mated_people[:, np.newaxis]

    @property
    def other_people(self) -> np.ndarray:
        """People (s, 1) of strangers' probes."""
        return self.outcome.stranger_people[:, None]

    def figures(self, draws: Draws) -> dict[str, np.ndarray]:
        """Rank 1 and FNIR as `train.score.openset.figures` finds them, in every draw."""
        mated = np.where(self.outcome.right, self.outcome.mated, MISSED)
        thresholds = thresholds_at(_scored(self.outcome.strangers), self.other_people, self.fpirs, draws)
        hits = _shares_above(mated, self.mated_people, thresholds, draws)
        lowest = np.full((len(draws.counts), 1), MISSED)
        fnir = {f"FNIR at FPIR {fpir:.1%}": 100 * (1 - hits[:, i]) for i, fpir in enumerate(self.fpirs)}
        return {"rank 1": 100 * _shares_above(mated, self.mated_people, lowest, draws)[:, 0], **fnir}


@dataclass(frozen=True)
class Pairs:
    """Scores (n,) of pairs of people (n, 2), and whether both photos show one person (n,)."""

    values: np.ndarray
    same: np.ndarray
    people: np.ndarray

    @property
    def mated_people(self) -> np.ndarray:
        """People (m, 1) of mated pairs."""
        return self.people[self.same, :1]

    @property
    def other_people(self) -> np.ndarray:
        """People (s, 2) of non-mated pairs."""
        return np.asarray(self.people[~self.same])

    def figures(self, draws: Draws) -> dict[str, np.ndarray]:
        """Accuracy and TAR as `train.measure.protocols.verify` finds them, in every draw."""
        values = _scored(self.values)
        thresholds = thresholds_at(values[~self.same], self.other_people, (FAR,), draws)
        tar = _shares_above(values[self.same], self.mated_people, thresholds, draws)[:, 0]
        return {"accuracy": 100 * self._accuracy(values, draws), f"TAR at FAR {FAR:.1%}": 100 * tar}

    def _accuracy(self, values: np.ndarray, draws: Draws) -> np.ndarray:
        """Mean over folds of the share that is right at the threshold that is best on the other folds."""
        order = np.argsort(-values, kind="stable")
        weights = np.empty((len(draws.counts), len(values)))
        weights[:, self.same] = draws.weights(self.mated_people)
        weights[:, ~self.same] = draws.weights(self.other_people)
        fold, signs = pair_folds(self.same)[order], np.where(self.same, 1, -1)[order]
        signed = weights[:, order] * signs
        shares = [_fold_share(values[order], signed, signs, fold == number) for number in np.unique(fold)]
        return np.asarray(np.nanmean(shares, axis=0))


def _fold_share(values: np.ndarray, signed: np.ndarray, signs: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Right answers (1 + draws,) in the fold `inside` by the threshold of the others; NaN where it was not drawn.

    Values (n,) fall; `signed` (1 + draws, n) are weights, negative for non-mated pairs.
    """
    best = np.cumsum(signed[:, ~inside], axis=1).argmax(axis=1)
    accepted = np.searchsorted(-values[inside], -values[~inside][best], side="right")
    gained = np.cumsum(np.pad(signed[:, inside], ((0, 0), (1, 0))), axis=1)
    rejected = -signed[:, inside & (signs < 0)].sum(axis=1)
    right = rejected + np.take_along_axis(gained, accepted[:, None], axis=1)[:, 0]
    total = np.abs(signed[:, inside]).sum(axis=1)
    return np.asarray(np.divide(right, total, out=np.full(len(total), np.nan), where=total > 0))


def _scored(values: np.ndarray) -> np.ndarray:
    """Scores with those that are no number below every other."""
    return np.asarray(np.where(np.isnan(values), MISSED, values))


def thresholds_at(values: np.ndarray, people: np.ndarray, shares: Sequence[float], draws: Draws) -> np.ndarray:
    """Thresholds (1 + draws, shares): the highest score of a stranger (n,) that more than the share would pass with.

    `people` (n, c) are the strangers' people. Only as many of the highest scores are looked at as decide.
    """
    order, total = np.argsort(-values, kind="stable"), draws.total(people)[:, None]
    size = int(TOP * len(order)) + 1
    while True:
        passed = np.cumsum(draws.weights(people[order[:size]]), axis=1) / total
        if size >= len(order) or (passed[:, -1] > max(shares)).all():
            break
        size *= 2
    places = np.stack([(passed <= share).sum(axis=1) for share in shares], axis=1)
    return np.asarray(values[order[np.minimum(places, len(order) - 1)]])


def _shares_above(values: np.ndarray, people: np.ndarray, thresholds: np.ndarray, draws: Draws) -> np.ndarray:
    """Share (1 + draws, t) of mated trials (m,) above each draw's thresholds (1 + draws, t).

    Draws share few thresholds: each person's trials above each are counted once, then weighted.
    """
    levels, which = np.unique(thresholds, return_inverse=True)
    cleared = np.searchsorted(levels, _scored(values), side="left")  # of the levels, how many lie below the score
    shape = (len(draws.people), len(levels) + 1)
    flat = np.ravel_multi_index((draws.places(people[:, 0]), cleared), shape)
    table = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
    above = table[:, ::-1].cumsum(axis=1)[:, -2::-1].T.astype(float)  # (levels, people)
    which = which.reshape(thresholds.shape)
    hits = [np.einsum("dp,dp->d", draws.counts, above[column]) for column in which.T]
    return np.asarray(np.stack(hits, axis=1) / draws.total(people)[:, None])


def draw_people(evidence: Evidence, *, rounds: int = ROUNDS, seed: int = SEED) -> Draws:
    """People drawn with replacement, the same for everybody who was measured on the same trials.

    A draw without any mated or any non-mated trial is drawn again. Raises ManifestInvalid where there are none at all.
    """
    mated, others = evidence.mated_people, evidence.other_people
    if not (len(mated) and len(others)):
        raise ManifestInvalid("comparison", f"{len(mated)} mated and {len(others)} non-mated trials: both are needed")
    people = np.unique(np.concatenate([mated.ravel(), others.ravel()]))
    random, even = np.random.default_rng(seed), np.full(len(people), 1 / len(people))
    counts = np.ones((1, len(people)))
    while len(counts) <= rounds:
        drawn = random.multinomial(len(people), even, size=rounds + 1 - len(counts)).astype(float)
        trial = Draws(people, drawn)
        counts = np.concatenate([counts, drawn[(trial.total(mated) > 0) & (trial.total(others) > 0)]])
    return Draws(people, counts)


def draw_figures(found: Mapping[Key, Evidence], *, rounds: int = ROUNDS, seed: int = SEED) -> Drawn:
    """All figures of one contender, as measured and in every draw; the seed decides who is drawn."""
    return {key: each.figures(draw_people(each, rounds=rounds, seed=seed)) for key, each in found.items()}


def differences(reference: Drawn, other: Drawn) -> list[dict[str, Any]]:
    """Other minus reference, figure by figure, in percentage points, with its interval and a plain word.

    Like is compared with like; where the best ways of scoring are two different ones, these as well.
    """
    rows = []
    for ours, theirs in _ways(reference, other):
        shared = [what for what, how in other if how == theirs and (what, ours) in reference]
        for what in shared:
            score = theirs if ours == theirs else f"{theirs} against {ours}"
            names = [name for name in reference[what, ours] if name in other[what, theirs]]
            facts = [difference(n, reference[what, ours][n], other[what, theirs][n]) for n in names]
            rows += [{"protocol": what, "score": score, **each} for each in facts]
    return rows


def compare(drawn: Mapping[str, Drawn], against: str) -> list[dict[str, Any]]:
    """Every contender but the reference `against`, by name: one row a protocol, scoring and figure."""
    return [
        {"encoder": name, "against": against, **row}
        for name, own in drawn.items()
        if name != against
        for row in differences(drawn[against], own)
    ]


def _ways(reference: Drawn, other: Drawn) -> list[tuple[str, str]]:
    ours, theirs = (list(dict.fromkeys(how for _, how in drawn)) for drawn in (reference, other))
    best = tuple("with cohort" if "with cohort" in hows else "plain" for hows in (ours, theirs))
    return list(dict.fromkeys([*((how, how) for how in theirs if how in ours), (best[0], best[1])]))


def difference(figure: str, reference: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """Other minus reference from figures (1 + draws,) of the same people."""
    change = other - reference
    low, high = np.percentile(change[1:], INTERVAL)
    return {
        "figure": figure,
        "reference": float(reference[0]),
        "value": float(other[0]),
        "difference": float(change[0]),
        "low": float(low),
        "high": float(high),
        "verdict": verdict(float(low), float(high), higher_is_better=figure in HIGHER_IS_BETTER),
    }


def verdict(low: float, high: float, *, higher_is_better: bool) -> str:
    """`better` or `worse` where the interval excludes 0."""
    if low <= 0 <= high:
        return "no difference shown"
    return "better" if (low > 0) == higher_is_better else "worse"
