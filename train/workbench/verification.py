"""How well distances tell mated from non-mated pairs: pure functions of distances (n,) and truth (n,)."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, det_curve, roc_auc_score, roc_curve

from train.data.sampling import seeded
from train.errors import ManifestInvalid

POOL_STREAM = 65_537


@dataclass(frozen=True)
class Trials:
    """Questions: `rows` (n, 2) pairs or (n, 3) triples, whether the answer is yes (n,), distances (n,)."""

    rows: np.ndarray
    positive: np.ndarray
    distances: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.rows) == len(self.positive) == len(self.distances):
            raise ManifestInvalid("trials", "rows, answers and distances differ in number")
        if self.positive.all() or not self.positive.any():
            raise ManifestInvalid("trials", "expected both mated and non-mated trials")


@dataclass(frozen=True)
class Threshold:
    """A distance at or below which the answer is yes, and how it was found."""

    value: float
    how: str
    balanced_accuracy: float


@dataclass(frozen=True)
class Verdict:
    """What a threshold makes of trials. `confusion` rows: truth no, yes; columns: answer no, yes."""

    accuracy: float
    interval: tuple[float, float]
    precision: float
    recall: float
    f1: float
    confusion: tuple[tuple[int, int], tuple[int, int]]
    chance: float


def choose_threshold(trials: Trials, where: str) -> Threshold:
    """The distance with the best mean of true-yes and true-no rates, half way to the next distance; seen on `where`."""
    order = np.argsort(trials.distances, kind="stable")
    distances, positive = trials.distances[order], trials.positive[order]
    hits = np.concatenate([[0], np.cumsum(positive)]) / positive.sum()
    alarms = np.concatenate([[0], np.cumsum(~positive)]) / (~positive).sum()
    cut_allowed = np.concatenate([[True], np.diff(distances) > 0, [True]])
    balanced = np.where(cut_allowed, (hits + 1 - alarms) / 2, -1)
    best = int(np.argmax(balanced))
    low = distances[best - 1] if best else distances[0] - 1e-6
    high = distances[best] if best < len(distances) else distances[-1] + 1e-6
    how = f"best balanced accuracy on {len(distances):,} validation {where}"
    return Threshold(float((low + high) / 2), how, float(balanced[best]))


def judge(trials: Trials, threshold: float) -> Verdict:
    """Accuracy with its 95 % Wilson interval, precision, recall, F1, confusion of `distance <= threshold`."""
    answer = trials.distances <= threshold
    table = confusion_matrix(trials.positive, answer, labels=[False, True])
    (true_no, false_yes), (false_no, true_yes) = ((int(v) for v in row) for row in table)
    right, total = true_no + true_yes, len(answer)
    precision, recall = _ratio(true_yes, true_yes + false_yes), _ratio(true_yes, true_yes + false_no)
    share = float(trials.positive.mean())
    return Verdict(
        accuracy=right / total,
        interval=wilson(right, total),
        precision=precision,
        recall=recall,
        f1=_ratio(2 * precision * recall, precision + recall),
        confusion=((true_no, false_yes), (false_no, true_yes)),
        chance=max(share, 1 - share),
    )


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share."""
    low, high = binomtest(right, total).proportion_ci(method="wilson")
    return float(low), float(high)


def roc_auc(trials: Trials) -> float:
    """Probability that a random mated trial is closer than a random non-mated one."""
    return float(roc_auc_score(trials.positive, -trials.distances))


def roc(trials: Trials) -> tuple[np.ndarray, np.ndarray]:
    """False match rate and true match rate over all thresholds."""
    fmr, tmr, _ = roc_curve(trials.positive, -trials.distances)
    return fmr, tmr


def det(trials: Trials) -> tuple[np.ndarray, np.ndarray]:
    """False match rate and false non-match rate over all thresholds."""
    fmr, fnmr, _ = det_curve(trials.positive, -trials.distances)
    return fmr, fnmr


def equal_error_rate(trials: Trials) -> float:
    """Where false match rate and false non-match rate meet."""
    fmr, tmr = roc(trials)
    at = int(np.argmin(np.abs(fmr - (1 - tmr))))
    return float((fmr[at] + 1 - tmr[at]) / 2)


def pool_of_pairs(rows: np.ndarray, labels: np.ndarray, limit: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (n, 2) among at most `limit` of the rows, drawn by `seed`, and whether they are mated (n,)."""
    chosen = np.sort(seeded(seed, POOL_STREAM).permutation(rows)[:limit])
    first, second = np.triu_indices(len(chosen), 1)
    pairs = np.column_stack([chosen[first], chosen[second]])
    return pairs, labels[pairs[:, 0]] == labels[pairs[:, 1]]


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
