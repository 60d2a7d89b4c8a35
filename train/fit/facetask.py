"""The face task: how a recipe's names become samplers, losses and inputs, and how development people judge a model."""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from train.data import sampling
from train.data.augment import Augmentation, centre_crop
from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.errors import RecipeInvalid
from train.fit.features import FeatureView, Lower, cached_view, state_digest
from train.fit.inputs import FeatureInputs, Inputs, PixelInputs
from train.fit.loop import Job
from train.fit.losses import InTeacherSpace, Sizes, make_loss
from train.fit.teaching import Asked
from train.nets.joined import Joined, Upper
from train.recipe import Part, Recipe, Stage
from train.score.openset import draw_runs, figures, identify
from train.tensors import to_tensor

SIDE = 112
INPUTS = ("pixels", "features", "embeddings")
"""What a stage may be given."""
DEV_GALLERY = 400
DEV_RUNS = 60
DEV_SEED = 20
"""Development people are enrolled in 60 random galleries: the same for every model, so that differences are theirs."""
PROJECTION_ROWS = 2048
PROJECTION_BATCH = 64
PROJECTION_STEPS = 4
PROJECTION_STREAM = 6007


@dataclass(frozen=True)
class FaceTask:
    """A recipe's data and model at work on faces."""

    recipe: Recipe
    pictures: Pictures
    model: nn.Module
    dim: int
    published: Joined | None = None
    teacher: Asked | None = None
    """A shipped encoder that teaches, in the place of published networks."""
    origin: nn.Module | None = None
    """The model before training made it what the recipe starts from, for a stage's average; None: the start itself."""

    @cached_property
    def train_rows(self) -> np.ndarray:
        """Rows that may be trained on, labelled or not."""
        return self.pictures.rows("train")

    @cached_property
    def used_rows(self) -> np.ndarray:
        """Rows of training and development people: those of view 0; augmented views hold training people alone."""
        return np.flatnonzero(self.pictures.splits != "test")

    @cached_property
    def start_embeddings(self) -> np.ndarray | Asked:
        """Unit embeddings (rows of the set, d) of published networks joined: teacher, and map for mining.

        They are the recipe's own networks as they start, or both published ones where `[data] teacher` says
        `published`, or a shipped encoder that is asked. float16 on disk; rows of test people are zero.
        """
        if self.teacher:
            return self.teacher
        net = self.published or self.joined
        view = self.view(net.below_head, f"embeddings-{self.start_digest}", 0)
        vectors = np.zeros((len(self.pictures), net.dim), np.float32)
        vectors[view.rows] = view[view.rows][0]
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6))

    @cached_property
    def joined(self) -> Joined:
        """The model as one that has parts and a head; raises RecipeInvalid for any other."""
        if not isinstance(self.model, Joined):
            raise RecipeInvalid("model", "mining, features and embeddings need a model of kind joined")
        return self.model

    @cached_property
    def start_digest(self) -> str:
        """The weights of the networks that teach or are cached, as the recipe found them."""
        return state_digest((self.published or self.joined).parts)

    @cached_property
    def model_digest(self) -> str:
        """The weights of the model's own parts as the recipe found them; empty for a model without parts."""
        return state_digest(self.model.parts) if isinstance(self.model, Joined) else ""

    def view(self, lower: Lower, key: str, number: int) -> FeatureView:
        """One cached view of training and development rows through networks as they started."""
        augment = self._augmentation() if number else None
        key = "-".join([key, self.pictures.digest, *([_digest(augment)] if augment else [])])
        rows = self.train_rows if number else self.used_rows
        return cached_view(lower, key, self.pictures, rows, cache_folder(), side=SIDE, augment=augment, view=number)

    def jobs(self) -> list[Callable[[], Job]]:
        """One maker a stage, called when the stage begins; the start is noted now, before a checkpoint is loaded.

        Raises RecipeInvalid for a name in any stage that is not known: before the stages ahead of it are trained.
        """
        self._refuse_unknown()
        if self.published or isinstance(self.model, Joined):
            _ = self.start_digest, self.model_digest
        return [partial(self._job, stage) for stage in self.recipe.stage]

    def _refuse_unknown(self) -> None:
        self._augmentation()
        for stage in self.recipe.stage:
            if stage.inputs not in INPUTS:
                raise RecipeInvalid(
                    f"stage {stage.name}", f"unknown inputs {stage.inputs!r}; expected pixels, features or embeddings"
                )
            for part in stage.samples:
                if part.kind not in _SAMPLERS:
                    raise RecipeInvalid(
                        "samples", f"unknown kind {part.kind!r}; expected one of {', '.join(sorted(_SAMPLERS))}"
                    )

    def _job(self, stage: Stage) -> Job:
        teacher = self.start_embeddings if self.recipe.data.teacher else None
        classes = len(self.pictures.classes)
        sizes = (
            Sizes(self.dim, classes)
            if teacher is None
            else Sizes(self.dim, classes, teacher.shape[1], self.teacher_centres)
        )
        inputs, network = self._inputs(stage)
        sampler = sampling.Joint([self._sampler(part) for part in stage.samples])
        losses = {part.kind: make_loss(part.kind, sizes, part.options) for part in stage.losses}
        if teacher is not None:
            self._project(losses.values(), network, inputs, teacher, sampler)
        return Job(
            stage=stage,
            network=network,
            inputs=inputs,
            sampler=sampler,
            losses=losses,
            weights={part.kind: part.weight for part in stage.losses},
            labels=self.pictures.labels,
            teacher=teacher,
            origin=dict(self.origin.named_parameters()) if self.origin else None,
        )

    def teacher_centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean of the teachers' embeddings of each training person and unlabelled picture, and who is in each picture.

        Centres (c, t) float32, classes (pictures,) int64 with -1 for pictures that are not trained on.
        """
        rows = self.train_rows
        people = np.where(self.pictures.labels[rows] < 0, -1 - rows, self.pictures.labels[rows])
        named, places = np.unique(people, return_inverse=True)
        centres = np.zeros((len(named), self.start_embeddings.shape[1]), np.float32)
        np.add.at(centres, places, self.start_embeddings[rows])
        class_of = np.full(len(self.pictures), -1)
        class_of[rows] = places
        return centres, class_of

    @torch.no_grad()
    def _project(
        self,
        losses: Iterable[nn.Module],
        network: nn.Module,
        inputs: Inputs,
        teacher: np.ndarray | Asked,
        sampler: sampling.Sampler,
    ) -> None:
        """Begin what projects into the teachers' space where the network stands."""
        waiting = [loss for loss in losses if isinstance(loss, InTeacherSpace)]
        if not waiting or self.dim == teacher.shape[1]:
            return
        network.eval()
        device = next(network.parameters()).device
        rows = self.train_rows[:: max(1, len(self.train_rows) // PROJECTION_ROWS)]
        if self.teacher:  # those it is asked for anyway
            rows = np.unique(np.concatenate([sampler(step) for step in range(PROJECTION_STEPS)]))
        random = sampling.seeded(self.recipe.seed, PROJECTION_STREAM)
        batches = np.array_split(rows, math.ceil(len(rows) / PROJECTION_BATCH))
        own = [network(*(part.to(device) for part in inputs(batch, random))) for batch in batches]
        for loss in waiting:
            loss.start_at(torch.cat(own).float().cpu(), torch.from_numpy(teacher[rows]))

    def _inputs(self, stage: Stage) -> tuple[Inputs, nn.Module]:
        if stage.inputs == "pixels":
            return PixelInputs(self.pictures.pixels, SIDE, self._augmentation()), self.model
        self.model.eval()
        upper: nn.Module
        if stage.inputs == "features":
            lower, upper = self.joined.lower, Upper(self.joined)
        else:
            lower, upper = self.joined.below_head, self.joined.head
        key = f"{stage.inputs}-{self.model_digest}"
        return FeatureInputs(tuple(self.view(lower, key, number) for number in range(stage.views))), upper

    def _augmentation(self) -> Augmentation | None:
        known = {field.name for field in fields(Augmentation)}
        unknown = sorted(set(self.recipe.augment) - known)
        if unknown:
            raise RecipeInvalid("augment", f"unknown entry {unknown[0]!r}; expected some of {', '.join(sorted(known))}")
        return Augmentation(**self.recipe.augment) if self.recipe.augment else None

    def _sampler(self, part: Part) -> sampling.Sampler:
        try:
            return _SAMPLERS[part.kind](self, **part.options)
        except TypeError as error:
            raise RecipeInvalid(f"samples {part.kind}", str(error)) from error


def _epochs(task: FaceTask, size: int, of: int = 0) -> sampling.Sampler:
    """All training pictures, or `of` of them drawn by the recipe's seed."""
    rows = seeded_rows(task.train_rows, of, task.recipe.seed) if of else task.train_rows
    return sampling.Epochs(rows, size, task.recipe.seed)


def seeded_rows(rows: np.ndarray, number: int, seed: int) -> np.ndarray:
    """So many of the rows, drawn at random."""
    return sampling.seeded(seed).permutation(rows)[:number]


def _people(task: FaceTask, people: int, photos: int, group: int = 1, nearest: int = 20) -> sampling.Sampler:
    rows = task.pictures.rows("train", labelled=True)
    neighbours = _people_neighbours(task, rows, nearest) if group > 1 else None
    return sampling.PeoplePhotos(
        rows, task.pictures.labels, people, photos, task.recipe.seed, neighbours=neighbours, group=group
    )


def _people_neighbours(task: FaceTask, rows: np.ndarray, nearest: int) -> np.ndarray:
    """Look-alike people: the nearest centres of the start's embeddings."""
    labels = task.pictures.labels[rows]
    people = np.unique(labels)
    centres = np.stack([task.start_embeddings[rows[labels == person]].mean(0) for person in people])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return sampling.nearest_strangers(centres, people, nearest)


def _unlabelled(task: FaceTask, size: int, group: int = 8, nearest: int = 30, copies: int = 1) -> sampling.Sampler:
    """Groups of look-alikes among photos that each show another person."""
    rows = task.pictures.rows("train", labelled=False)
    near = sampling.nearest_strangers(task.start_embeddings[rows], np.full(len(rows), -1), nearest)
    groups = sampling.Groups(rows, rows[near], size, group, task.recipe.seed)
    return sampling.Joint([groups] * copies)


_SAMPLERS: Mapping[str, Callable[..., sampling.Sampler]] = {
    "epochs": _epochs,
    "people": _people,
    "unlabelled": _unlabelled,
}


def _digest(augment: Augmentation) -> str:
    """Eight hex digits of how pictures are changed."""
    return hashlib.sha256(repr(augment).encode()).hexdigest()[:8]


@torch.no_grad()
def embed_pictures(model: nn.Module, pixels: np.ndarray, batch: int = 64) -> np.ndarray:
    """Unit embeddings (n, d) float32 of the middle 112 px of pictures (n, H, W, 3) uint8."""
    model.eval()
    device = next(model.parameters()).device
    parts = []
    for start in range(0, len(pixels), batch):
        crops = to_tensor(centre_crop(np.asarray(pixels[start : start + batch]), SIDE)).to(device)
        parts.append(F.normalize(model(crops)).cpu().numpy())
    return np.concatenate(parts)


def dev_metrics(model: nn.Module, pictures: Pictures) -> Mapping[str, float]:
    """`dev_figures` of a model, plain cosine."""
    rows = pictures.rows("dev", labelled=True)
    return dev_figures(embed_pictures(model, pictures.pixels[rows]), pictures.labels[rows])


def dev_figures(embeddings: np.ndarray, labels: np.ndarray) -> Mapping[str, float]:
    """Rank 1 and FNIR on development people (n embeddings with their labels)."""
    runs = draw_runs(np.arange(len(labels)), labels, gallery=DEV_GALLERY, runs=DEV_RUNS, seed=DEV_SEED)
    return figures(identify(embeddings, labels, runs)).named()
