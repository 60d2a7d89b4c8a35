"""Pictures compared by exported runs of the workbench: distances, decisions, and folders that cannot be used."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from similarity_world import changed, exported, picture

from attendance.access import Actor
from attendance.service_errors import AccessRefused, RequestInvalid, SimilarityUnknown, SimilarityUnusable
from attendance.services.admission import SentPhoto
from attendance.services.similarity import Similarity
from attendance.services.similaritycard import Measure, read_card
from attendance.services.similaritymodel import SimilarityModel, measured

ROOT = Actor("root")


def sent(*greys):
    return [SentPhoto(f"{n}.png", picture(grey)) for n, grey in enumerate(greys, 1)]


def compared(folder, *greys):
    return Similarity([folder], 1).compare(ROOT, "colours", sent(*greys))


def test_two_pictures_are_as_far_apart_as_their_colours(tmp_path):
    """The distance is that of the embeddings, and one at the threshold is alike."""
    step = math.sqrt(3) * 50
    done = compared(exported(tmp_path / "a", threshold=math.ceil(step)), 0, 50)
    assert pytest.approx(step, abs=1e-3) == done.closest.distance
    assert ("Same class", True, None) == (done.says, done.alike, done.remark)
    done = compared(exported(tmp_path / "b", threshold=math.floor(step)), 0, 50)
    assert ("Different classes", False) == (done.says, done.alike)


@pytest.mark.parametrize(
    ("greys", "closest", "says"),
    [
        ((0, 250, 20), [1, 3], "At least two of the three are of one class"),
        ((0, 250, 130), [2, 3], "All three are of different classes"),
    ],
)
def test_of_three_pictures_the_closest_two_decide(tmp_path, greys, closest, says):
    """Every pair is told, and whether the closest two are alike."""
    done = compared(exported(tmp_path / "a", task="three"), *greys).to_dict()
    assert [(1, 2), (1, 3), (2, 3)] == [(each["first"], each["second"]) for each in done["pairs"]]
    assert (closest, says, None) == (done["closest"], done["says"], done["remark"])


@pytest.mark.parametrize(("task", "greys"), [("three", (0, 9)), ("pairs", (0, 9, 99))])
def test_a_threshold_chosen_for_another_question_is_told(tmp_path, task, greys):
    """Whoever asks three pictures of a model for pairs, or two of one for three, hears what was not measured."""
    assert "was not measured" in compared(exported(tmp_path / "a", task=task), *greys).remark


def test_a_pair_head_measures(tmp_path):
    """Where the card names a head, its network makes the distance."""
    done = compared(exported(tmp_path / "a", distance={"kind": "pair-head"}, threshold=0.25), 0, 51)
    assert pytest.approx(0.2, abs=1e-4) == done.closest.distance
    assert done.alike


def test_distances_equal_a_naive_computation():
    """Plain, of unit vectors, and fused: each row as by hand."""
    random = np.random.default_rng(3)
    first, second = random.normal(size=(2, 5, 6))
    assert pytest.approx([math.dist(a, b) for a, b in zip(first, second, strict=True)]) == measured(
        Measure("euclidean"), first, second
    )

    def of_units(one, other):
        return math.dist(one / math.hypot(*one), other / math.hypot(*other))

    wanted = [of_units(a, b) for a, b in zip(first, second, strict=True)]
    assert pytest.approx(wanted) == measured(Measure("unit"), first, second)
    wanted = [
        (of_units(a[:2], b[:2]) / 0.5 + of_units(a[2:], b[2:]) / 2) / 2 for a, b in zip(first, second, strict=True)
    ]
    assert pytest.approx(wanted) == measured(Measure("fused", (2, 4), (0.5, 2.0)), first, second)


@pytest.mark.parametrize(("resize", "mean"), [("crop", 255 / 2), ("stretch", 255 / 6)])
def test_a_picture_is_made_square_as_in_training(tmp_path, resize, mean):
    """Its middle is cut out, or all of it is stretched; grey where the network sees grey."""
    shape = {"side": 16, "channels": 1, "resize": resize}
    model = SimilarityModel.open(exported(tmp_path / "a", input=shape), 1)
    wide = np.zeros((30, 90, 3), np.uint8)
    wide[:, 45:60] = 255  # half of the middle third, and a sixth of all
    found = model.prepared(wide)
    assert (16, 16, 1) == found.shape
    assert pytest.approx(mean, abs=8) == found.mean()


@pytest.mark.parametrize("greys", [(), (1,), (1, 2, 3, 4)])
def test_two_or_three_pictures_are_needed(tmp_path, greys):
    """One has nothing to be compared with, and four are no question of the workbench."""
    with pytest.raises(RequestInvalid, match="give two or three pictures"):
        compared(exported(tmp_path / "a"), *greys)


def test_what_is_no_picture_is_named_and_nothing_is_compared(tmp_path):
    """Every picture that cannot be used is told with its reason, not the first alone."""
    photos = [*sent(5), SentPhoto("a.pdf", b"%PDF-1.7\n"), SentPhoto("b.png", picture(9)[:60])]
    done = Similarity([exported(tmp_path / "a")], 1).compare(ROOT, "colours", photos)
    assert ((), None) == (done.pairs, done.pictures)
    ids = [(photo.source, error.id) for photo, error in done.refused]
    assert [("a.pdf", "photo.unknown_format"), ("b.png", "photo.truncated")] == ids


def test_without_a_model_nothing_is_compared(tmp_path):
    """No folder and another name are told apart."""
    with pytest.raises(SimilarityUnknown, match="no model that compares pictures"):
        Similarity([]).compare(ROOT, "colours", sent(1, 2))
    with pytest.raises(SimilarityUnknown, match="no model of this name"):
        Similarity([exported(tmp_path / "a")], 1).compare(ROOT, "other", sent(1, 2))


def test_an_auditor_compares_nothing(tmp_path):
    """The right is asked for by the service itself, whichever door was passed."""
    with pytest.raises(AccessRefused):
        Similarity([exported(tmp_path / "a")], 1).compare(Actor("Grace", frozenset({"auditor"})), "colours", sent(1, 2))


def altered(folder):
    data = bytearray((folder / "model.onnx").read_bytes())
    data[-3] ^= 1
    (folder / "model.onnx").write_bytes(data)


def foreign(folder):
    (folder / "card.json").write_text('{"schema": 1, "id": "default-2026.1", "encoder": {}}', encoding="utf-8")


def no_network(folder):
    import hashlib

    (folder / "model.onnx").write_bytes(b"no network")
    changed(folder, lambda card: card["files"].update({"model.onnx": hashlib.sha256(b"no network").hexdigest()}))


BROKEN = {
    "altered": (altered, "sha256"),
    "file gone": (lambda folder: (folder / "model.onnx").unlink(), "cannot be read"),
    "card gone": (lambda folder: (folder / "card.json").unlink(), "card.json cannot be read"),
    "no JSON": (lambda folder: (folder / "card.json").write_text("{"), "damaged"),
    "foreign": (foreign, "something else"),
    "no network": (no_network, "cannot be loaded"),
    "later schema": (lambda folder: changed(folder, lambda card: card.update(schema=2)), "schema 2"),
    "other length": (lambda folder: changed(folder, lambda card: card.update(embedding=7)), "its card says 7"),
    "other side": (lambda folder: changed(folder, lambda card: card["input"].update(side=20)), "as its card says"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_folder_that_cannot_be_used_says_why_and_stops_no_other(tmp_path, how):
    """One that is broken, altered or of something else is told of in one line, and the others compare."""
    change, told = BROKEN[how]
    change(exported(tmp_path / "broken"))
    found = Similarity([tmp_path / "broken", exported(tmp_path / "whole", name="whole")], 1)
    assert ["whole"] == [card.name for card in found.cards]
    (error,) = found.refused
    assert "similarity.unusable" == error.id
    assert str(tmp_path / "broken") in error.where
    assert told in error.detail
    assert "\n" not in error.line


def test_two_folders_of_one_name_are_told(tmp_path):
    """An address can lead to one of them alone: the first."""
    found = Similarity([exported(tmp_path / "a"), exported(tmp_path / "b")], 1)
    assert 1 == len(found.cards)
    assert (str(tmp_path / "b"), True) == (found.refused[0].where, "colours, too" in found.refused[0].detail)


WRONG = {
    "name": lambda card: card.update(name="../up"),
    "task": lambda card: card.update(task="four"),
    "side": lambda card: card["input"].update(side=4096),
    "side as text": lambda card: card["input"].update(side="16"),
    "channels": lambda card: card["input"].update(channels=True),
    "resize": lambda card: card["input"].update(resize="squeeze"),
    "input": lambda card: card.update(input="16"),
    "distance": lambda card: card.update(distance={"kind": "cosine"}),
    "threshold": lambda card: card["threshold"].update(value=math.nan),
    "no threshold": lambda card: card.pop("threshold"),
    "accuracy": lambda card: card["figures"].update(accuracy=87.5),
    "interval": lambda card: card["figures"].update(interval=[0.8]),
    "points": lambda card: card["figures"].update(points=0),
    "files": lambda card: card["files"].update({"../model.onnx": "0" * 64}),
    "list of files": lambda card: card.update(files=["model.onnx"]),
    "digest": lambda card: card["files"].update({"model.onnx": "0"}),
    "no head": lambda card: card.update(distance={"kind": "pair-head"}),
    "dims": lambda card: card.update(distance={"kind": "fused", "dims": [1, 1], "scales": [1.0, 1.0]}),
    "scales": lambda card: card.update(distance={"kind": "fused", "dims": [3], "scales": [0.0]}),
    "method": lambda card: card["run"].update(method=7),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_card_is_refused(tmp_path, what):
    """Every entry is checked before a network is opened; an address, a path or a share that is none is refused."""
    folder = exported(tmp_path / "a")
    changed(folder, WRONG[what])
    with pytest.raises(SimilarityUnusable, match=r"card\.json"):
        read_card(folder)


def test_what_is_exported_is_what_is_read(tmp_path, monkeypatch):
    """The card that training writes is understood here, entry by entry, and measures as the run did."""
    pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    import torch

    from train.nets.siamese import Siamese
    from train.recipe import Data, Model, Part, Recipe, Stage
    from train.workbench import shipping
    from train.workbench.distance import unit
    from train.workbench.run import FinishedRun
    from train.workbench.towers import InputShape

    torch.manual_seed(1)
    network = Siamese(1, 4, (4, 8, 8, 8)).eval()
    stage = Stage("one", 1, 0.1, (Part("pairs"),), (Part("contrastive"),))
    recipe = Recipe("made", Data("folder"), Model("siamese"), (stage,), task="three", evaluate={"distance": "unit"})
    figures = {
        "threshold": {"value": 0.3, "how": "best", "balanced_accuracy": 0.9},
        "accuracy": 0.9, "interval": [0.8, 0.95], "chance": 0.5, "points": 60, "roc_auc": 0.95,
    }  # fmt: skip
    run = FinishedRun(recipe, InputShape(1, 28), network, unit, figures)
    metrics = {
        "recipe": "made", "digest": "0", "seed": 1, "method": "contrastive", "model": "siamese", "figures": figures,
        "data": {"kind": "folder", "classes": 8, "test_classes_unseen": False},
    }  # fmt: skip
    monkeypatch.setattr(shipping, "open_run", lambda _: run)
    monkeypatch.setattr(shipping, "read_metrics", lambda _: metrics)
    shipping.ship_similarity(tmp_path / "run", tmp_path / "out", "made")
    model = SimilarityModel.open(tmp_path / "out", 1)
    assert (0.3, "three", False) == (model.card.threshold, model.card.task, model.card.unseen)
    pixels = np.random.default_rng(2).integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    expected, rows = run.embed(pixels), model.embeddings(pixels)
    assert pytest.approx(unit(expected[:2], expected[1:]), abs=1e-4) == model.distances(rows[:2], rows[1:])


def test_nothing_of_training_is_loaded(tmp_path):
    """A service that compares knows neither PyTorch nor the package that trains."""
    folder = exported(tmp_path / "a")
    code = (
        "import sys\nfrom pathlib import Path\nfrom attendance.services.similarity import Similarity\n"
        f"assert ['colours'] == [card.name for card in Similarity([Path({str(folder)!r})], 1).cards]\n"
        "print(sorted({'torch', 'train', 'onnx', 'timm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


def test_a_network_that_makes_no_number_gives_no_answer(tmp_path, monkeypatch):
    """A distance that is none would count as different: it is refused instead."""
    found = Similarity([exported(tmp_path / "a")], 1)
    assert found.cards
    monkeypatch.setattr(SimilarityModel, "embeddings", lambda *_: np.full((2, 3), np.nan, np.float32))
    with pytest.raises(SimilarityUnusable, match="no number"):
        found.compare(ROOT, "colours", sent(1, 2))


def test_the_card_is_told_to_programs_without_its_files(tmp_path):
    """What a program hears can be written as JSON, and names no path."""
    told = json.dumps(read_card(exported(tmp_path / "a")).to_dict())
    assert "onnx" not in told
