"""What leaves the workbench for the service's page: networks that equal the run, and a card that tells of it."""

import hashlib
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("timm")
pytest.importorskip("onnxscript")

from train.errors import DataMissing, ExportUnequal, RecipeInvalid  # noqa: E402 - after the skip
from train.exporting import export_run  # noqa: E402
from train.fit.losses import PairHead  # noqa: E402
from train.nets.siamese import Ensemble, Siamese, SmallFaceNet  # noqa: E402
from train.recipe import Data, Model, Part, Recipe, Stage  # noqa: E402
from train.workbench import shipping  # noqa: E402
from train.workbench.distance import Fused, HeadDistance, euclidean, unit  # noqa: E402
from train.workbench.run import FinishedRun  # noqa: E402
from train.workbench.towers import InputShape  # noqa: E402

GREY = InputShape(1, 28)
THRESHOLD = {"value": 0.5, "how": "best balanced accuracy on 60 validation pairs", "balanced_accuracy": 0.9}
FIGURES = {
    "threshold": THRESHOLD, "accuracy": 0.875, "interval": [0.7, 0.95], "chance": 0.5, "points": 40, "roc_auc": 0.93,
}  # fmt: skip
METRICS = {
    "schema": 1,
    "recipe": "made",
    "digest": "0" * 16,
    "seed": 1,
    "method": "contrastive",
    "model": "siamese",
    "data": {"kind": "folder", "classes": 8, "test_classes_unseen": True},
    "figures": FIGURES,
}


def made_run(network, distance, *, name="euclidean", task="pairs", kind="folder"):
    """A run as it is read back, its weights drawn by a seed."""
    stage = Stage("one", 1, 0.1, (Part("pairs"),), (Part("pair-head" if name == "pair-head" else "contrastive"),))
    model = Model("siamese", initial="/somewhere/start.pt")
    recipe = Recipe("made", Data(kind), model, (stage,), task=task, evaluate={"distance": name})
    return FinishedRun(recipe, GREY, network.eval(), distance, FIGURES)


def siamese():
    torch.manual_seed(2)
    return Siamese(1, 4, (4, 8, 8, 8), relu=True)


def ensemble():
    torch.manual_seed(2)
    return Ensemble([SmallFaceNet(1, 4, 28, (4, 4, 8, 8), pool=1) for _ in range(2)], [4, 4])


def head():
    torch.manual_seed(3)
    return HeadDistance(PairHead(4, 8))


RUNS = {
    "euclidean": lambda: made_run(siamese(), euclidean),
    "unit": lambda: made_run(siamese(), unit, name="unit", task="three"),
    "pair-head": lambda: made_run(siamese(), head(), name="pair-head"),
    "embeddings fused": lambda: made_run(ensemble(), unit, name="unit"),
    "scores fused": lambda: made_run(ensemble(), Fused((4, 4), (0.5, 1.5)), name="unit"),
}


@pytest.fixture
def shipped(monkeypatch, tmp_path):
    """Ship a made run, as if it were read from a folder."""

    def ship(run, identifier="made"):
        monkeypatch.setattr(shipping, "open_run", lambda _: run)
        monkeypatch.setattr(shipping, "read_metrics", lambda _: METRICS)
        return shipping.ship_similarity(tmp_path / "run", tmp_path / "out", identifier)

    return ship


def own_distances(folder, first, second):
    """Distances by the card and the files alone, written down once more."""
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    how = card["distance"]
    if how["kind"] == "pair-head":
        return shipping._run(folder / "head.onnx", first=first, second=second)
    if how["kind"] == "euclidean":
        return np.sqrt(((first - second) ** 2).sum(1))
    dims, scales = how.get("dims", [first.shape[1]]), how.get("scales", [1.0])
    begins, parts = 0, []
    for dim, scale in zip(dims, scales, strict=True):
        a, b = first[:, begins : begins + dim], second[:, begins : begins + dim]
        a, b = a / np.linalg.norm(a, axis=1)[:, None], b / np.linalg.norm(b, axis=1)[:, None]
        parts.append(np.sqrt(((a - b) ** 2).sum(1)) / scale)
        begins += dim
    return np.mean(parts, axis=0)


@pytest.mark.parametrize("kind", RUNS)
def test_what_is_exported_measures_as_the_run(shipped, tmp_path, kind):
    """Files and card of each distance give the distances of PyTorch to a ten-thousandth, whatever the pictures."""
    run = RUNS[kind]()
    shipped(run)
    pictures = np.random.default_rng(4).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    expected = run.embed(pictures)
    rows = shipping._run(tmp_path / "out" / "model.onnx", pictures=pictures)
    assert pytest.approx(expected, abs=1e-4) == rows
    first, second = rows[[0, 1, 2]], rows[[3, 4, 2]]
    wanted = run.distance(expected[[0, 1, 2]], expected[[3, 4, 2]])
    assert pytest.approx(wanted, abs=1e-4) == own_distances(tmp_path / "out", first, second)
    assert (kind == "pair-head") == (tmp_path / "out" / "head.onnx").is_file()


def test_the_card_tells_of_the_run(shipped, tmp_path):
    """The card has the name, the threshold with its origin, accuracy beside chance, and the digest of each file."""
    assert "made-1" in shipped(RUNS["pair-head"](), "made-1")
    card = json.loads((tmp_path / "out" / "card.json").read_text(encoding="utf-8"))
    assert ("similarity", "made-1", "pairs") == (card["kind"], card["name"], card["task"])
    assert {"side": 28, "channels": 1, "resize": "crop"} == card["input"]
    assert (4, {"kind": "pair-head"}) == (card["embedding"], card["distance"])
    assert THRESHOLD == card["threshold"]
    assert ("contrastive", "siamese", "start.pt") == tuple(card["run"][part] for part in ("method", "model", "initial"))
    assert (0.875, [0.7, 0.95], 0.5, 40) == tuple(
        card["figures"][name] for name in ("accuracy", "interval", "chance", "points")
    )
    found = {each.name for each in (tmp_path / "out").iterdir()}
    assert {"card.json", "model.onnx", "head.onnx"} == found
    for name, digest in card["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize(("kind", "how"), [("att", "stretch"), ("folder", "crop")])
def test_pictures_are_made_square_as_in_training(tmp_path, kind, how):
    """The photos of AT&T were stretched to squares, all others cut; the card says which."""
    run = made_run(siamese(), euclidean, kind=kind)
    assert how == shipping.card(run, METRICS, "made", tmp_path, [])["input"]["resize"]


def test_an_unequal_export_leaves_nothing(shipped, tmp_path, monkeypatch):
    """A file that does not compute what the run computes is refused, and no folder is left."""
    run = RUNS["euclidean"]()
    monkeypatch.setattr(FinishedRun, "embed", lambda *_: np.full((6, 4), 9.0, np.float32))
    with pytest.raises(ExportUnequal, match="differ by"):
        shipped(run)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "Objects", "a b", "../up", "-a", "a/b", "a" * 65, "ä"])
def test_a_name_that_no_address_can_have_is_refused(shipped, name):
    """The page's address ends with the name, so it has small letters, digits and a few signs."""
    with pytest.raises(RecipeInvalid, match="--id"):
        shipped(RUNS["euclidean"](), name)


@pytest.mark.parametrize("task", ["pairs", "three"])
def test_the_command_takes_runs_of_the_workbench(tmp_path, task):
    """`attendance train export` knows a run by its recipe's task; one that has not ended is no run."""
    (tmp_path / "run").mkdir()
    text = (
        f'name = "made"\ntask = "{task}"\n[data]\nkind = "folder"\n[model]\nkind = "siamese"\n[[stage]]\nname = "a"\n'
    )
    part = 'steps = 1\nlr = 0.1\nsamples = [{ kind = "pairs" }]\nlosses = [{ kind = "contrastive" }]\n'
    (tmp_path / "run" / "recipe.toml").write_text(text + part, encoding="utf-8")
    with pytest.raises(DataMissing, match="no finished run"):
        export_run(tmp_path / "run", tmp_path / "out", "made", tmp_path)
