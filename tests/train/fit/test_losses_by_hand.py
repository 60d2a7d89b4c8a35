"""Every loss that a recipe can name against a value worked by hand."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from train.fit.losses import Batch, Sizes, make_loss  # noqa: E402 - after the skip

SAME_AND_OTHER = ([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1])


def value(name, embeddings, labels, *, classes=2, **options):
    loss = make_loss(name, Sizes(2, classes), options)
    return loss(Batch(torch.tensor(embeddings), torch.tensor(labels))).item()


def with_weights(name, weights, **options):
    """A classification loss whose class centres are `weights`, asked about one picture of class 0 on its centre."""
    loss = make_loss(name, Sizes(2, 2), options)
    with torch.no_grad():
        if name == "cross-entropy":
            loss.head.weight.copy_(torch.tensor(weights))
            loss.head.bias.zero_()
        else:
            loss.loss.W.copy_(torch.tensor(weights))
    return loss(Batch(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))).item()


def test_contrastive_pulls_and_pushes():
    """A mated pair costs its squared distance, a non-mated one the square of what lacks to the margin."""
    embeddings = [[0.0, 0.0], [2.0, 0.0], [0.0, 0.0], [0.0, 3.0]]
    assert pytest.approx((2**2 + (5 - 3) ** 2) / 2, rel=1e-4) == value(
        "contrastive", embeddings, [0, 0, 0, 1], margin=5.0
    )


def test_contrastive_of_all_pairs():
    """With all pairs of a batch, mated and non-mated ones weigh half each, whatever their number."""
    embeddings = [[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]]
    apart = ((5 - 3) ** 2 + (5 - math.sqrt(13)) ** 2) / 2
    found = value("contrastive", embeddings, [0, 0, 1], margin=5.0, all_pairs=True)
    assert pytest.approx((2**2 + apart) / 2, rel=1e-4) == found


def test_contrastive_over_a_batch():
    """Over all pairs of a batch the library means mated pairs and violating non-mated pairs apart and adds the two."""
    embeddings = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    mated = math.sqrt(2)
    non_mated = 1.5 - math.sqrt(2)
    expected = mated + non_mated  # the two opposite points are beyond the margin
    assert pytest.approx(expected, rel=1e-4) == value(
        "contrastive-batch", embeddings, [0, 0, 1], pos_margin=0.0, neg_margin=1.5
    )


def test_given_triplets():
    """A triplet costs margin + s(anchor, negative) - s(anchor, positive); one that keeps the margin is free."""
    embeddings = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]
    found = value("triplet", embeddings, [0, 0, 1, 0, 0, 1], mining="given", margin=0.3)
    assert pytest.approx(1.3, rel=1e-5) == found


@pytest.mark.parametrize("mining", ["random", "semi-hard", "batch-hard", "all"])
def test_mined_triplets(mining):
    """Every way of mining gives the same cost where each anchor has one triplet and it is semi-hard."""
    angle = [math.radians(a) for a in (0.0, 10.0, 30.0)]
    embeddings = [[math.cos(a), math.sin(a)] for a in angle]
    first = 0.3 + math.cos(angle[2]) - math.cos(angle[1])
    second = 0.3 + math.cos(angle[2] - angle[1]) - math.cos(angle[1])
    found = value("triplet", embeddings, [0, 0, 1], mining=mining, margin=0.3)
    assert pytest.approx((first + second) / 2, rel=1e-4) == found


def test_quadruplet():
    """A triplet and the second negative pair, each a hinge on squared distances of unit vectors."""
    embeddings = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 1.0]]
    mated, first, second = 2.0, 4.0, 2.0
    expected = max(0, mated - first + 1.0) + max(0, mated - second + 0.5)
    assert pytest.approx(expected) == value("quadruplet", embeddings, [0, 0, 1, 2], margin=1.0, second_margin=0.5)


def test_angular():
    """Wang et al. 2017, equation 7: log(1 + exp(4 tan^2(a) (x_a + x_p) x_n - 2 (1 + tan^2 a) x_a x_p))."""
    tangent = math.tan(math.radians(40.0)) ** 2
    expected = math.log1p(math.exp(4 * tangent * 0 - 2 * (1 + tangent) * 1))
    assert pytest.approx(expected, rel=1e-4) == value("angular", *SAME_AND_OTHER, alpha=40)


def test_supervised_contrastive():
    """Khosla et al. 2020: minus the log-share of the mated pair among all pairs; one without a mate is left out."""
    expected = math.log1p(math.exp(-1.0))
    assert pytest.approx(expected, rel=1e-5) == value("supcon", *SAME_AND_OTHER, temperature=1.0)


def test_pair_head():
    """Binary cross-entropy of the head's log-odds: here 0.5 for a mated and for a non-mated pair alike."""
    loss = make_loss("pair-head", Sizes(2), {"hidden": 4})
    with torch.no_grad():
        for parameter in loss.parameters():
            parameter.zero_()
        loss.head[-1].bias.fill_(0.5)
    found = loss(Batch(torch.randn(4, 2), torch.tensor([0, 0, 0, 1]))).item()
    assert pytest.approx((math.log1p(math.exp(-0.5)) + math.log1p(math.exp(0.5))) / 2, rel=1e-5) == found


def test_cross_entropy():
    """Softmax over a linear layer: logits 1 and 0 cost log(1 + 1/e)."""
    assert pytest.approx(math.log1p(math.exp(-1.0)), rel=1e-5) == with_weights(
        "cross-entropy", [[1.0, 0.0], [0.0, 1.0]]
    )


def test_arcface():
    """Deng et al. 2019: the angle to the own centre grows by the margin before the softmax, here 0 to 60 degrees."""
    found = with_weights("arcface", [[1.0, 0.0], [0.0, 1.0]], margin=60.0, scale=1.0)
    assert pytest.approx(math.log1p(math.exp(-0.5)), rel=1e-3) == found


def test_cosface():
    """Wang et al. 2018: the cosine to the own centre falls by the margin before the softmax, here 1 to 0.65."""
    found = with_weights("cosface", [[1.0, 0.0], [0.0, 1.0]], margin=0.35, scale=1.0)
    assert pytest.approx(math.log1p(math.exp(-0.65)), rel=1e-5) == found
