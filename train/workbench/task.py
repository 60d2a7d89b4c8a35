"""The similarity task: how a recipe's names become samplers, losses and stages for pairs, triplets and classes."""

import hashlib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.data import sampling
from train.data.augment import Augmentation
from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.errors import RecipeInvalid
from train.files import whole
from train.fit.features import FeatureView, cached_view, state_digest
from train.fit.inputs import FeatureInputs, Inputs, PixelInputs
from train.fit.loop import Job
from train.fit.losses import Sizes, make_loss
from train.nets.pretrained import members_of
from train.nets.siamese import Ensemble
from train.recipe import Model, Part, Recipe, Stage
from train.tensors import to_tensor
from train.workbench import points
from train.workbench.towers import dim_of

if TYPE_CHECKING:
    from train.nets.joined import Joined, TimmEncoder

EMBED_BATCH = 128
THUMBNAIL = 8
TASKS = ("pairs", "three")
INPUTS = ("pixels", "features")
HEADED = ("timm", "joined")
"""Kinds of model with a head above a backbone that may stay frozen."""


def check_names(recipe: Recipe) -> None:
    """Raise RecipeInvalid for a sampler, loss, augmentation or option of any stage that does not exist.

    Stages are made one after the other: what is wrong with the last is said before the first has trained for an hour.
    """
    augmentation(recipe)
    for stage in recipe.stage:
        _check_inputs(stage, recipe.model)
        for part in stage.losses:
            make_loss(part.kind, Sizes(dim=2, classes=2), part.options)
        for part in stage.samples:
            _check_sampler(part)


def _check_inputs(stage: Stage, model: Model) -> None:
    """A stage sees pixels, or what the backbone made of them under a head, which has a name in some kinds alone."""
    where = f"stage {stage.name}"
    kinds = {one.kind for one in members_of(model)} if model.kind == "ensemble" else {model.kind}
    if stage.inputs not in INPUTS:
        raise RecipeInvalid(where, f"unknown inputs {stage.inputs!r}; expected one of {', '.join(INPUTS)}")
    if stage.inputs == "features" and not kinds <= set(HEADED):
        without = ", ".join(sorted(kinds - set(HEADED)))
        raise RecipeInvalid(where, f"features need a model of kind {' or '.join(HEADED)}, not {without}")
    if stage.views < 1:
        raise RecipeInvalid(where, f"expected views >= 1, got {stage.views}")


def _check_sampler(part: Part) -> None:
    if part.kind not in _SAMPLERS:
        raise RecipeInvalid("samples", f"unknown kind {part.kind!r}; expected one of {', '.join(sorted(_SAMPLERS))}")
    try:
        inspect.signature(_SAMPLERS[part.kind]).bind(None, **part.options)
    except TypeError as error:
        raise RecipeInvalid(f"samples {part.kind}", str(error)) from error


@dataclass(frozen=True)
class SimilarityTask:
    """A recipe's data and model at work. `out` keeps what was mined, so that a resumed run sees the same points.

    The recipe has passed `check_names`.
    """

    recipe: Recipe
    pictures: Pictures
    model: nn.Module
    out: Path

    @cached_property
    def plan(self) -> list[tuple[Stage, int | None]]:
        """Stages in order; an ensemble goes through all of them member by member."""
        if not isinstance(self.model, Ensemble):
            return [(_of_the_head(stage), None) for stage in self.recipe.stage]
        return [
            (_of_a_member(stage, member), member)
            for member in range(len(self.model.members))
            for stage in self.recipe.stage
        ]

    @cached_property
    def clusters(self) -> np.ndarray | None:
        """The cluster (n,) of each training picture where an ensemble has one member a cluster, else None."""
        if not self.recipe.model.options.get("clusters"):
            return None
        return cluster_pictures(self.pictures, len(cast("Ensemble", self.model).members), self.recipe.seed)

    def jobs(self) -> list[Callable[[], Job]]:
        """One maker a stage, called when the stage begins: mining looks at the weights of that moment."""
        return [partial(self._job, number, stage, member) for number, (stage, member) in enumerate(self.plan)]

    def network(self, member: int | None) -> nn.Module:
        """The whole model, or one tower of an ensemble."""
        return self.model if member is None else cast("Ensemble", self.model).members[member]

    def rows(self, member: int | None) -> np.ndarray:
        """Training rows, or those of a member's cluster."""
        rows = self.pictures.rows("train", labelled=True)
        return rows if self.clusters is None or member is None else rows[self.clusters[rows] == member]

    def seed(self, number: int) -> int:
        """A stage's own seed for its points."""
        return self.recipe.seed + 1_000 * number

    def _job(self, number: int, stage: Stage, member: int | None) -> Job:
        network = self.network(member)
        sizes = Sizes(dim_of(network), len(self.pictures.classes))
        sampler = sampling.Joint([self._sampler(part, number, member) for part in stage.samples])
        inputs, trained = self._inputs(stage, network)
        return Job(
            stage=stage,
            network=trained,
            inputs=inputs,
            sampler=sampler,
            losses={part.kind: make_loss(part.kind, sizes, part.options) for part in stage.losses},
            weights={part.kind: part.weight for part in stage.losses},
            labels=self.pictures.labels,
        )

    def _inputs(self, stage: Stage, network: nn.Module) -> tuple[Inputs, nn.Module]:
        """What the stage feeds to which network: pictures to all of it, or its backbone's features to its head."""
        pixels, augment = self.pictures.pixels, augmentation(self.recipe)
        if stage.inputs == "pixels":
            return PixelInputs(pixels, pixels.shape[1], augment), network
        rows = self.pictures.rows("train", labelled=True)
        views = tuple(below_head(network, self.pictures, rows, augment, number) for number in range(stage.views))
        return FeatureInputs(views), cast("nn.Module", network.head)

    def _sampler(self, part: Part, number: int, member: int | None) -> sampling.Sampler:
        return _SAMPLERS[part.kind](_Place(self, number, member), **part.options)


@dataclass(frozen=True)
class _Place:
    """Where in the plan a sampler works."""

    task: SimilarityTask
    number: int
    member: int | None

    @property
    def rows(self) -> np.ndarray:
        return self.task.rows(self.member)

    @property
    def labels(self) -> np.ndarray:
        return self.task.pictures.labels

    @property
    def seed(self) -> int:
        return self.task.seed(self.number)

    def embeddings(self) -> np.ndarray:
        """Embeddings (len(rows), d) of the training rows by the weights that the stage starts from."""
        return embed(self.task.network(self.member), self.task.pictures.pixels, self.rows)

    def kept(self, make: Callable[[], np.ndarray]) -> np.ndarray:
        """What was mined when the stage first began, from the run's folder, or mined now and kept there."""
        path = self.task.out / f"mined-{self.task.recipe.digest}-{self.number}.npy"
        if not path.is_file():
            with whole(path) as unfinished, unfinished.open("wb") as file:
                np.save(file, make())
        return np.asarray(np.load(path))


def _of_the_head(stage: Stage) -> Stage:
    """On features only the head can learn."""
    return replace(stage, trainable=("head.",)) if stage.inputs == "features" else stage


def _of_a_member(stage: Stage, member: int) -> Stage:
    """The stage's parameters in one tower of an ensemble: all, those that it names, or on features the head's."""
    names = _of_the_head(stage).trainable or ("",)
    prefix = f"members.{member}."
    return replace(stage, name=f"{stage.name} {member + 1}", trainable=tuple(prefix + name for name in names))


def below_head(
    network: nn.Module, pictures: Pictures, rows: np.ndarray, augment: Augmentation | None = None, view: int = 0
) -> FeatureView:
    """What the head of a network sees of some rows, computed once for these weights, pictures and augmentation.

    View 0 is the picture as it is. Kept in the cache's folder as float16.
    """
    headed = cast("TimmEncoder | Joined", network).eval()
    body = nn.ModuleDict({name: part for name, part in headed.named_children() if name != "head"})
    changed = f"-{hashlib.sha256(repr(augment).encode()).hexdigest()[:8]}" if augment and view else ""
    key = f"below-head-{state_digest(body)}-{_digest_of_pixels(pictures.pixels, rows)}{changed}"
    side = pictures.pixels.shape[1]
    return cached_view(headed.below_head, key, pictures, rows, cache_folder(), side=side, augment=augment, view=view)


def _digest_of_pixels(pixels: np.ndarray, rows: np.ndarray) -> str:
    """Sixteen hex digits of some pictures and of where they stand."""
    sha = hashlib.sha256(rows.tobytes())
    sha.update(np.ascontiguousarray(pixels[rows]).tobytes())
    return sha.hexdigest()[:16]


def augmentation(recipe: Recipe) -> Augmentation | None:
    """The recipe's `[augment]`, checked; an empty table means pictures as they are."""
    known = {field.name for field in fields(Augmentation)}
    unknown = sorted(set(recipe.augment) - known)
    if unknown:
        raise RecipeInvalid("augment", f"unknown entry {unknown[0]!r}; expected some of {', '.join(sorted(known))}")
    return Augmentation(**recipe.augment) if recipe.augment else None


@torch.no_grad()
def embed(model: nn.Module, pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Embeddings (len(rows), d) float32, as they leave the network, of some rows of pictures (n, S, S, C)."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    starts = range(0, len(rows), EMBED_BATCH)
    parts = [model(to_tensor(pixels[rows[i : i + EMBED_BATCH]]).to(device)).float().cpu().numpy() for i in starts]
    model.train(was_training)
    return np.concatenate(parts)


@torch.no_grad()
def embed_for(recipe: Recipe, model: nn.Module, pictures: Pictures, rows: np.ndarray) -> np.ndarray:
    """Embeddings (len(rows), d) of some rows; where the recipe never trains the body, from its features as cached."""
    if any(stage.inputs != "features" for stage in recipe.stage) or not recipe.stage:
        return embed(model, pictures.pixels, rows)
    if isinstance(model, Ensemble):
        members = [_judged_features(member, pictures, rows) for member in model.members]
        return np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in members], axis=1)
    return _judged_features(model, pictures, rows)


def _judged_features(model: nn.Module, pictures: Pictures, rows: np.ndarray) -> np.ndarray:
    """Embeddings (len(rows), d) by one network's cached features, of the mirror images, too, where it has `mirror`."""
    if not getattr(model, "mirror", False):
        return _of_features(model, pictures, rows).cpu().numpy()
    turned = replace(pictures, pixels=pictures.pixels[:, :, ::-1])
    both = [F.normalize(_of_features(model, each, rows)) for each in (pictures, turned)]
    return (both[0] + both[1]).cpu().numpy()


def _of_features(model: nn.Module, pictures: Pictures, rows: np.ndarray) -> Tensor:
    """What the head makes (len(rows), d) of cached features of validation and test pictures."""
    (features,) = below_head(model, pictures, np.flatnonzero(pictures.splits != "train"))[rows]
    device = next(model.parameters()).device
    return cast("Tensor", cast("nn.Module", model.head)(torch.from_numpy(features.astype(np.float32)).to(device)))


def cluster_pictures(pictures: Pictures, clusters: int, seed: int) -> np.ndarray:
    """k-means on 8 px thumbnails: each picture's cluster (n,); learnt on training pictures alone."""
    from sklearn.cluster import KMeans

    thumbnails = _thumbnails(np.asarray(pictures.pixels))
    means = KMeans(clusters, n_init=4, random_state=seed).fit(thumbnails[pictures.rows("train")])
    return np.asarray(means.predict(thumbnails))


def _thumbnails(pixels: np.ndarray) -> np.ndarray:
    edges = np.linspace(0, pixels.shape[1], THUMBNAIL + 1).astype(int)[:-1]
    summed = np.add.reduceat(np.add.reduceat(pixels.astype(np.float32), edges, 1), edges, 2)
    flat = summed.reshape(len(pixels), -1)
    return np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True).clip(1))


def _pairs(place: _Place, count: int = 1280, size: int = 32) -> sampling.Sampler:
    return sampling.Fixed(sampling.balanced_pairs(place.rows, place.labels, count, place.seed), size, place.seed)


def _triplets(place: _Place, count: int = 1280, size: int = 32) -> sampling.Sampler:
    return sampling.Fixed(sampling.random_triplets(place.rows, place.labels, count, place.seed), size, place.seed)


def _quadruplets(place: _Place, count: int = 1280, size: int = 32) -> sampling.Sampler:
    return sampling.Fixed(points.random_quadruplets(place.rows, place.labels, count, place.seed), size, place.seed)


def _mined(place: _Place, count: int = 1280, size: int = 32, nearest: int = 20) -> sampling.Sampler:
    """Triplets whose negatives are the anchor's look-alikes in the whole training set."""
    table = place.kept(
        lambda: points.mined_triplets(place.embeddings(), place.rows, place.labels, count, nearest, place.seed)
    )
    return sampling.Fixed(table, size, place.seed)


def _classes(place: _Place, classes: int, pictures: int, group: int = 1, nearest: int = 20) -> sampling.Sampler:
    """P classes x K pictures; with `group`, classes that look alike (mined over the whole set) share a step."""
    neighbours = place.kept(lambda: _class_neighbours(place, nearest)) if group > 1 else None
    return sampling.PeoplePhotos(
        place.rows, place.labels, classes, pictures, place.seed, neighbours=neighbours, group=group
    )


def _class_neighbours(place: _Place, nearest: int) -> np.ndarray:
    labels, embeddings = place.labels[place.rows], place.embeddings()
    classes = np.unique(labels)
    centres = np.stack([embeddings[labels == c].mean(0) for c in classes])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True).clip(1e-12)
    return sampling.nearest_strangers(centres, classes, min(nearest, len(classes) - 1))


def _epochs(place: _Place, size: int) -> sampling.Sampler:
    return sampling.Epochs(place.rows, size, place.seed)


_SAMPLERS: Mapping[str, Callable[..., sampling.Sampler]] = {
    "pairs": _pairs,
    "triplets": _triplets,
    "quadruplets": _quadruplets,
    "mined-triplets": _mined,
    "classes": _classes,
    "epochs": _epochs,
}
SAMPLERS = tuple(sorted(_SAMPLERS))
_ROWS_A_POINT = {"pairs": 2, "triplets": 3, "quadruplets": 4, "mined-triplets": 3, "epochs": 1}


def pictures_a_step(stage: Stage) -> int:
    """How many pictures each step of a stage sees, by its samplers' options."""
    return sum(_size_of(part) for part in stage.samples)


def _size_of(part: Part) -> int:
    bound = inspect.signature(_SAMPLERS[part.kind]).bind(None, **part.options)
    bound.apply_defaults()
    options = bound.arguments
    if part.kind == "classes":
        return int(options["classes"] * options["pictures"])
    return int(options["size"] * _ROWS_A_POINT[part.kind])


def steps_an_epoch(recipe: Recipe, pictures: Pictures) -> float:
    """Steps in which a run sees as many pictures as there are to train on; nan where its stages or members differ."""
    sizes = {pictures_a_step(stage) for stage in recipe.stage}
    if len(sizes) > 1 or recipe.model.kind == "ensemble":
        return math.nan
    return len(pictures.rows("train", labelled=True)) / sizes.pop()
