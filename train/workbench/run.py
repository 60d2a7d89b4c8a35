"""One run of the similarity workbench: recipe in, a folder with weights, figures and a report out."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from train.data.load import load
from train.data.pictures import Pictures
from train.errors import RecipeInvalid
from train.fit.loop import fit
from train.fit.losses import Sizes, make_loss
from train.nets.checkpoint import load_checkpoint
from train.nets.pretrained import unfilled
from train.recipe import RECIPE_COPY, WEIGHTS, Recipe, finished_weights, load_recipe
from train.workbench.distance import Distance, Fused, make_distance
from train.workbench.questions import asking, evaluate, make_examiner, progress_figures
from train.workbench.report import Timing, read_metrics, write_report
from train.workbench.task import TASKS, SimilarityTask, check_names, embed
from train.workbench.towers import InputShape, dim_of, make_tower


def fit_workbench(recipe: Recipe, out: Path, folder: Path) -> Path:
    """Train, judge and report; a run begun in `out` is continued. Returns report.html.

    Data are looked for in `folder`. Raises RecipeInvalid, DataMissing, ManifestInvalid, and what `train.fit.loop.fit`
    raises.
    """
    if recipe.task not in TASKS:
        raise RecipeInvalid(recipe.name, f"unknown task {recipe.task!r}; expected faces, {', '.join(TASKS)}")
    asking(recipe)
    check_names(recipe)
    pictures = load(recipe.data, folder)
    out.mkdir(parents=True, exist_ok=True)
    model = make_tower(recipe.model, shape_of(pictures), seed=recipe.seed, folder=folder)
    started = time.monotonic()
    task = SimilarityTask(recipe, pictures, model, out)
    fit(recipe, model, task.jobs(), out, evaluate=progress_figures(recipe, pictures))
    trained = time.monotonic()
    outcome = evaluate(make_examiner(recipe, pictures, model.cpu(), trained_head(recipe, model, out)))
    return write_report(out, recipe, pictures, outcome, Timing(trained - started, time.monotonic() - trained))


def shape_of(pictures: Pictures) -> InputShape:
    """What a network for these pictures takes."""
    return InputShape(channels=pictures.pixels.shape[3], side=pictures.pixels.shape[1])


def trained_head(recipe: Recipe, model: nn.Module, out: Path) -> nn.Module | None:
    """The pair head of the last stage with its trained weights, where the recipe has one."""
    part = next((part for part in recipe.stage[-1].losses if part.kind == "pair-head"), None)
    if part is None:
        return None
    head = make_loss(part.kind, Sizes(dim_of(model)), part.options)
    saved = load_checkpoint(out / WEIGHTS, recipe.digest)["losses"]
    prefix = f"{part.kind}."
    head.load_state_dict({name.removeprefix(prefix): value for name, value in saved.items() if name.startswith(prefix)})
    return head.eval()


@dataclass(frozen=True)
class FinishedRun:
    """A finished run read back: what embeds, what measures, where it says yes, and how often that was right.

    `figures` are those of metrics.json.
    """

    recipe: Recipe
    shape: InputShape
    model: nn.Module
    distance: Distance
    figures: Mapping[str, Any]

    @property
    def threshold(self) -> float:
        """The distance at or below which the answer is yes."""
        return float(self.figures["threshold"]["value"])

    def embed(self, pixels: np.ndarray) -> np.ndarray:
        """Embeddings (n, d) of pictures (n, S, S, C) uint8 of the run's size."""
        return embed(self.model, pixels, np.arange(len(pixels)))

    def distances(self, one: np.ndarray, many: np.ndarray) -> np.ndarray:
        """Distances (n,) of one embedding (d,) from many (n, d)."""
        return self.distance(np.repeat(one[None], len(many), axis=0), many)


def open_run(folder: Path) -> FinishedRun:
    """Read a finished run of the workbench; what it started from is not needed.

    Raises DataMissing, RecipeInvalid, CheckpointRefused.
    """
    weights = finished_weights(folder)
    recipe, metrics = load_recipe(folder / RECIPE_COPY), read_metrics(folder)
    shape = InputShape(**metrics["input"])
    model = make_tower(
        unfilled(recipe.model), shape, seed=recipe.seed, folder=folder
    )  # what it started from is not needed
    model.load_state_dict(load_checkpoint(weights, recipe.digest)["model"])
    fused = metrics["fused"]
    if fused:
        distance: Distance = Fused(tuple(fused["dims"]), tuple(fused["scales"]))
    else:
        distance = make_distance(asking(recipe).distance, trained_head(recipe, model, folder))
    return FinishedRun(recipe, shape, model.eval(), distance, metrics["figures"])
