"""The detector's training: a recipe's stages on composed pictures, through the loop that all tasks share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from train.data.sampling import Epochs, Sampler
from train.detecting.compose import Scenery, Sources, compose
from train.detecting.objective import PARTS, Criterion, targets_of
from train.detecting.photos import backgrounds, crop_faces, scene_photos, small_pictures
from train.errors import RecipeInvalid
from train.fit.loop import Job, fit
from train.fit.losses import Batch
from train.nets.yunet import Unit, YuNet, yunet
from train.recipe import WEIGHTS, Recipe, Stage

PUBLISHED = "weights/face_detection_yunet_2023mar.onnx"


class Part(nn.Module):
    """One part of what `Criterion` returns, as a loss of the recipe."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def forward(self, batch: Batch) -> Tensor:
        return batch.embeddings[self.number]


@dataclass(frozen=True)
class ComposedInputs:
    """Composed pictures (n, 3, side, side) and their targets for rows of the photos that they begin with."""

    sources: Sources
    how: Scenery

    def __call__(self, rows: np.ndarray, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        pictures = np.empty((len(rows), self.how.side, self.how.side, 3), np.uint8)
        targets = []
        for place, row in enumerate(rows):
            pictures[place], labels = compose(self.sources, self.how, int(row), random)
            targets.append(targets_of(labels.boxes, labels.landmarks, labels.sure))
        return as_input(pictures), torch.from_numpy(np.stack(targets))


def as_input(pictures: np.ndarray) -> Tensor:
    """RGB pictures (n, H, W, 3) uint8 as the network takes them."""
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32))


def fit_detector(recipe: Recipe, out: Path, folder: Path) -> str:
    """Train by a recipe of the task `detector`; a run begun in `out` is continued. Returns what to tell the user."""
    model = network(recipe, folder)
    train, _ = scene_photos(folder)
    sources = Sources(train, backgrounds(folder)[0], small_pictures(folder)[0], crop_faces(folder))
    fit(recipe, model, jobs(recipe, model, sources), out)
    return f"{out}: {recipe.name} trained; weights in {out / WEIGHTS}"


def network(recipe: Recipe, folder: Path) -> YuNet:
    """The network at its start: as published, or random where the recipe's model says `initial = "random"`."""
    if recipe.model.kind != "yunet" or recipe.model.initial not in {"", "random"}:
        raise RecipeInvalid("model", f"expected kind yunet, initial random or none, got {recipe.model}")
    torch.manual_seed(recipe.seed)
    net = yunet(None if recipe.model.initial else folder / PUBLISHED)
    begin_alike(net)
    return net


@torch.no_grad()
def begin_alike(net: YuNet) -> None:
    """Let the first probability of each level begin as the second.

    The published one was never taught what is no face, and unlearning that at once would cost what both stand on.
    """
    for head in net.heads:
        for convolution in (cast("Unit", head).point, cast("Unit", head).depth):
            for values in convolution.parameters():
                values[0] = values[1]


def jobs(recipe: Recipe, model: YuNet, sources: Sources) -> list[Callable[[], Job]]:
    """One maker a stage."""
    inputs = ComposedInputs(sources, _scenery(recipe.augment))
    return [partial(_job, recipe, stage, model, inputs) for stage in recipe.stage]


def _job(recipe: Recipe, stage: Stage, model: YuNet, inputs: ComposedInputs) -> Job:
    unknown = [part.kind for part in stage.losses if part.kind not in PARTS]
    if unknown:
        raise RecipeInvalid(f"stage {stage.name}", f"unknown loss {unknown[0]!r}; expected some of {', '.join(PARTS)}")
    count = len(inputs.sources.scenes.names)
    return Job(
        stage=stage,
        network=Criterion(model),
        inputs=inputs,
        sampler=_sampler(recipe, stage, count),
        losses={part.kind: Part(PARTS.index(part.kind)) for part in stage.losses},
        weights={part.kind: part.weight for part in stage.losses},
        labels=np.zeros(count, np.int64),
    )


def _sampler(recipe: Recipe, stage: Stage, count: int) -> Sampler:
    part = stage.samples[0]
    if len(stage.samples) != 1 or part.kind != "photos" or set(part.options) != {"size"}:
        raise RecipeInvalid(f"stage {stage.name}", "samples: expected one of kind photos with a size")
    return Epochs(np.arange(count), part.options["size"], recipe.seed)


def _scenery(options: Mapping[str, float]) -> Scenery:
    known = {field.name for field in fields(Scenery)}
    unknown = sorted(set(options) - known)
    if unknown:
        raise RecipeInvalid("augment", f"unknown entry {unknown[0]!r}; expected some of {', '.join(sorted(known))}")
    return Scenery(**options)  # type: ignore[arg-type]  # checked by the recipe's reader to be numbers
