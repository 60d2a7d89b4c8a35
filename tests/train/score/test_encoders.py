"""What can be measured, by name; peers' own scores; cost in a process of its own."""

import shutil
import time

import numpy as np
import pytest

from train.errors import DataMissing, MeasureFailed, PeerMissing, RecipeInvalid
from train.measure.peer_thresholds import SHIPPED
from train.score import dlib_peer
from train.score.encoders import Plain, open_contender
from train.score.openset import scores


@pytest.fixture
def fast():
    """The folder of a shipped encoder."""
    from enroll.registry import MODELS

    return MODELS / "fast"


@pytest.fixture
def crops(astronaut):
    """Shifted crops of a portrait (5, 112, 112, 3)."""
    return np.stack([astronaut[60 + 5 * n : 172 + 5 * n, 160:272] for n in range(5)])


def test_a_file_without_a_card_embeds_as_the_product_does(fast, crops, tmp_path):
    """An ONNX file alone gives the product's vectors, and a mirrored one those of the card's `mirror`."""
    carded = open_contender("fast", tmp_path, tmp_path)
    plain = open_contender(str(fast / "encoder.onnx"), tmp_path, tmp_path)
    expected = carded.embed(crops)
    assert np.allclose(expected, plain.embed(crops), atol=1e-5)
    assert carded.digest == plain.digest
    mirrored = Plain("both", fast / "encoder.onnx", mirror=True)
    mean = expected + carded.embed(np.ascontiguousarray(crops[:, :, ::-1]))
    assert np.allclose(mean / np.linalg.norm(mean, axis=1, keepdims=True), mirrored.embed(crops), atol=1e-5)
    assert mirrored.digest != plain.digest


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("peer:sphinx", RecipeInvalid),
        ("peer:0095", DataMissing),
        ("peer:sface", DataMissing),
        ("peer:pair", DataMissing),
        ("nowhere.onnx", DataMissing),
    ],
)
def test_what_cannot_be_opened_is_named(tmp_path, name, error):
    """Unknown peers, absent weights and files are errors of one line."""
    with pytest.raises(error):
        open_contender(name, tmp_path, tmp_path)


def test_an_unfinished_run_is_named(tmp_path):
    """A run folder without weights says so."""
    (tmp_path / "recipe.toml").write_text("", encoding="utf-8")
    with pytest.raises(DataMissing, match="no finished run"):
        open_contender(str(tmp_path), tmp_path, tmp_path)


def test_the_pair_is_both_peers_side_by_side(shared_data, tmp_path, crops):
    """The cosine of the pair is the mean of both networks' cosines."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from train.nets.export import Unit
    from train.nets.models import published

    second, both = (open_contender(name, shared_data, tmp_path).embed(crops) for name in ("peer:0095", "peer:pair"))
    planes = torch.from_numpy((crops.transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 128)
    with torch.no_grad():
        first = Unit(published("mobilefacenet", shared_data)).eval()(planes).numpy()
    assert np.allclose((first @ first.T + second @ second.T) / 2, both @ both.T, atol=1e-4)


def test_a_run_is_exported_once(tmp_path, monkeypatch, crops):
    """A run of `fit` becomes a contender through a temporary ONNX file; new weights make a new one."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.toml").write_text(
        'name = "x"\n[data]\nkind = "faces"\n[model]\nkind = "small"\n[[stage]]\nname = "a"\nsteps = 1\nlr = 0.1\n'
        '[[stage.samples]]\nkind = "people"\n[[stage.losses]]\nkind = "triplet"\n',
        encoding="utf-8",
    )
    network = torch.nn.Sequential(torch.nn.AvgPool2d(16), torch.nn.Flatten(), torch.nn.Linear(147, 8))
    monkeypatch.setitem(__import__("train.nets.models", fromlist=["_MAKERS"])._MAKERS, "small", lambda _: (network, 8))
    torch.save({"model": network.state_dict()}, run / "model.pt")
    first = open_contender(str(run), tmp_path, tmp_path / "scratch")
    with torch.no_grad():
        expected = torch.nn.functional.normalize(
            network((torch.from_numpy(crops.transpose(0, 3, 1, 2).copy()).float() - 127.5) / 128)
        )
    assert np.allclose(expected.numpy(), first.embed(crops), atol=1e-4)
    assert "run" == first.name
    written = first.files[0].stat().st_mtime_ns
    assert written == open_contender(str(run), tmp_path, tmp_path / "scratch").files[0].stat().st_mtime_ns
    monkeypatch.setattr("train.score.encoders._export", lambda _, file: file.write_bytes(b"onnx"))
    network[2].weight.data += 1
    torch.save({"model": network.state_dict()}, run / "model.pt")
    assert first.files != open_contender(str(run), tmp_path, tmp_path / "scratch").files


def test_absent_dlib_says_how_to_install_it(monkeypatch):
    """One line with the command."""
    monkeypatch.setattr(dlib_peer.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(PeerMissing) as caught:
        dlib_peer.open_dlib()
    assert "pip install dlib-bin" in caught.value.help


def test_dlibs_score_is_the_negative_squared_distance(tmp_path):
    """Higher is more alike; its makers' tolerance of 0.6 is the score -0.36."""
    vectors = np.random.default_rng(1).normal(size=(6, 128)).astype(np.float32) / 8
    scoring = dlib_peer.Dlib(tmp_path).scorings(vectors)["plain"]
    expected = -(np.linalg.norm(vectors[:, None] - vectors[None], axis=2) ** 2)
    rows = np.arange(6)
    assert np.allclose(expected, scores(scoring.vectors, rows, rows, scoring.offsets), atol=1e-5)
    assert SHIPPED["dlib"].score == pytest.approx(-0.36)


def test_dlib_embeds_the_products_crop(crops):
    """Two crops of one face lie within dlib's own tolerance, another person's does not."""
    pytest.importorskip("dlib")
    try:
        peer = dlib_peer.open_dlib()
    except PeerMissing as missing:
        pytest.skip(str(missing))
    vectors = peer.embed(crops[:2])
    assert vectors.shape == (2, 128)
    assert np.linalg.norm(vectors[0] - vectors[1]) < 0.6


def test_cost_is_measured_in_a_process_of_its_own(fast, tmp_path):
    """Memory of one encoder, not of whatever this process has loaded; milliseconds; size on disk."""
    from train.measure.cost import cost

    ballast = np.ones(40_000_000)  # 320 MB that a child must not count
    found = cost("fast", open_contender("fast", tmp_path, tmp_path), tmp_path, tmp_path)
    assert 0 < found["embed_ms_best"] <= found["embed_ms"]
    assert found["file_mb"] == pytest.approx((fast / "encoder.onnx").stat().st_size / 1e6)
    if "memory_mb" in found:
        assert 1 < found["memory_mb"] < found["peak_mb"] < 300
    del ballast


def test_rivals_are_timed_in_turns(monkeypatch):
    """Each gets its own times, the warm-up's are overwritten, and neither runs twice in a row."""
    from train.measure import cost

    monkeypatch.setattr(cost, "TIMED", 30)
    calls = []
    first, second = (lambda _: calls.append("a")), (lambda _: (calls.append("b"), time.sleep(0.002)))
    taken = cost.time_in_turns([first, second], np.zeros(1))
    assert ["a", "b"] * (30 + cost.WARM_UP) == calls
    assert (2, 2, 30) == taken.shape
    assert taken[0, 0].min() < 2 <= taken[1, 0].min()
    assert np.median(taken[1, 1]) < 2  # asleep is not at work


def test_an_encoder_that_breaks_in_the_child_is_an_error(fast, tmp_path):
    """What the child said last is told."""
    from train.measure.cost import cost

    broken = shutil.copytree(fast, tmp_path / "broken")
    contender = open_contender(str(broken), tmp_path, tmp_path)
    (broken / "encoder.onnx").write_bytes(b"junk")
    with pytest.raises(MeasureFailed, match="sha256"):
        cost(str(broken), contender, tmp_path, tmp_path)
