"""The landmark task: crops cut as a detector would cut them, and how far the network is from where the points lie.

From a clone with the extra `train`:

    attendance train fit landmarks --data ../shared/data --out runs/landmarks      # the same command resumes
    attendance train landmarks runs/landmarks --to enroll/models/landmarks --id landmarks-2026.4
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from torch import Tensor, nn

from enroll.detectors.landmarks import FRAME_BORDER, FRAME_SIDE, FRAME_SIZE
from enroll.geometry import TEMPLATE_112, apply
from train.data.augment import Augmentation, cover_with_mask, occlude
from train.data.faces import load_faces
from train.data.landmarks import BORDER, landmark_labels
from train.data.pictures import Pictures
from train.data.sampling import Epochs
from train.errors import RecipeInvalid
from train.fit.loop import Job, fit
from train.fit.losses import Batch
from train.nets.landmarknet import LandmarkNetwork, Misplaced
from train.recipe import Recipe, Stage
from train.tensors import to_tensor

HELD_OUT = 5  # one in so many training people is left out, so that their whole photos can be measured on
JUDGED = 1000  # development crops that a run is watched by
JUDGE_SEED = 41
CHOICE_SEED = 0
NET_PX = FRAME_SIZE / 112  # frame pixels a template pixel
MIDDLE = np.array([64.0, 68.0])  # of a stored crop: what turns and grows about it moves the face least
BORDERS = (cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT)
SWAPPED = [1, 0, 2, 4, 3]  # points of a mirror image, named as seen


@dataclass(frozen=True)
class Errors:
    """How a detector is wrong about a face: standard deviations of turn, growth (logarithm) and shift.

    Shifts are px of the template. A share `wide` of faces is drawn evenly from far wider limits.
    """

    turn_degrees: float = 6.0
    growth: float = 0.07
    shift_px: float = 3.0
    wide: float = 0.25
    wide_degrees: float = 30.0
    wide_growth: float = 0.25
    wide_px: float = 17.0

    def draw(self, random: Generator) -> np.ndarray:
        """The similarity (2, 3) from a stored crop to the frame that such a detector's points would cut."""
        if random.random() < self.wide:
            turn, growth, *shift = random.uniform(-1, 1, 4) * (
                self.wide_degrees, self.wide_growth, self.wide_px, self.wide_px,
            )  # fmt: skip
        else:
            turn, growth, *shift = random.normal(0, 1, 4) * (
                self.turn_degrees, self.growth, self.shift_px, self.shift_px,
            )  # fmt: skip
        angle, scale = np.radians(turn), np.exp(growth)
        linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moved = np.column_stack([linear, MIDDLE + shift - linear @ MIDDLE])
        framed: np.ndarray = moved * NET_PX + [[0, 0, FRAME_BORDER - BORDER * NET_PX]] * 2
        return framed


@dataclass(frozen=True)
class FrameInputs:
    """Stored crops and their landmarks as frames (n, 3, 64, 64) and true offsets (n, 5, 2) for a step."""

    pixels: np.ndarray
    points: np.ndarray
    errors: Errors
    augment: Augmentation

    def __call__(self, rows: np.ndarray, random: Generator) -> tuple[Tensor, ...]:
        frames, offsets = zip(*(self._one(row, random) for row in rows), strict=True)
        return to_tensor(np.stack(frames)), torch.from_numpy(np.stack(offsets).astype(np.float32))

    def _one(self, row: int, random: Generator) -> tuple[np.ndarray, np.ndarray]:
        crop, points = np.array(self.pixels[row]), self.points[row].astype(np.float64)
        if random.random() < self.augment.mirror:
            crop, points = np.ascontiguousarray(crop[:, ::-1]), mirrored(points, crop.shape[1])
        for probability, cover in ((self.augment.mask, cover_with_mask), (self.augment.occlusion, occlude)):
            if random.random() < probability:
                crop = cover(crop, random)
        matrix = self.errors.draw(random)
        border = BORDERS[int(random.integers(len(BORDERS)))]
        frame = cv2.warpAffine(crop, matrix, (FRAME_SIDE, FRAME_SIDE), flags=cv2.INTER_LINEAR, borderMode=border)
        return self.augment.spoil(np.asarray(frame, np.uint8), random), offsets_of(apply(matrix, points))


def mirrored(points: np.ndarray, width: int) -> np.ndarray:
    """Landmarks (5, 2) in the mirror image of a picture so wide; left is what is seen on the left."""
    return np.asarray((points * (-1, 1) + (width - 1, 0))[SWAPPED])


def offsets_of(points: np.ndarray) -> np.ndarray:
    """Landmarks (5, 2) of a frame as offsets from the template, in px of the 112 template."""
    return np.asarray((points - FRAME_BORDER) / NET_PX - TEMPLATE_112)


class PointLoss(nn.Module):
    """Huber's loss of the points' misplacements, and of the corners of the crop that they would align.

    An encoder sees no points, only the crop: the similarity that maps the template onto points with least squares is
    linear in them, and so are the corners that it carries along. `corners` is their weight beside the points.
    """

    def __init__(self, corners: float = 1.0, knee_px: float = 1.5) -> None:
        super().__init__()
        self.corners, self.knee = corners, knee_px
        self.register_buffer("carry", torch.tensor(corner_matrix(), dtype=torch.float32))

    def forward(self, batch: Batch) -> Tensor:
        """Mean loss of misplacements (n, 10) in px of the template."""
        moved = batch.embeddings @ self.get_buffer("carry").T
        return self._huber(batch.embeddings) + self.corners * self._huber(moved)

    def _huber(self, off: Tensor) -> Tensor:
        return F.huber_loss(off, torch.zeros_like(off), delta=self.knee)


def corner_matrix() -> np.ndarray:
    """The linear map (8, 10) from the points' displacements to those of the four corners of the aligned crop."""
    corners = np.array([[0, 0], [112, 0], [0, 112], [112, 112]], np.float64)
    return np.asarray(_basis(corners) @ np.linalg.pinv(_basis(TEMPLATE_112)))


def _basis(points: np.ndarray) -> np.ndarray:
    """Rows (2 n, 4) that give points (n, 2) moved by the similarity (a, b, x, y): (ax - by + x, bx + ay + y)."""
    x, y = points.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    return np.stack([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)], 1).reshape(-1, 4)


def held_out(pictures: Pictures) -> np.ndarray:
    """Which rows (n,) are of training people who are left out, told by their names alone."""
    names = np.array([zlib.crc32(name.encode()) % HELD_OUT == 0 for name in pictures.classes] + [False])
    return np.asarray(names[pictures.labels])


@dataclass(frozen=True)
class LandmarkTask:
    """A recipe's crops, labels and network."""

    recipe: Recipe
    pictures: Pictures
    network: nn.Module

    @cached_property
    def train_rows(self) -> np.ndarray:
        """Crops that may be trained on, before it is known which have landmarks; `[data] crops` limits how many."""
        rows = np.random.default_rng(CHOICE_SEED).permutation(self.pictures.rows("train"))
        rows = rows[: self.recipe.data.options.get("crops", len(rows))]
        return np.sort(rows[~held_out(self.pictures)[rows]])

    @cached_property
    def judged_rows(self) -> np.ndarray:
        """Crops of development people that a run is watched by."""
        rows = self.pictures.rows("dev")
        return np.sort(np.random.default_rng(JUDGE_SEED).permutation(rows)[:JUDGED])

    @cached_property
    def points(self) -> np.ndarray:
        """Landmarks (n, 5, 2) of every crop that is used, NaN elsewhere."""
        rows = np.concatenate([self.judged_rows, self.train_rows])
        points = np.full((len(self.pictures), 5, 2), np.nan, np.float32)
        points[rows] = landmark_labels(self.pictures, rows)
        return points

    def known(self, rows: np.ndarray) -> np.ndarray:
        """Of rows those with landmarks."""
        return np.asarray(rows[np.isfinite(self.points[rows]).all((1, 2))])

    def job(self, stage: Stage) -> Job:
        """A stage at work."""
        sample, (loss,) = stage.samples[0], stage.losses
        if sample.kind != "epochs" or loss.kind != "points":
            raise RecipeInvalid(f"stage {stage.name}", "landmarks are sampled by epochs and judged by points")
        return Job(
            stage=stage,
            network=Misplaced(self.network),
            inputs=FrameInputs(self.pictures.pixels, self.points, Errors(), augmentation(self.recipe)),
            sampler=Epochs(self.known(self.train_rows), seed=self.recipe.seed, **sample.options),
            losses={"points": PointLoss(**loss.options)},
            weights={"points": loss.weight},
            labels=self.pictures.labels,
        )

    def sets(self) -> list[str]:
        """The names of the sets that are trained on."""
        return sorted(set(self.pictures.columns["set"][self.train_rows].tolist()))

    def judged(self) -> tuple[Tensor, ...]:
        """Frames and true offsets of development crops, cut as a detector errs and not spoilt; always the same."""
        inputs = FrameInputs(self.pictures.pixels, self.points, Errors(wide=0.0), UNSPOILT)
        return inputs(self.known(self.judged_rows), np.random.default_rng(JUDGE_SEED))

    def figures(self, network: nn.Module) -> Mapping[str, float]:
        """Mean error of points and of corners in px of the template, on development crops."""
        frames, offsets = self.judged()
        with torch.no_grad():
            off = torch.cat([network(part) for part in torch.split(frames, 128)]) - offsets
        corners = torch.flatten(off, 1) @ torch.tensor(corner_matrix(), dtype=torch.float32).T
        lengths = (off.norm(dim=2), corners.reshape(-1, 4, 2).norm(dim=2))
        return {f"dev {name} px": float(found.mean()) for name, found in zip(("point", "corner"), lengths, strict=True)}


UNSPOILT = Augmentation(
    mirror=0.0, light=0.0, grey=0.0, low_resolution=0.0, blur=0.0, noise=0.0, jpeg=0.0, occlusion=0.0, mask=0.0
)


def augmentation(recipe: Recipe) -> Augmentation:
    """How frames are spoilt; raises RecipeInvalid for an entry that does not exist."""
    unknown = sorted(set(recipe.augment) - {field.name for field in fields(Augmentation)})
    if unknown:
        raise RecipeInvalid("augment", f"unknown entry {unknown[0]!r}")
    return Augmentation(**recipe.augment)


def make_network(recipe: Recipe) -> LandmarkNetwork:
    """The recipe's network, its weights drawn by the recipe's seed; raises RecipeInvalid."""
    if recipe.model.kind != "landmarks":
        raise RecipeInvalid("model", f"expected landmarks, got {recipe.model.kind!r}")
    torch.manual_seed(recipe.seed)
    options: dict[str, Any] = dict(recipe.model.options)
    if "widths" in options:
        options["widths"] = tuple(options["widths"])
    try:
        return LandmarkNetwork(**options)
    except TypeError as error:
        raise RecipeInvalid("model landmarks", str(error)) from error


def fit_landmarks(recipe: Recipe, out: Path, folder: Path) -> str:
    """Train by a recipe of task `landmarks` into `out`; returns what to tell the user."""
    task = LandmarkTask(recipe, load_faces(folder, drop_heldout=True), make_network(recipe))
    fit(recipe, task.network, [partial(task.job, stage) for stage in recipe.stage], out, evaluate=task.figures)
    told = ", ".join(f"{name} {value:.2f}" for name, value in task.figures(task.network.eval()).items())
    return f"{out}: {recipe.name} trained; weights in {out / 'model.pt'}; {told}"
