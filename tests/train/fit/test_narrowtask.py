"""Recipes of task narrow: the crops they are solved on, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from train.data.pictures import Pictures  # noqa: E402 - after the skips
from train.errors import RecipeInvalid  # noqa: E402
from train.fit import narrowtask  # noqa: E402
from train.fitting import fit_recipe  # noqa: E402
from train.nets.models import make_model, trained_model, untrained  # noqa: E402
from train.nets.narrow_sface import NARROW, of_widths, widths_of  # noqa: E402
from train.nets.sface import sface  # noqa: E402
from train.recipe import RECIPES, Model, load_recipe  # noqa: E402


@pytest.fixture
def recipe():
    """The shipped one, on six crops."""
    shipped = load_recipe(RECIPES / "face-narrow.toml")
    return replace(shipped, data=replace(shipped.data, options={"crops": 6}))


@pytest.fixture
def pictures():
    """Twenty noisy pictures, a quarter of them of development people."""
    pixels = np.random.default_rng(2).integers(0, 256, (20, 128, 128, 3), dtype=np.uint8)
    splits = np.array(["train", "train", "dev", "train"] * 5)
    return Pictures(pixels, np.arange(20), splits, np.arange(20).astype(str), tuple(map(str, range(20))))


def test_every_other_crop_is_as_it_is(recipe, pictures):
    """Training pictures alone, the same each time; the second, fourth and sixth are the plain middle of theirs."""
    crops = narrowtask.narrowing_crops(recipe, pictures)
    assert (6, 112, 112, 3) == crops.shape
    plain = pictures.pixels[:, 8:120, 8:120]
    found = [np.flatnonzero((plain == crop).all((1, 2, 3))).tolist() for crop in crops]
    assert [0, 1, 0, 1, 0, 1] == [len(rows) for rows in found]
    assert {"train"} == {pictures.splits[row] for rows in found for row in rows}
    assert np.array_equal(crops, narrowtask.narrowing_crops(recipe, pictures))


def test_other_networks_are_refused(recipe, tmp_path):
    """The task narrows SFace, and makes nothing else."""
    other = replace(recipe, model=Model("joined", options={"parts": ["retail-0095"], "shares": [1.0]}))
    with pytest.raises(RecipeInvalid, match="sface-narrow"):
        narrowtask.fit_narrow(other, tmp_path, tmp_path)


def test_a_narrow_network_has_no_published_weights(tmp_path):
    """Its average is with its start, not with random weights of its shape."""
    options = {"parts": ["sface-narrow"], "shares": [1.0]}
    network, dim = make_model(Model("joined", options=options), tmp_path)
    assert (128, list(NARROW)) == (dim, widths_of(network.get_submodule("parts.0")))
    assert untrained(Model("joined", options={**options, "parts_from": "runs/face-narrow"}), tmp_path) is None


def test_a_run_holds_the_narrow_network(tmp_path, monkeypatch, pictures):
    """What was solved is read back as a finished run, under the recipe's own command."""
    made = of_widths(NARROW)
    monkeypatch.setattr(narrowtask, "load_faces", lambda *_, **__: pictures)
    monkeypatch.setattr(narrowtask, "sface", lambda _: sface())
    monkeypatch.setattr(narrowtask, "narrowed", lambda *_, **__: made)
    said = fit_recipe(RECIPES / "face-narrow.toml", tmp_path / "run", tmp_path)
    network = trained_model(tmp_path / "run", tmp_path).get_submodule("parts.0")
    assert "face-narrow solved" in said
    assert all(torch.equal(value, made.state_dict()[name]) for name, value in network.state_dict().items())
