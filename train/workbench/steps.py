"""What each step is worth: plain pixels, networks before and after training, shipped encoders, on the same test people.

Everything here is asked the pairs and the probes of the first run's recipe, at a threshold from its validation people.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from enroll.encoder import OnnxEncoder
from enroll.registry import load_encoder
from train.data.augment import centre_crop
from train.data.load import PEOPLE, load
from train.data.manifest import manifest_path, read_manifest
from train.data.pictures import Pictures
from train.errors import RecipeInvalid
from train.recipe import RECIPE_COPY, Data, Recipe, load_recipe
from train.workbench.distance import Distance, unit
from train.workbench.questions import Examiner, Outcome, evaluate
from train.workbench.run import FinishedRun, open_run, shape_of
from train.workbench.task import embed
from train.workbench.towers import make_tower
from train.workbench.verification import equal_error_rate, roc_auc

STORED = {"side": 128, "grey": False}  # of an aligned crop, whose middle 112 px are what encoders take
WHERE = "compare"
THUMBNAIL = 32  # px at which pixels are compared

Embed = Callable[[np.ndarray], np.ndarray]
"""Pictures (n, S, S, C) uint8 to embeddings (n, d)."""


@dataclass(frozen=True)
class Step:
    """One row: its name, what it was asked, and how many of the test people its maker had trained it on."""

    name: str
    outcome: Outcome
    seen: int = 0


@dataclass(frozen=True)
class Examination:
    """The questions of one recipe, put to whatever embeds the pictures, at any size of theirs."""

    recipe: Recipe
    folder: Path
    read: dict[str, Pictures] = field(default_factory=dict)

    def pictures(self, data: Mapping[str, object]) -> Pictures:
        """The recipe's people and pictures with some options of `[data]` changed, such as `side`."""
        return self.of(replace(self.recipe.data, options={**self.recipe.data.options, **data}))

    def of(self, data: Data) -> Pictures:
        """The pictures of a recipe's `[data]`, decoded once."""
        if repr(data) not in self.read:
            self.read[repr(data)] = load(data, self.folder)
        return self.read[repr(data)]

    def ask(self, pictures: Pictures, embed_pixels: Embed, distance: Distance) -> Outcome:
        """Validation people choose the threshold, then the test people are asked."""
        rows = np.flatnonzero(pictures.splits != "train")
        embeddings = embed_pixels(np.asarray(pictures.pixels[rows]))
        table = np.zeros((len(pictures), embeddings.shape[1]), dtype=np.float32)
        table[rows] = embeddings
        return evaluate(Examiner(self.recipe, pictures, table, distance))


def measure_steps(runs: Sequence[Path], encoders: Sequence[str], folder: Path) -> list[Step]:
    """Pixels, every run before and after its training, then the encoders, in this order.

    Data are looked for in `folder`. Raises RecipeInvalid where classes are no people, where runs ask about different
    people or pictures, and where the pictures are no aligned crops that an encoder could take; DataMissing; and what
    opening an encoder raises.
    """
    recipe = load_recipe(runs[0] / RECIPE_COPY)
    if recipe.data.kind not in PEOPLE:
        raise RecipeInvalid(WHERE, f"encoders know people, but {runs[0].name} is about {recipe.data.kind}")
    examination, opened = Examination(recipe, folder), [load_encoder(name, threads=1) for name in encoders]
    seen = _people_seen(examination.pictures(STORED), folder) if encoders else 0
    return [*_of_runs(examination, runs), *_of_encoders(examination, opened, seen)]


def step_row(step: Step) -> dict[str, str]:
    """One step's line of the table."""
    verdict, found = step.outcome.verdict, step.outcome.identified
    low, high = verdict.interval
    cells = {
        "step": step.name,
        "pairs right": f"{verdict.accuracy:.1%} ({low:.1%}-{high:.1%}) of {len(step.outcome.trials.rows):,}",
        "ROC-AUC": f"{roc_auc(step.outcome.pool):.4f}",
        "EER": f"{equal_error_rate(step.outcome.pool):.1%}",
        "rank 1": "",
        "test people seen in training": f"{step.seen:,}",
    }
    if found is not None:
        low, high = found.interval
        cells["rank 1"] = f"{found.rank1:.1%} ({low:.1%}-{high:.1%}) of {found.probes:,} among {found.people}"
    return cells


def plain_pixels(pixels: np.ndarray) -> np.ndarray:
    """Grey values (n, 1024) of pictures (n, S, S, C) at 32 px, each picture with mean zero: no light, no network."""
    grey = pixels.mean(axis=3, dtype=np.float32)
    small = np.stack([cv2.resize(one, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) for one in grey])
    flat = small.reshape(len(pixels), -1)
    return np.asarray(flat - flat.mean(axis=1, keepdims=True))


def _of_runs(examination: Examination, runs: Sequence[Path]) -> Iterator[Step]:
    """Pixels at the first run's size, then each run; a start that several runs share is asked once, before them."""
    first = examination.pictures({})
    yield Step("plain pixels", examination.ask(first, plain_pixels, unit))
    started: list[tuple[object, ...]] = []
    for folder in runs:
        run = open_run(folder)
        pictures = examination.of(run.recipe.data)
        _same_questions(first, pictures, folder)
        start = (run.recipe.model, run.recipe.seed, run.shape)
        if start not in started:
            started.append(start)
            yield Step(f"{folder.name} before training", _before(examination, run, pictures))
        yield Step(folder.name, examination.ask(pictures, run.embed, run.distance))


def _before(examination: Examination, run: FinishedRun, pictures: Pictures) -> Outcome:
    model = make_tower(run.recipe.model, shape_of(pictures), seed=run.recipe.seed, folder=examination.folder)
    return examination.ask(pictures, lambda pixels: embed(model, pixels, np.arange(len(pixels))), unit)


def _of_encoders(examination: Examination, encoders: Sequence[OnnxEncoder], seen: int) -> Iterator[Step]:
    if not encoders:
        return
    pictures = examination.pictures(STORED)
    for encoder in encoders:
        yield Step(encoder.id, examination.ask(pictures, partial(_middle, encoder), unit), seen)


def _middle(encoder: OnnxEncoder, pixels: np.ndarray) -> np.ndarray:
    return encoder.embed(np.ascontiguousarray(centre_crop(pixels, encoder.crop_size)))


def _people_seen(pictures: Pictures, folder: Path) -> int:
    """How many of the test people the list of crops lets encoders train on.

    Raises RecipeInvalid where a picture is none of the aligned crops of that list.
    """
    split_of = {row["file"]: row["split"] for row in read_manifest(manifest_path(folder))}
    asked = pictures.names[pictures.splits != "train"].tolist()
    strange = next((name for name in asked if name not in split_of), None)
    if strange is not None:
        raise RecipeInvalid(
            WHERE,
            f"encoders take aligned crops, and {strange} is none of faces.csv; `attendance train crops` cuts them",
        )
    tests = pictures.rows("test")
    trained = [split_of[name] != "dev" for name in pictures.names[tests].tolist()]
    return len(np.unique(pictures.labels[tests][trained]))


def _same_questions(first: Pictures, other: Pictures, folder: Path) -> None:
    if not (np.array_equal(first.names, other.names) and np.array_equal(first.splits, other.splits)):
        raise RecipeInvalid(
            WHERE, f"{folder.name} has other people or pictures than the first run; compare runs of one set and split"
        )
