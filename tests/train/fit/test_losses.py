"""Losses against values worked by hand and naive loops."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_metric_learning")

from train.errors import RecipeInvalid  # noqa: E402 - after the skip
from train.fit.losses import (  # noqa: E402
    LOSSES,
    Batch,
    DistilCosine,
    DistilSimilarity,
    HardestNegatives,
    PairContrastive,
    PairHead,
    Quadruplet,
    Sizes,
    Strangers,
    make_loss,
)


def batch_of(rows, labels, teacher=None):
    return Batch(
        torch.tensor(rows, dtype=torch.float32),
        torch.tensor(labels),
        None if teacher is None else torch.tensor(teacher, dtype=torch.float32),
    )


def random_batch(labels, dim=5, seed=0):
    random = np.random.default_rng(seed)
    return batch_of(random.normal(size=(len(labels), dim)), labels)


def cosines(batch):
    unit = batch.embeddings.numpy().astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return unit @ unit.T


def test_contrastive_by_hand():
    """A mated pair at distance 3 costs 9, a non-mated one at distance 3 under margin 5 costs 4."""
    batch = batch_of([[0, 0], [3, 0], [0, 0], [0, 3]], [1, 1, 1, 2])
    assert PairContrastive(margin=5.0)(batch).item() == pytest.approx((9 + 4) / 2, abs=1e-4)


def test_contrastive_beyond_margin():
    """Strangers further apart than the margin cost nothing."""
    assert PairContrastive(margin=2.0)(batch_of([[0, 0], [0, 3]], [1, 2])).item() == 0


def test_quadruplet_by_hand():
    """Unit vectors at right angles: distances 0, 2, 2 leave only what the margins ask beyond."""
    batch = batch_of([[1, 0], [1, 0], [0, 1], [0, 1]], [0, 0, 1, 2])
    assert Quadruplet(margin=3.0, second_margin=0.5)(batch).item() == pytest.approx((3 - 2) + 0.5)


def test_pair_head_at_even_odds():
    """A head that knows nothing costs log 2 a pair."""
    head = PairHead(dim=2)
    for parameter in head.parameters():
        torch.nn.init.zeros_(parameter)
    assert head(batch_of([[1, 2], [3, 4], [5, 6], [7, 8]], [0, 0, 0, 1])).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("mining", ["random", "semi-hard", "batch-hard", "all"])
def test_triplet_separates(mining):
    """Perfectly separated people cost nothing under every mining."""
    batch = batch_of([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]], [0, 0, 1, 1])
    assert make_loss("triplet", Sizes(3), {"margin": 0.3, "mining": mining})(batch).item() == pytest.approx(0, abs=1e-6)


def test_batch_hard_matches_loop():
    """Batch-hard is the mean over anchors of hardest negative less hardest positive plus margin, zeros left out."""
    batch = random_batch([0, 0, 0, 1, 1, 2, 2])
    cosine, labels = cosines(batch), batch.labels.numpy()
    costs = []
    for a in range(len(labels)):
        own = [cosine[a, p] for p in range(len(labels)) if p != a and labels[p] == labels[a]]
        other = [cosine[a, n] for n in range(len(labels)) if labels[n] != labels[a]]
        costs.append(max(0.0, 0.3 + max(other) - min(own)))
    expected = np.mean([cost for cost in costs if cost > 0])
    assert make_loss("triplet", Sizes(5), {"mining": "batch-hard"})(batch).item() == pytest.approx(expected, rel=1e-4)


def test_semi_hard_matches_loop():
    """Semi-hard triplets have the negative behind the positive but inside the margin."""
    batch = random_batch([0, 0, 0, 1, 1, 2, 2], seed=4)
    cosine, labels = cosines(batch), batch.labels.numpy()
    count = len(labels)
    costs = [
        0.3 + cosine[a, n] - cosine[a, p]
        for a in range(count)
        for p in range(count)
        for n in range(count)
        if a != p and labels[a] == labels[p] != labels[n] and 0 < cosine[a, p] - cosine[a, n] <= 0.3
    ]
    loss = make_loss("triplet", Sizes(5), {"mining": "semi-hard"})(batch)
    assert loss.item() == pytest.approx(np.mean(costs), rel=1e-4)


def test_hardest_negatives_matches_loop():
    """Each positive pair meets its hardest strangers, unlabelled rows among them."""
    batch = random_batch([0, 0, 1, 1, -1, -1], seed=2)
    cosine, labels = cosines(batch), batch.labels.numpy()
    costs = []
    for a in range(6):
        others = sorted(
            (cosine[a, n] for n in range(6) if n != a and (labels[n] != labels[a] or labels[a] < 0)), reverse=True
        )
        for p in range(6):
            if p != a and labels[a] == labels[p] >= 0:
                costs += [max(0.0, 0.3 + hard - cosine[a, p]) for hard in others[:2]]
    assert HardestNegatives(margin=0.3, hardest=2)(batch).item() == pytest.approx(np.mean(costs), rel=1e-4)


def test_strangers_matches_loop():
    """Squared excess over the limit of the most similar other people."""
    batch = random_batch([0, 0, -1, -1], seed=3)
    cosine, labels = cosines(batch), batch.labels.numpy()
    costs = []
    for a in range(4):
        other = [cosine[a, n] for n in range(4) if n != a and not (labels[a] == labels[n] >= 0)]
        costs += [max(0.0, hard + 0.5) ** 2 for hard in sorted(other, reverse=True)[:1]]
    assert Strangers(dim=5, limit=-0.5, hardest=1)(batch).item() == pytest.approx(np.mean(costs), rel=1e-4)


def test_strangers_remember():
    """A stranger of an earlier batch still counts while the memory holds it."""
    loss = Strangers(dim=2, limit=0.0, hardest=1, memory=2)
    loss(batch_of([[1, 0], [1, 0]], [5, 5]))
    assert loss(batch_of([[1, 0], [0, 1]], [-1, -1])).item() == pytest.approx((1 + 0) / 2)


def test_two_views_of_one_unlabelled_picture():
    """Two views of a picture that nobody labelled are one person to triplets, to strangers and to their memory."""
    rows = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    batch = Batch(rows, torch.tensor([-1, -1, -1]), pictures=torch.tensor([7, 7, 9]))
    assert HardestNegatives(margin=0.3, hardest=1)(batch).item() == pytest.approx((0.0 + (0.3 + 0.8 - 0.6)) / 2)
    loss = Strangers(dim=2, limit=0.0, hardest=1, memory=3)
    assert loss(batch).item() == pytest.approx((0.0 + 0.64 + 0.64) / 3)
    again = Batch(rows[:1], torch.tensor([-1]), pictures=torch.tensor([7]))
    assert loss(again).item() == 0.0


def test_distillation_by_hand():
    """A student at right angles to its teacher costs 1; one that agrees costs 0; matrices go entry by entry."""
    apart = batch_of([[1, 0], [0, 1]], [0, 1], teacher=[[0, 1], [1, 0]])
    same = batch_of([[2, 0], [0, 3]], [0, 1], teacher=[[1, 0], [0, 1]])
    alike = batch_of([[1, 0], [1, 0]], [0, 1], teacher=[[1, 0], [0, 1]])
    assert DistilCosine(2, 2)(apart).item() == pytest.approx(1)
    assert DistilCosine(2, 2)(same).item() == pytest.approx(0, abs=1e-6)
    assert DistilSimilarity()(apart).item() == pytest.approx(0, abs=1e-6)
    assert DistilSimilarity()(alike).item() == pytest.approx(2 / 4)


def test_a_projection_begins_where_the_network_stands():
    """A teacher that is a linear function of the student is met at the start; a square one needs no projection."""
    random = torch.Generator().manual_seed(3)
    rows = torch.randn(64, 3, generator=random)
    teacher = rows @ torch.randn(3, 5, generator=random)
    loss = DistilCosine(3, 5)
    batch = Batch(rows, torch.zeros(64, dtype=torch.long), teacher)
    assert loss(batch).item() > 0.2
    loss.start_at(rows, teacher)
    assert loss(batch).item() == pytest.approx(0, abs=1e-4)
    assert not list(DistilCosine(3, 3).parameters())


def test_margin_softmax_at_the_teachers_centres_by_hand():
    """Three classes at fixed places: the row's own cosine loses the margin, the logarithm of its share is the cost."""
    centres = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], np.float32)
    sizes = Sizes(2, 2, 2, lambda: (centres, np.array([-1, 0, 1, 2])))
    loss = make_loss("teacher-centres", sizes, {"margin": 0.1, "scale": 4.0})
    batch = Batch(torch.tensor([[3.0, 4.0]]), torch.tensor([-1]), torch.zeros(1, 2), torch.tensor([2]))
    logits = 4 * np.array([0.6, 0.8 - 0.1, -0.6])
    assert loss(batch).item() == pytest.approx(np.log(np.exp(logits).sum()) - logits[1], rel=1e-5)
    assert not loss.state_dict(), "centres are made again from the data, not kept in every checkpoint"


def test_margin_softmax_needs_teachers_and_pictures():
    """Without teachers, or without knowing which pictures a batch holds, it says so."""
    with pytest.raises(RecipeInvalid, match="teacher"):
        make_loss("teacher-centres", Sizes(2, 2), {})
    loss = make_loss("teacher-centres", Sizes(2, 2, 2, lambda: (np.eye(2, dtype=np.float32), np.arange(2))), {})
    with pytest.raises(RecipeInvalid, match="pictures"):
        loss(Batch(torch.ones(1, 2), torch.tensor([0])))


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_has_a_gradient(name):
    """Every loss of the table takes a batch of fours and moves the embeddings."""
    options = {
        "angular": {},
        "triplet": {"margin": 5.0, "mining": "all"},
        "strangers": {"limit": -1.0},
        "contrastive": {"margin": 50.0},
    }
    sizes = Sizes(4, 3, 4, lambda: (np.eye(3, 4, dtype=np.float32), np.array([0, 0, 1, 2, 1, 1, 2, 0])))
    loss = make_loss(name, sizes, options.get(name, {}))
    rows = torch.randn(8, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
    labels = torch.tensor([0, 0, 1, 2, 1, 1, 2, 0])
    loss(Batch(rows, labels, torch.randn(8, 4), torch.arange(8))).backward()
    assert rows.grad is not None
    assert rows.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("name", "options"), [("no-such", {}), ("triplet", {"mining": "odd"}), ("contrastive", {"margins": 1})]
)
def test_unknown_names_are_refused(name, options):
    """A loss or an option that does not exist is a recipe error."""
    with pytest.raises(RecipeInvalid):
        make_loss(name, Sizes(2), options)
