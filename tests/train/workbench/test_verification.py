"""Points, distances, thresholds and rates of the workbench against naive re-implementations."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from train.data.sampling import balanced_pairs  # noqa: E402
from train.errors import ManifestInvalid, RecipeInvalid  # noqa: E402
from train.fit.losses import PairHead  # noqa: E402
from train.nets.siamese import Ensemble, Siamese, SmallFaceNet  # noqa: E402
from train.workbench.distance import Fused, euclidean, fused_scales, make_distance, unit  # noqa: E402 - after the skip
from train.workbench.points import balanced_triples, mined_triplets, random_quadruplets  # noqa: E402
from train.workbench.report import classification_report  # noqa: E402
from train.workbench.sheets import hardest  # noqa: E402
from train.workbench.verification import Trials, choose_threshold, equal_error_rate, judge, pool_of_pairs, roc_auc  # noqa: E402

LABELS = np.repeat(np.arange(6), 7)
ROWS = np.arange(len(LABELS))


@pytest.fixture
def trials():
    random = np.random.default_rng(11)
    positive = random.random(200) < 0.3
    distances = np.round(random.normal(np.where(positive, 1.0, 2.0), 0.6), 2)
    return Trials(np.zeros((200, 2), dtype=int), positive, distances)


def test_pairs_are_balanced_and_never_a_picture_with_itself():
    """Half the pairs are mated, every class comes equally often first, no row meets itself, and a seed repeats them."""
    pairs = balanced_pairs(ROWS, LABELS, 1200, seed=3)
    mated = LABELS[pairs[:, 0]] == LABELS[pairs[:, 1]]
    assert 600 == mated.sum()
    assert [200] * 6 == np.bincount(LABELS[pairs[:, 0]]).tolist()
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert np.array_equal(pairs, balanced_pairs(ROWS, LABELS, 1200, seed=3))


def test_every_mate_is_equally_likely():
    """Drawing a mate favours no picture: each of the other six comes about equally often."""
    pairs = balanced_pairs(ROWS, LABELS, 24_000, seed=5)
    mates = [b for a, b in pairs if a == 3 and LABELS[b] == 0]
    counts = np.bincount(mates, minlength=7)[[0, 1, 2, 4, 5, 6]]
    assert counts.min() > 0.6 * counts.mean()
    assert counts.max() < 1.4 * counts.mean()


def test_triples_are_balanced():
    """Half the triples hold exactly two of one class, the others three classes; the two stand in any place."""
    triples, alike = balanced_triples(ROWS, LABELS, 600, seed=2)
    classes = LABELS[triples]
    different = np.array([len(set(row)) for row in classes.tolist()])
    assert 300 == alike.sum()
    assert {2} == set(different[alike].tolist())
    assert {3} == set(different[~alike].tolist())
    together = {tuple(np.flatnonzero(row == np.bincount(row).argmax())) for row in classes[alike]}
    assert {(0, 1), (0, 2), (1, 2)} == together
    assert all(len(set(row)) == 3 for row in triples.tolist())


def test_quadruplets_have_three_classes():
    """Anchor and positive share a class; the two negatives are of two others."""
    points = random_quadruplets(ROWS, LABELS, 120, seed=1)
    anchor, positive, negative, other = LABELS[points].T
    assert (anchor == positive).all()
    assert all(len({a, n, o}) == 3 for a, n, o in zip(anchor, negative, other, strict=True))


def test_mined_negatives_are_the_nearest_strangers():
    """Every mined negative is among the anchor's nearest rows of other classes, found by sorting all distances."""
    random = np.random.default_rng(4)
    embeddings = random.normal(size=(len(ROWS), 5)).astype(np.float32)
    points = mined_triplets(embeddings, ROWS, LABELS, 60, nearest=3, seed=8)
    normed = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for anchor, positive, negative in points.tolist():
        strangers = [r for r in np.argsort(-normed @ normed[anchor]) if LABELS[r] != LABELS[anchor]][:3]
        assert negative in strangers
        assert LABELS[anchor] == LABELS[positive]
        assert anchor != positive


def test_distances_by_hand():
    """Plain distance of (0,0) and (3,4) is 5; as unit vectors a right angle is the root of two."""
    assert [5.0] == euclidean(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).tolist()
    assert pytest.approx(2**0.5) == unit(np.array([[9.0, 0.0]]), np.array([[0.0, 0.1]]))[0]


def test_fused_distance_is_the_mean_of_scaled_distances():
    """Each member's distance counts in units of its own median; concatenated and fused distances differ."""
    random = np.random.default_rng(6)
    rows = random.normal(size=(20, 5))
    pairs = np.array(list(itertools.combinations(range(20), 2)))
    scales = fused_scales(rows, (2, 3), pairs)
    first, second = rows[:10], rows[10:]
    expected = [
        (unit(a[None, :2], b[None, :2])[0] / scales[0] + unit(a[None, 2:], b[None, 2:])[0] / scales[1]) / 2
        for a, b in zip(first, second, strict=True)
    ]
    assert pytest.approx(expected) == Fused((2, 3), scales)(first, second).tolist()
    assert pytest.approx(1.0) == np.median(unit(rows[pairs[:, 0], :2], rows[pairs[:, 1], :2])) / scales[0]


def test_pair_head_distance_is_one_minus_probability():
    """A head that says log-odds 2 puts pairs 1 - sigmoid(2) apart."""
    head = PairHead(3)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.head[-1].bias.fill_(2.0)
    rows = np.ones((4, 3), dtype=np.float32)
    assert (
        pytest.approx([1 - 1 / (1 + np.exp(-2))] * 4, rel=1e-5) == make_distance("pair-head", head)(rows, rows).tolist()
    )


def test_distances_that_do_not_exist_are_refused():
    """An unknown distance, or a pair head that was never trained, is one clear error."""
    for name in ("cosinus", "pair-head"):
        with pytest.raises(RecipeInvalid, match=name):
            make_distance(name)


def test_threshold_is_the_best_of_all(trials):
    """No threshold of all those possible has a better mean of both rates than the one chosen."""
    chosen = choose_threshold(trials, "pairs")

    def balanced(threshold):
        answer = trials.distances <= threshold
        return (answer[trials.positive].mean() + (~answer[~trials.positive]).mean()) / 2

    every = [balanced(t) for t in [-1.0, *np.unique(trials.distances), 99.0]]
    assert pytest.approx(max(every)) == chosen.balanced_accuracy
    assert pytest.approx(chosen.balanced_accuracy) == balanced(chosen.value)


def test_a_mistake_is_shown_once():
    """A pair asked both ways round stands once on the sheet of mistakes; the most confident mistake comes first."""
    rows = np.array([(1, 2), (2, 1), (3, 4), (5, 6), (1, 2)])
    trials = Trials(rows, np.array([False, False, False, True, False]), np.array([0.3, 0.3, 0.1, 0.2, 0.3]))
    assert [2, 0] == hardest(trials, 0.5, answer=True).tolist()
    assert [] == hardest(trials, 0.5, answer=False).tolist()


def test_verdict_matches_counting(trials):
    """Accuracy, precision, recall, F1 and confusion equal what counting by hand gives."""
    verdict = judge(trials, 1.5)
    pairs = [(bool(t), bool(d <= 1.5)) for t, d in zip(trials.positive, trials.distances, strict=True)]
    count = {key: pairs.count(key) for key in itertools.product([False, True], repeat=2)}
    assert ((count[False, False], count[False, True]), (count[True, False], count[True, True])) == verdict.confusion
    precision = count[True, True] / (count[True, True] + count[False, True])
    recall = count[True, True] / (count[True, True] + count[True, False])
    assert pytest.approx((precision, recall)) == (verdict.precision, verdict.recall)
    assert pytest.approx(2 * precision * recall / (precision + recall)) == verdict.f1
    assert pytest.approx(sum(a == b for a, b in pairs) / len(pairs)) == verdict.accuracy
    assert verdict.interval[0] < verdict.accuracy < verdict.interval[1]
    assert pytest.approx(1 - trials.positive.mean()) == verdict.chance


def test_classification_report_matches_scikit_learn(trials):
    """Both answers' precision, recall, F1 and support are scikit-learn's."""
    from sklearn.metrics import classification_report as theirs

    ours = classification_report(judge(trials, 1.5).confusion)
    expected = theirs(trials.positive, trials.distances <= 1.5, output_dict=True)
    for mine, other in (("no", "False"), ("yes", "True"), ("mean", "macro avg")):
        found = [ours[mine][name] for name in ("precision", "recall", "f1", "support")]
        assert pytest.approx([expected[other][n] for n in ("precision", "recall", "f1-score", "support")]) == found


def test_auc_is_the_share_of_ordered_pairs(trials):
    """ROC-AUC equals the share of (mated, non-mated) couples in the right order, ties half."""
    near, far = trials.distances[trials.positive], trials.distances[~trials.positive]
    right = np.mean([(a < b) + 0.5 * (a == b) for a in near for b in far])
    assert pytest.approx(right) == roc_auc(trials)


def test_equal_error_rate_of_a_known_overlap():
    """Ten mated and ten non-mated distances of which two each lie on the wrong side: 20 %."""
    distances = np.array([0.1 * i for i in range(8)] + [2.0, 2.1] + [1.0 + 0.1 * i for i in range(8)] + [0.05, 0.15])
    positive = np.array([True] * 10 + [False] * 10)
    assert pytest.approx(0.2) == equal_error_rate(Trials(np.zeros((20, 2)), positive, distances))


def test_pool_holds_every_pair_once():
    """All pairs of the rows, each once, with their truth; with a limit, all pairs of that many rows."""
    pairs, same = pool_of_pairs(ROWS, LABELS, 1000, seed=1)
    assert set(itertools.combinations(range(len(ROWS)), 2)) == {tuple(pair) for pair in pairs.tolist()}
    assert 6 * 21 == same.sum()
    assert 10 * 9 // 2 == len(pool_of_pairs(ROWS, LABELS, 10, seed=1)[0])


def test_trials_of_one_answer_are_refused():
    """Figures need both mated and non-mated trials; a set without either says so."""
    with pytest.raises(ManifestInvalid, match="both"):
        Trials(np.zeros((3, 2)), np.ones(3, dtype=bool), np.zeros(3))


@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 32)])
def test_siamese_is_the_network_of_the_table(channels, side):
    """Convolutions 32-64-128 with batch norm, then 128 to 64 to 2, for digits and for colour pictures alike."""
    net = Siamese(channels).eval()
    shapes = {
        name: tuple(p.shape)
        for name, p in net.named_parameters()
        if name.endswith("weight") and not name.startswith("bn")
    }
    expected = {
        "c1.weight": (32, channels, 3, 3), "c2.weight": (64, 32, 3, 3), "c3.weight": (128, 64, 3, 3),
        "fc4.weight": (64, 128), "fc5.weight": (2, 64),
    }  # fmt: skip
    assert expected == shapes
    assert (4, 2) == tuple(net(torch.zeros(4, channels, side, side)).shape)


def test_siamese_refuses_other_sizes():
    """A picture whose features do not average to one point is refused, not silently flattened."""
    with pytest.raises(RecipeInvalid, match="28 to 39"):
        Siamese(1).eval()(torch.zeros(1, 1, 64, 64))


def test_ensemble_is_its_members_side_by_side():
    """Each member's embedding, of unit length, in its place; squared distances are the members' sum."""
    members = [SmallFaceNet(1, 4, 16), SmallFaceNet(1, 3, 16)]
    both = Ensemble(members, (4, 3)).eval()
    with torch.no_grad():
        out = both(torch.randn(5, 1, 16, 16)).numpy()
    assert (5, 7) == out.shape
    assert pytest.approx(np.ones(5), rel=1e-5) == np.linalg.norm(out[:, :4], axis=1)
    sum_of_both = euclidean(out[:2, :4], out[2:4, :4]) ** 2 + euclidean(out[:2, 4:], out[2:4, 4:]) ** 2
    assert pytest.approx(sum_of_both, rel=1e-4) == euclidean(out[:2], out[2:4]) ** 2
