"""From a run to a folder that the product loads."""

import copy
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
pytest.importorskip("timm")

from enroll import load_encoder  # noqa: E402 - after the skip
from train.data.pictures import Pictures  # noqa: E402
from train.errors import DataMissing, RecipeInvalid, TrainError  # noqa: E402
from train.nets import models  # noqa: E402
from train.recipe import RECIPES, load_recipe  # noqa: E402
from train.ship import shipping  # noqa: E402
from train.ship.cards import sha256_of  # noqa: E402

pytestmark = pytest.mark.slow

RECIPE = """
name = "small"
task = "{task}"
[data]
kind = "faces"
teacher = "published"
[model]
kind = "small"
[[stage]]
name = "a"
steps = 1
lr = 0.1
[[stage.samples]]
kind = "people"
[[stage.losses]]
kind = "triplet"
"""


@pytest.fixture
def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.AvgPool2d(16), torch.nn.Flatten(), torch.nn.Linear(147, 24))


@pytest.fixture
def run(tmp_path, network, monkeypatch):
    """A finished run of a small network on generated people of a user's own set."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "recipe.toml").write_text(RECIPE.format(task="faces"), encoding="utf-8")
    torch.save({"model": network.state_dict()}, folder / "model.pt")
    random = np.random.default_rng(4)
    pixels = random.integers(0, 256, (180, 8, 8, 3), dtype=np.uint8).repeat(16, 1).repeat(16, 2)
    labels = np.arange(180) // 2
    splits = np.repeat(["train", "dev"], [120, 60])
    columns = {name: np.full(180, value) for name, value in (("set", "school"), ("age", ""), ("race", ""))}
    pictures = Pictures(pixels, labels, splits, np.arange(180).astype(str), tuple(map(str, range(90))), columns)
    monkeypatch.setattr(shipping, "load_pictures", lambda *_, **__: pictures)
    monkeypatch.setattr(models, "make_model", lambda *_: (copy.deepcopy(network), 24))
    return folder


def test_what_is_shipped_is_the_products(run, network, tmp_path):
    """The product loads it, it computes what the network computes, and its card tells sets and teachers."""
    said = shipping.ship(run, tmp_path / "out", "small-1", tmp_path, storage="int8", mirror=True)
    assert "small-1" in said
    encoder = load_encoder(tmp_path / "out")
    crops = np.random.default_rng(1).integers(0, 256, (3, 14, 14, 3), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    with torch.no_grad():
        both = [
            torch.nn.functional.normalize(network((torch.from_numpy(c).permute(0, 3, 1, 2).float() - 127.5) / 128))
            for c in (crops, crops[:, :, ::-1].copy())
        ]
    expected = torch.nn.functional.normalize(both[0] + both[1]).numpy()
    assert (encoder.embed(crops) * expected).sum(1).min() > 0.99
    card = json.loads((tmp_path / "out" / "card.json").read_text(encoding="utf-8"))
    assert [{"set": "school", "terms": shipping.OWN_TERMS}] == card["data"]
    assert 2 == len(card["teachers"])
    assert card["cohort"]["cameras"] > 0
    assert 0.3 == card["cohort"]["centre"]["share"]
    cohort = np.load(tmp_path / "out" / "cohort.npy").astype(np.float32)
    centre = 0.3 * cohort[: card["cohort"]["centre"]["rows"]].mean(0)
    rows = (cohort - centre) / np.linalg.norm(cohort - centre, axis=1, keepdims=True)
    faces = encoder.embed(np.ascontiguousarray(_development_faces(shipping.load_pictures()))) - centre
    found = [np.sort(face / np.linalg.norm(face) @ rows.T)[-card["cohort"]["k"] :].mean() for face in faces]
    assert np.mean(found) == pytest.approx(card["cohort"]["floor"], abs=1e-3)
    assert {} == card["figures"]
    assert ["card.json", "cohort.npy", "encoder.onnx"] == sorted(file.name for file in (tmp_path / "out").iterdir())


def _development_faces(pictures):
    return pictures.pixels[pictures.rows("dev")][:, 8:120, 8:120]


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("face-default", ["mobilefacenet", "retail-0095"]),
        ("face-joined", ["mobilefacenet", "retail-0095"]),
        ("ablation/joined-published", []),
        ("face-fast", ["mobilefacenet", "retail-0095"]),
    ],
)
def test_who_taught_is_named(recipe, expected):
    """Those that a recipe names, and those of the encoder that it takes parts from; nobody where nothing was taught."""
    taught = shipping.taught_by(load_recipe(RECIPES / f"{recipe}.toml"))
    assert [shipping.INITIAL[name] for name in expected] == taught


def test_an_encoder_that_teaches_is_named_with_those_it_is_made_of():
    """The card of a pupil tells whose weights spoke through the shipped teacher."""
    taught = shipping.taught_by(load_recipe(RECIPES / "ablation/fast-narrow.toml"))
    assert taught[0].startswith("encoder default-")
    assert {shipping.INITIAL[name] for name in ("sface", "retail-0095", "mobilefacenet")} == set(taught[1:])


def test_an_export_that_fails_leaves_the_former_encoder(run, tmp_path, monkeypatch):
    """Nothing of the folder changes, and nothing is left beside it."""
    to = tmp_path / "out"
    to.mkdir()
    (to / "encoder.onnx").write_bytes(b"former")
    monkeypatch.setattr(shipping, "_describe", _fail)
    with pytest.raises(TrainError):
        shipping.ship(run, to, "small-1", tmp_path)
    assert [b"former"] == [file.read_bytes() for file in to.iterdir()]
    assert ["out", "run"] == sorted(entry.name for entry in tmp_path.iterdir())


def _fail(*_):
    raise TrainError("here", "no more")


def test_what_cannot_be_shipped_is_named(run, tmp_path):
    """A run of the workbench, and one that has not come to its end."""
    (run / "recipe.toml").write_text(RECIPE.format(task="similarity"), encoding="utf-8")
    with pytest.raises(RecipeInvalid, match="only encoders, detectors and landmark networks"):
        shipping.ship(run, tmp_path / "out", "x", tmp_path)
    (run / "recipe.toml").write_text(RECIPE.format(task="faces"), encoding="utf-8")
    (run / "model.pt").unlink()
    with pytest.raises(DataMissing, match="no finished run"):
        shipping.ship(run, tmp_path / "out", "x", tmp_path)


def test_an_encoder_is_calibrated_anew(run, tmp_path):
    """Network and origin stay as they were; cohort, score model and id are new, figures gone."""
    folder = tmp_path / "out"
    shipping.ship(run, folder, "small-1", tmp_path)
    before = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    np.save(folder / "cohort.npy", np.roll(np.load(folder / "cohort.npy"), 1, axis=1))
    changed = {
        **before,
        "figures": {"rank1": 99.0},
        "cohort": {**before["cohort"], "sha256": sha256_of(folder / "cohort.npy")},
    }
    (folder / "card.json").write_text(json.dumps(changed), encoding="utf-8")
    assert "small-2" in shipping.recalibrate(folder, "small-2", tmp_path)
    after = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert {**before, "id": "small-2"} == after
    assert "small-2" == load_encoder(folder).id


def test_calibrated_anew_under_its_own_id_is_refused(run, tmp_path):
    """Templates are bound to the id: two score models under one id would be compared with each other."""
    shipping.ship(run, tmp_path / "out", "small-1", tmp_path)
    with pytest.raises(RecipeInvalid, match="small-1"):
        shipping.recalibrate(tmp_path / "out", "small-1", tmp_path)
