"""A recipe tried on people left out in turn, so that its settings are chosen before the test people are looked at.

The classes that the recipe may train on are cut into folds. Each fold is left out once: the recipe trains on the others
and its distance is asked all pairs among the pictures of the classes left out. What a recipe calls test is not read
where its data can be told to leave it, and is dropped before anything else where they cannot.
"""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from train.console import stderr
from train.data.load import load
from train.data.pictures import Pictures
from train.data.sampling import seeded
from train.data.sets import taken
from train.errors import CheckpointRefused, RecipeInvalid
from train.files import save_json, save_text
from train.fit.loop import fit
from train.recipe import RECIPE_COPY, Data, Recipe, load_recipe
from train.workbench.questions import asking, make_examiner
from train.workbench.run import shape_of, trained_head
from train.workbench.task import TASKS, SimilarityTask, check_names
from train.workbench.towers import make_tower
from train.workbench.verification import choose_threshold, equal_error_rate, roc_auc

FOLD_STREAM = 70_921
FOLD = "fold.json"
TABLE = "crossvalidation"
COLUMNS = ("fold", "seed", "left out", "training pictures", "mated", "non-mated", "ROC-AUC", "EER", "threshold")
TWO = 2


@dataclass(frozen=True)
class Plan:
    """How many folds, by which seeds each is trained, and of whom: first and last number of AT&T's people.

    `people` None leaves it to the recipe: everyone before its test people.
    """

    folds: int = 5
    seeds: tuple[int, ...] = (1,)
    people: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.folds < TWO or not self.seeds:
            raise RecipeInvalid("crossvalidate", f"expected two folds or more and a seed, got {self.folds}")
        if len(set(self.seeds)) < len(self.seeds):
            raise RecipeInvalid("crossvalidate", f"a seed comes twice: {', '.join(map(str, self.seeds))}")


@dataclass(frozen=True)
class Fold:
    """One fold by one seed: the classes left out and what their pairs said."""

    number: int
    seed: int
    left_out: tuple[str, ...]
    trained: int
    mated: int
    non_mated: int
    roc_auc: float
    equal_error_rate: float
    threshold: float


def cross_validate_file(
    path: Path, out: Path, folder: Path, *, folds: int, seeds: tuple[int, ...], people: tuple[int, int] | None
) -> str:
    """Cross-validate the recipe in `path`, which is copied to `out`; without `seeds` by the recipe's own."""
    recipe = load_recipe(path)
    plan = Plan(folds, seeds or (recipe.seed,), people)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    text = cross_validate(recipe, out, folder, plan)
    shutil.copyfile(path, out / RECIPE_COPY)
    return text


def read_people(text: str) -> tuple[int, int]:
    """`1-30` as first and last number; raises RecipeInvalid."""
    first, dash, last = text.partition("-")
    if not (dash and first.strip().isdecimal() and last.strip().isdecimal() and 0 < int(first) < int(last)):
        raise RecipeInvalid("crossvalidate", f"expected people as FIRST-LAST, such as 1-30, got {text!r}")
    return int(first), int(last)


def cross_validate(recipe: Recipe, out: Path, folder: Path, plan: Plan) -> str:
    """Train and ask every fold, write crossvalidation.md and .csv to `out`, and return what to tell the user.

    Folds that are finished are not trained again, and one that was interrupted goes on. Raises RecipeInvalid,
    DataMissing, ManifestInvalid, and what `train.fit.loop.fit` raises.
    """
    if recipe.task not in TASKS:
        raise RecipeInvalid(recipe.name, f"cross-validation is for the tasks {', '.join(TASKS)}, got {recipe.task!r}")
    asking(recipe)
    check_names(recipe)
    pictures = pictures_to_choose_on(recipe.data, folder, plan.people)
    left_out = folds_of(pictures, plan.folds)
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for seed in plan.seeds:
        for number, classes in enumerate(left_out, 1):
            place = out / f"seed-{seed}-fold-{number}"
            found.append(_one_fold(replace(recipe, seed=seed), pictures, (number, classes), place, folder))
            stderr().print(f"seed {seed}, fold {number}: ROC-AUC {found[-1].roc_auc:.4f}", highlight=False)
    text = markdown(recipe.name, found)
    save_text(out / f"{TABLE}.md", text)
    save_text(out / f"{TABLE}.csv", _csv(found))
    return text


def pictures_to_choose_on(data: Data, folder: Path, people: tuple[int, int] | None) -> Pictures:
    """The recipe's pictures without what it calls test; of AT&T nobody outside `people` is read.

    Raises RecipeInvalid where `people` reach into the recipe's test people.
    """
    options = data.options
    if data.kind == "att":
        first, last = options.get("test", (31, 40))
        chosen = people or (1, first - 1)
        if chosen[0] <= last and chosen[1] >= first:
            raise RecipeInvalid(
                "crossvalidate", f"people {chosen[0]}-{chosen[1]} reach into the test people {first}-{last}"
            )
        options = {**options, "people": chosen}
    elif people is not None:
        raise RecipeInvalid("crossvalidate", f"people have no numbers in data of kind {data.kind}; leave --people away")
    pictures = load(replace(data, options=options), folder)
    return taken(pictures, np.flatnonzero((pictures.splits != "test") & (pictures.labels >= 0)))


def folds_of(pictures: Pictures, count: int) -> list[np.ndarray]:
    """Class numbers left out by each fold: every class once, the folds of one size or one apart, always the same."""
    classes = np.unique(pictures.labels)
    if len(classes) < TWO * count:
        raise RecipeInvalid("crossvalidate", f"{count} folds need {TWO * count} classes or more, got {len(classes)}")
    return [np.sort(part) for part in np.array_split(seeded(FOLD_STREAM).permutation(classes), count)]


def markdown(name: str, found: Sequence[Fold]) -> str:
    """Every fold a row, then the mean of each seed and of all, with standard deviations."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(_cells(fold) for fold in found)]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{name}\n\n{table}\n{summary(found)}\n"


def summary(found: Sequence[Fold]) -> str:
    """One sentence: mean ROC-AUC, how far folds lie apart and how far seeds do."""
    seeds = sorted({fold.seed for fold in found})
    by_seed = [float(np.mean([f.roc_auc for f in found if f.seed == seed])) for seed in seeds]
    folds = sorted({fold.number for fold in found})
    by_fold = [float(np.mean([f.roc_auc for f in found if f.number == number])) for number in folds]
    text = f"ROC-AUC {np.mean(by_seed):.4f}, standard deviation {np.std(by_fold, ddof=1):.4f} over {len(folds)} folds"
    return text + (f" and {np.std(by_seed, ddof=1):.4f} over {len(seeds)} seeds" if len(seeds) > 1 else "")


def _one_fold(recipe: Recipe, pictures: Pictures, which: tuple[int, np.ndarray], out: Path, folder: Path) -> Fold:
    """Train without the fold's classes, ask the pairs among them; a finished fold is read instead."""
    number, left_out = which
    names = tuple(pictures.classes[label] for label in left_out)
    facts = {"left out": list(names), "classes": list(pictures.classes)}
    own = replace(recipe, data=replace(recipe.data, options={**recipe.data.options, **facts}))
    finished = _finished(out / FOLD, own.digest)
    if finished is not None:
        return finished
    split = replace(pictures, splits=np.where(np.isin(pictures.labels, left_out), "dev", "train"))
    model = make_tower(own.model, shape_of(split), seed=own.seed, folder=folder)
    fit(own, model, SimilarityTask(own, split, model, out).jobs(), out)
    trials = make_examiner(own, split, model.cpu(), trained_head(own, model, out)).pool("dev", asking(own).pool_rows)
    fold = Fold(
        number=number,
        seed=own.seed,
        left_out=names,
        trained=int((split.splits == "train").sum()),
        mated=int(trials.positive.sum()),
        non_mated=int((~trials.positive).sum()),
        roc_auc=roc_auc(trials),
        equal_error_rate=equal_error_rate(trials),
        threshold=choose_threshold(trials, "pairs").value,
    )
    save_json(out / FOLD, {"digest": own.digest, **vars(fold)})
    return fold


def _finished(path: Path, digest: str) -> Fold | None:
    """A fold's figures where it has finished; raises CheckpointRefused where another recipe or cut made them."""
    if not path.is_file():
        return None
    try:
        facts: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fields = {name: value for name, value in facts.items() if name != "digest"}
        fold = Fold(**{**fields, "left_out": tuple(fields["left_out"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointRefused(str(path), "damaged; remove it, and the fold is made again") from error
    if facts["digest"] != digest:
        raise CheckpointRefused(str(path), "another recipe or another cut of the people wrote it")
    return fold


def _cells(fold: Fold) -> tuple[str, ...]:
    return (
        str(fold.number), str(fold.seed), " ".join(fold.left_out), f"{fold.trained:,}", f"{fold.mated:,}",
        f"{fold.non_mated:,}", f"{fold.roc_auc:.4f}", f"{fold.equal_error_rate:.1%}", f"{fold.threshold:.4g}",
    )  # fmt: skip


def _csv(found: Sequence[Fold]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *(_cells(fold) for fold in found)])
    return text.getvalue()
