"""Epochs along a run's loss: counted as pictures seen over pictures to train on."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("matplotlib")

from train.data.pictures import Pictures  # noqa: E402 - after the skip
from train.recipe import Data, Model, Part, Recipe, Stage  # noqa: E402
from train.workbench import plots  # noqa: E402
from train.workbench.plots import Curve  # noqa: E402
from train.workbench.task import SAMPLERS, SimilarityTask, pictures_a_step, steps_an_epoch  # noqa: E402
from train.workbench.towers import InputShape, make_tower  # noqa: E402

OPTIONS = {"classes": {"classes": 4, "pictures": 3}, "epochs": {"size": 7}, "mined-triplets": {"nearest": 5}}


@pytest.fixture
def pictures():
    """Ten classes of six pictures; one of each does not train."""
    splits = np.tile(["train"] * 5 + ["test"], 10)
    pixels = np.random.default_rng(1).integers(0, 256, (60, 16, 16, 1)).astype(np.uint8)
    return Pictures(pixels, np.repeat(np.arange(10), 6), splits, np.arange(60).astype(str), tuple("abcdefghij"))


def made(kinds, model="small-face"):
    stages = tuple(
        Stage(kind, 4, 0.1, (Part(kind, options=OPTIONS.get(kind, {})),), (Part("supcon"),)) for kind in kinds
    )
    return Recipe("made", Data("folder"), Model(model, options={"widths": [4, 4, 4, 4], "dim": 4}), stages)


@pytest.mark.parametrize("kind", SAMPLERS)
def test_a_step_is_as_large_as_it_is_told(pictures, tmp_path, kind):
    """The size told from a recipe's words is the number of rows that its sampler draws."""
    recipe = made([kind])
    network = make_tower(recipe.model, InputShape(1, 16), seed=1, folder=Path())
    sampler = SimilarityTask(recipe, pictures, network, tmp_path).jobs()[0]().sampler
    assert len(sampler(0)) == pictures_a_step(recipe.stage[0])


def test_an_epoch_is_every_training_picture_once(pictures):
    """Fifty pictures to train on and twelve a step make an epoch of 50/12 steps, whatever else the set holds."""
    assert pytest.approx(50 / 12) == steps_an_epoch(made(["classes"]), pictures)


def test_no_epoch_is_told_where_steps_differ(pictures):
    """Stages of other sizes, or members that each begin anew, have no common epoch."""
    assert math.isnan(steps_an_epoch(made(["classes", "epochs"]), pictures))
    assert math.isnan(steps_an_epoch(made(["classes"], "ensemble"), pictures))
    assert not math.isnan(steps_an_epoch(replace(made(["epochs", "epochs"])), pictures))


def test_the_plot_has_an_axis_of_epochs():
    """834 steps of 25/6 an epoch end at epoch 200 on the upper axis; unknown epochs leave the axis away."""
    loss = Curve(np.arange(1, 835), np.linspace(1, 0, 834), ((0, "only"),))
    figure = plots.loss_curve(loss, None, 25 / 6)
    figure.draw_without_rendering()
    (upper,) = figure.axes[0].child_axes
    ends = np.array(figure.axes[0].get_xlim()) / (25 / 6)
    assert pytest.approx(ends.tolist()) == list(upper.get_xlim())
    assert [] == plots.loss_curve(loss, None).axes[0].child_axes
