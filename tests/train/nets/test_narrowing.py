"""Channels left out: losses and order compared with solving every choice anew, budgets with trying."""

import numpy as np
import pytest

from train.nets.narrowing import Moments, order_of_leaving, shared_out, solved


@pytest.fixture
def samples():
    """Eight channels, of which one is nearly the sum of two others, and three outputs that they give."""
    random = np.random.default_rng(11)
    read = random.normal(0, 1, (400, 8)) @ random.normal(0, 1, (8, 8)) + 3
    read[:, 5] = read[:, 1] + read[:, 2] + 0.01 * random.normal(0, 1, 400)
    given = read @ random.normal(0, 1, (8, 3)) - 2
    return read, given


def loss_without(moments, importance, gone):
    """The weighted error of ridge regression on the channels that are left, by plain arithmetic."""
    left = [channel for channel in range(len(moments.read)) if channel not in gone]
    gram, both = moments.ridged()[np.ix_(left, left)], moments.both[left]
    told = np.linalg.solve(gram, both) if left else both
    return -float(sum(importance[output] * (both[:, output] @ told[:, output]) for output in range(both.shape[1])))


def test_the_cheapest_channel_goes_first_each_time(samples):
    """Order and losses are those of a double loop that solves the layer anew without each channel in turn."""
    moments, importance = Moments.of(*samples), np.array([1.0, 0.2, 3.0])
    order, losses = order_of_leaving(moments, importance)
    gone: list[int] = []
    whole = loss_without(moments, importance, gone)
    for channel, loss in zip(order.tolist(), losses, strict=True):
        choices = {other: loss_without(moments, importance, [*gone, other]) for other in range(8) if other not in gone}
        assert min(choices, key=choices.__getitem__) == channel
        gone.append(channel)
        assert loss == pytest.approx(choices[channel] - whole, rel=1e-6, abs=1e-6)
    assert sorted(order.tolist()) == list(range(8))
    assert order[0] in {1, 2, 5}


def test_a_layer_solved_on_all_channels_is_the_layer(samples):
    """What outputs are made of is found again, with the bias."""
    read, given = samples
    weight, bias = solved(Moments.of(read, given))
    assert (3, 8) == weight.shape
    assert np.abs(read @ weight.T + bias - given).max() < 0.02 * np.abs(given).max()


def test_a_layer_solved_on_some_is_the_least_squares_one(samples):
    """Weights and bias equal NumPy's least squares with a column of ones, but for the little ridge."""
    read, given = samples[0][:, [0, 3, 4]], samples[1]
    weight, bias = solved(Moments.of(read, given))
    expected = np.linalg.lstsq(np.column_stack([read, np.ones(len(read))]), given, rcond=None)[0]
    assert expected[:3].T == pytest.approx(weight, abs=0.01)
    assert expected[3] == pytest.approx(bias, abs=0.1)


def test_a_budget_takes_what_loses_least_for_what_it_saves():
    """Each step is the best of all by plain trial, and the last one is the first that meets the budget."""
    losses = [np.array([0.1, 0.2, 0.9, 2.0]), np.array([0.5, 1.0, 1.5, 2.0]), np.array([0.0, 0.1, 3.0, 4.0])]

    def cost(widths):
        return 3 * widths[0] + widths[1] * 2 + widths[1] * widths[2]

    chosen = [4, 4, 4]
    while cost(chosen) > 22:
        trials = {}
        for group in range(3):
            fewer = [width - (place == group) for place, width in enumerate(chosen)]
            gone = 4 - chosen[group]
            lost = losses[group][gone] - (losses[group][gone - 1] if gone else 0)
            if fewer[group] >= 1:
                trials[tuple(fewer)] = lost / (cost(chosen) - cost(fewer))
        chosen = list(min(trials, key=trials.__getitem__))
    assert chosen == shared_out(losses, cost, [4, 4, 4], 22, step=1)


def test_a_budget_that_cannot_be_met_is_refused():
    """Narrower than one step a group nothing is made."""
    with pytest.raises(ValueError, match="no widths"):
        shared_out([np.zeros(32)], lambda widths: float(widths[0]), [32], 8)
