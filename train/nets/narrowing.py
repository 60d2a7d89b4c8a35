"""A narrower network that computes nearly what a wide one does: channels dropped, their readers solved anew.

Nothing is trained. A layer that reads channels `x` and gives `y = W x + b` before its rectifier keeps the channels from
which `y` can be told best by least squares (He, Zhang and Sun, "Channel pruning", 2017), chosen by leaving out, one
after the other, whichever costs least (Hassibi and Stork, "Optimal brain surgeon", 1993). An output counts as much as
the embedding moves with it, so the losses of all layers are in one unit, and a budget of time is shared among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

RIDGE = 1e-4
"""Of the mean variance of the channels: keeps channels that say the same from being told apart by noise."""


@dataclass(frozen=True)
class Moments:
    """Second moments about their means of what a layer reads (c channels) and of what it should give (o outputs)."""

    read: np.ndarray
    both: np.ndarray
    mean_read: np.ndarray
    mean_given: np.ndarray

    @classmethod
    def of(cls, read: np.ndarray, given: np.ndarray) -> "Moments":
        """From samples (n, c) and (n, o)."""
        x, y = read.astype(np.float64), given.astype(np.float64)
        mean_x, mean_y = x.mean(0), y.mean(0)
        x, y = x - mean_x, y - mean_y
        return cls(x.T @ x / len(x), x.T @ y / len(x), mean_x, mean_y)

    def ridged(self) -> np.ndarray:
        """The channels' moments with a little added to the diagonal."""
        return np.asarray(self.read + RIDGE * self.read.diagonal().mean() * np.eye(len(self.read)))


def order_of_leaving(moments: Moments, importance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Channels in the order in which they are best left out, and the loss after each: (c,) and (c,).

    The loss is the squared error of the outputs by their `importance` (o,), each time with the weights solved anew.
    """
    inverse = np.linalg.inv(moments.ridged())
    weights = inverse @ (moments.both * np.sqrt(importance))
    left = np.ones(len(inverse), dtype=bool)
    order, losses, loss = [], [], 0.0
    for _ in range(len(inverse)):
        spread = inverse.diagonal().copy()
        costs = np.where(left, (weights**2).sum(1) / np.where(left, spread, 1.0), np.inf)
        worst = int(costs.argmin())
        loss += costs[worst]
        order.append(worst)
        losses.append(loss)
        column = inverse[:, worst] / spread[worst]
        weights -= np.outer(column, weights[worst])
        inverse -= np.outer(column, inverse[worst])
        left[worst] = False
        weights[worst] = 0
        inverse[worst] = inverse[:, worst] = 0
    return np.array(order), np.array(losses)


def solved(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Weights (o, c) and bias (o,) that tell the outputs from the channels by ridge regression."""
    weights = np.linalg.solve(moments.ridged(), moments.both).T
    return weights, moments.mean_given - weights @ moments.mean_read


def shared_out(
    losses: Sequence[np.ndarray],
    cost: Callable[[Sequence[int]], float],
    widths: Sequence[int],
    budget: float,
    step: int = 16,
) -> list[int]:
    """Widths at which `cost` is at most `budget`: each time the `step` channels go that lose least for what they save.

    `losses[g][k]` is the loss of group g with k + 1 channels left out. Raises ValueError where no widths meet it.
    """
    chosen = list(widths)
    while cost(chosen) > budget:
        now = cost(chosen)
        best, ratio = -1, np.inf
        for group, curve in enumerate(losses):
            gone = widths[group] - chosen[group]
            if chosen[group] <= step:
                continue
            lost = curve[gone + step - 1] - (curve[gone - 1] if gone else 0.0)
            fewer = [width - step * (i == group) for i, width in enumerate(chosen)]
            saved = now - cost(fewer)
            if lost / saved < ratio:
                best, ratio = group, lost / saved
        if best < 0:
            raise ValueError(f"no widths of at least {step} channels meet a budget of {budget:g}")
        chosen[best] -= step
    return chosen
