"""SFace with fewer channels, on a small random network: what is lost, what is kept, what is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from train.errors import RecipeInvalid  # noqa: E402 - after the skip
from train.nets import narrow_sface as narrow  # noqa: E402
from train.nets.sface import SFace  # noqa: E402

FULL = [6, 8, 12]


@pytest.fixture
def small():
    """A small random network of the same make."""
    torch.manual_seed(3)
    net = SFace(((8, 1), (12, 2)), stem=6, side=16, dim=5, lower=1).eval()
    for _, rectifier in net.layers():
        torch.nn.init.uniform_(rectifier.slope, -0.3, 0.8)
    return net


@pytest.fixture
def crops():
    """Forty smooth random crops."""
    noise = torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(5))
    return torch.nn.functional.interpolate(noise, size=(16, 16), mode="bilinear")


def cosines(net, other, crops):
    """Of the embeddings of both networks."""
    with torch.no_grad():
        return torch.nn.functional.cosine_similarity(net(crops), other(crops))


def test_nothing_dropped_is_the_same_network(small, crops):
    """Every layer solved anew on all its channels computes what it did."""
    assert cosines(small, narrow.narrowed(small, crops, FULL), crops).min() > 0.999


def test_solved_layers_keep_more_than_cut_ones(small, crops):
    """Without a third of its channels the network says nearly the same, and more of it than one that was only cut."""
    widths = [5, 6, 8]
    made = narrow.narrowed(small, crops, widths)
    watched = narrow.watch(small, crops)
    kept = [np.sort(order[len(order) - width :]) for order, width in zip(watched.orders, widths, strict=True)]
    cut = SFace(((6, 1), (8, 2)), stem=5, side=16, dim=5, lower=1).eval()
    with torch.no_grad():
        for i, (target, source) in enumerate(zip(cut.layers(), small.layers(), strict=True)):
            outputs = kept[i // 2]
            weight = source[0].weight[outputs]
            if source[0].groups == 1 and i > 0:
                weight = weight[:, kept[i // 2 - 1]]
            target[0].weight.copy_(weight)
            target[0].bias.copy_(source[0].bias[outputs])
            target[1].slope.copy_(source[1].slope[:, outputs])
        cut.project.weight.copy_(small.project.weight.reshape(5, 12, 64)[:, kept[2]].reshape(5, -1))
        cut.project.bias.copy_(small.project.bias)
    assert widths == narrow.widths_of(made)
    assert cosines(small, made, crops).mean() > cosines(small, cut, crops).mean()


def test_a_share_of_the_time_is_met(small, crops):
    """Widths are shared out to what is allowed, and no narrower than the last step needed."""
    made = narrow.narrowed(small, crops, 0.7, step=1)
    times = [narrow.time_of(widths, (1, 2), 16) for widths in (narrow.widths_of(made), FULL)]
    assert times[0] <= 0.7 * times[1]
    assert times[0] > 0.5 * times[1]


@pytest.mark.parametrize("widths", [[6, 8], [6, 9, 12], [6, 0, 12]])
def test_widths_that_are_not_there_are_refused(small, crops, widths):
    """Too few, too wide and none at all."""
    with pytest.raises(RecipeInvalid, match="at most"):
        narrow.narrowed(small, crops, widths)


def test_the_published_widths_take_the_time_that_was_measured():
    """The sum over operators lies near the measured 13.7 ms, and the narrow network takes three quarters of it."""
    full = narrow.time_of(narrow.WIDTHS)
    assert full == pytest.approx(13_700, rel=0.01)
    assert 0.73 < narrow.time_of(narrow.NARROW) / full <= 0.75


def test_the_narrow_network_is_small():
    """Under 5 million weights, so that 8 bits a weight fit the file's aim."""
    net = narrow.of_widths(narrow.NARROW)
    assert list(narrow.NARROW) == narrow.widths_of(net)
    assert sum(parameter.numel() for parameter in net.parameters()) < 5_000_000
