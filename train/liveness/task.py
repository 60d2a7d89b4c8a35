"""The task `liveness`: simulated views, the network that tells live ones from pictures, and how far it does so.

From a clone with the extra `train`:

    attendance train fit liveness --data ../shared/data --out runs/liveness      # makes its views first; resumes
    attendance train export runs/liveness --to runs/liveness/net --id liveness-1 --data ../shared/data
    python -m train.liveness.figures runs/liveness --data ../shared/data

`[data] without = ["telephone", "monitor"]` leaves these kinds out of training, to see what is said of the unseen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor, nn

from train.data.sampling import Epochs
from train.errors import RecipeInvalid
from train.fit.loop import Job, fit
from train.fit.losses import Batch
from train.liveness.photos import face_shots, rooms
from train.liveness.specimens import CHUNK, Simulation, kept
from train.liveness.staging import KINDS, LIVE
from train.nets.printednet import PrintedNetwork
from train.recipe import Recipe, Stage
from train.tensors import to_tensor

HELD_OUT_SEED = 1_000_003  # of the specimens of people who are kept out
SHIFT_PX = 4


class Logistic(nn.Module):
    """Cross-entropy of logits (n, 1) and labels (n,), 1 for a picture; `smoothing` keeps answers from being certain."""

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing

    def forward(self, batch: Batch) -> Tensor:
        """The mean over the batch."""
        wanted = batch.labels.float() * (1 - self.smoothing) + self.smoothing / 2
        return F.binary_cross_entropy_with_logits(batch.embeddings[:, 0], wanted)


@dataclass(frozen=True)
class ViewInputs:
    """Views by number out of chunks (CHUNK, 192, 192, 3), every other one mirrored, moved and lit a little anew."""

    chunks: Sequence[np.ndarray]

    def __call__(self, rows: np.ndarray, random: Generator) -> tuple[Tensor, ...]:
        views = np.stack([self._one(int(row), random) for row in rows])
        return (
            as_input(views) * torch.from_numpy(random.uniform(0.85, 1.15, (len(rows), 1, 1, 1)).astype(np.float32)),
        )

    def _one(self, row: int, random: Generator) -> np.ndarray:
        view = np.asarray(self.chunks[row // CHUNK][row % CHUNK])
        if random.random() < 0.5:  # noqa: PLR2004 - either of two
            view = view[:, ::-1]
        wider = np.pad(view, ((SHIFT_PX, SHIFT_PX), (SHIFT_PX, SHIFT_PX), (0, 0)), "edge")
        down, across = (int(each) for each in random.integers(0, 2 * SHIFT_PX + 1, 2))
        return np.asarray(wider[down : down + len(view), across : across + len(view)])


def as_input(views: np.ndarray) -> Tensor:
    """Views (n, 192, 192, 3) uint8 as the network takes them, in the order in memory that is fastest."""
    return to_tensor(views).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class LivenessTask:
    """A recipe's simulation and network."""

    recipe: Recipe
    folder: Path
    network: nn.Module

    @cached_property
    def simulations(self) -> tuple[Simulation, Simulation]:
        """Of training people, and of those kept out."""
        faces, things = face_shots(self.folder), rooms(self.folder)
        seeds = (self.recipe.seed, HELD_OUT_SEED)
        return tuple(Simulation(f, t, s) for f, t, s in zip(faces, things, seeds, strict=True))  # type: ignore[return-value]

    @property
    def count(self) -> int:
        """Specimens to train on, in whole chunks."""
        wanted = int(self.recipe.data.options.get("specimens", 8000))
        return max(1, -(-wanted // CHUNK)) * CHUNK

    @cached_property
    def rows(self) -> np.ndarray:
        """Numbers of the specimens that are trained on; of live ones as many as of all kinds that are not left out."""
        without = set(self.recipe.data.options.get("without", ()))
        if not without <= set(KINDS):
            raise RecipeInvalid("data", f"without: expected some of {', '.join(KINDS)}, got {sorted(without)}")
        kinds = np.array([self.simulations[0].kind(number) for number in range(self.count)])
        live = np.flatnonzero(kinds == LIVE)
        shown = np.flatnonzero((kinds != LIVE) & ~np.isin(kinds, list(without)))
        return np.sort(np.concatenate([live, np.resize(shown, len(live))]))

    @cached_property
    def watched(self) -> tuple[Tensor, np.ndarray]:
        """Views and kinds of people who are kept out."""
        simulation = self.simulations[1]
        kinds = np.array([simulation.kind(number) for number in range(CHUNK)])
        return as_input(kept(simulation, CHUNK)[0]), kinds

    def job(self, stage: Stage) -> Job:
        """A stage at work."""
        sample, (loss,) = stage.samples[0], stage.losses
        if sample.kind != "epochs" or loss.kind != "logistic":
            raise RecipeInvalid(f"stage {stage.name}", "liveness is sampled by epochs and judged by logistic")
        chunks = kept(self.simulations[0], self.count)
        return Job(
            stage=stage,
            network=self.network,
            inputs=ViewInputs(chunks),
            sampler=Epochs(self.rows, seed=self.recipe.seed, **sample.options),
            losses={"logistic": Logistic(**loss.options)},
            weights={"logistic": loss.weight},
            labels=np.arange(self.count) % 2,
        )

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """The share of live views that are taken for pictures, and of pictures that are found, at a half each."""
        views, kinds = self.watched
        called = logits_of(network, views) > 0
        shares = {f"held out, {kind}": float(called[kinds == kind].mean()) for kind in (LIVE, *KINDS)}
        return {"held out, area under the curve": area(logits_of(network, views), kinds != LIVE), **shares}


def logits_of(network: nn.Module, views: Tensor, size: int = 64) -> np.ndarray:
    """Logits (n,) of views."""
    with torch.no_grad():
        return np.concatenate([network(part)[:, 0].numpy() for part in torch.split(views, size)])


def area(scores: np.ndarray, shown: np.ndarray) -> float:
    """How often a picture's score is above a live view's, ties by half (Mann and Whitney)."""
    above = scores[shown][:, None] - scores[~shown]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def make_network(recipe: Recipe) -> PrintedNetwork:
    """The recipe's network, its weights drawn by the recipe's seed; raises RecipeInvalid."""
    if recipe.model.kind != "printed":
        raise RecipeInvalid("model", f"expected printed, got {recipe.model.kind!r}")
    torch.manual_seed(recipe.seed)
    options: dict[str, Any] = dict(recipe.model.options)
    if "widths" in options:
        options["widths"] = tuple(options["widths"])
    try:
        return PrintedNetwork(**options)
    except TypeError as error:
        raise RecipeInvalid("model printed", str(error)) from error


def fit_liveness(recipe: Recipe, out: Path, folder: Path) -> str:
    """Train by a recipe of task `liveness` into `out`; returns what to tell the user."""
    task = LivenessTask(recipe, folder, make_network(recipe))
    fit(recipe, task.network, [partial(task.job, stage) for stage in recipe.stage], out, evaluate=task.figures)
    told = ", ".join(f"{name} {value:.3f}" for name, value in task.figures(task.network.eval()).items())
    return f"{out}: {recipe.name} trained; weights in {out / 'model.pt'}; of simulated views {told}"
