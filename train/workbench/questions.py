"""A trained model before its recipe's questions: validation data choose the threshold, test data are asked once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from train.data.load import PEOPLE
from train.data.pictures import Pictures
from train.data.sampling import balanced_pairs
from train.errors import RecipeInvalid
from train.nets.siamese import Ensemble
from train.recipe import Recipe
from train.workbench.distance import DISTANCES, Distance, Fused, fused_scales, make_distance, unit
from train.workbench.identification import Identified, identification_task, identify
from train.workbench.points import balanced_triples
from train.workbench.task import embed_for
from train.workbench.verification import Threshold, Trials, Verdict, choose_threshold, judge, pool_of_pairs, roc_auc

TEST_STREAM = 31
DEV_STREAM = 37
MAPPED = 1_000  # pictures on the 2-D map
NUMBERS = 10_000_000  # of embeddings that are compared at once: long ones would fill the memory


@dataclass(frozen=True)
class Asking:
    """`[evaluate]` of a recipe: distance, balanced test and validation points, rows whose pairs make the ROC pool."""

    distance: str = "unit"
    points: int = 320
    dev_points: int = 1_000
    pool_rows: int = 600

    def __post_init__(self) -> None:
        if min(self.points, self.dev_points, self.pool_rows) < 2:  # noqa: PLR2004 - one of each answer
            raise RecipeInvalid("evaluate", "expected points, dev_points and pool_rows of 2 or more")
        if self.distance not in DISTANCES:
            raise RecipeInvalid("evaluate", f"unknown distance {self.distance!r}; expected {', '.join(DISTANCES)}")


@dataclass(frozen=True)
class Outcome:
    """Everything a report says.

    `pool` are all pairs of some test pictures, `trials` the balanced test points of the task;

    `dev_pool` is like `pool` on validation pictures; `embeddings` (n, d) of `mapped` test rows; `identified` is None
    where classes are no people.
    """

    threshold: Threshold
    verdict: Verdict
    trials: Trials
    pool: Trials
    dev_pool: Trials
    mapped: np.ndarray
    embeddings: np.ndarray
    unseen_classes: bool
    distance: Distance
    identified: Identified | None = None


def asking(recipe: Recipe) -> Asking:
    """The recipe's `[evaluate]`, checked."""
    try:
        how = Asking(**recipe.evaluate)
    except TypeError as error:
        raise RecipeInvalid("evaluate", str(error).rpartition("__init__() ")[2]) from error
    if how.distance == "pair-head" and "pair-head" not in {part.kind for part in recipe.stage[-1].losses}:
        raise RecipeInvalid("evaluate", "distance pair-head needs the loss pair-head in the last stage")
    return how


@dataclass(frozen=True)
class Examiner:
    """A model, its pictures and its distance."""

    recipe: Recipe
    pictures: Pictures
    embeddings: np.ndarray
    distance: Distance

    def pairs(self, pairs: np.ndarray) -> Trials:
        """Pairs (n, 2) of rows with truth and distance."""
        same = self.pictures.labels[pairs[:, 0]] == self.pictures.labels[pairs[:, 1]]
        return Trials(pairs, same, self._between(pairs[:, 0], pairs[:, 1]))

    def triples(self, triples: np.ndarray, alike: np.ndarray) -> Trials:
        """Triples (n, 3) of rows; their distance is that of the closest two."""
        sides = [self._between(triples[:, i], triples[:, j]) for i, j in ((0, 1), (0, 2), (1, 2))]
        return Trials(triples, alike, np.min(sides, axis=0))

    def pool(self, split: str, limit: int) -> Trials:
        """All pairs among some pictures of a split."""
        pairs, _ = pool_of_pairs(
            self.pictures.rows(split, labelled=True), self.pictures.labels, limit, self.recipe.seed
        )
        return self.pairs(pairs)

    def points(self, split: str, count: int, stream: int) -> Trials:
        """Balanced points of the recipe's task: pairs, or triples for `three`."""
        rows, labels, seed = self.pictures.rows(split, labelled=True), self.pictures.labels, self.recipe.seed + stream
        if self.recipe.task == "three":
            return self.triples(*balanced_triples(rows, labels, count, seed))
        return self.pairs(balanced_pairs(rows, labels, count, seed))

    def identified(self, split: str) -> Identified | None:
        """Rank 1 among the people of a split; None where classes are no people."""
        if self.recipe.data.kind not in PEOPLE:
            return None
        labels = self.pictures.labels
        return identify(identification_task(self.pictures.rows(split), labels), labels, self.embeddings, self.distance)

    def _between(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        at_once = max(1, NUMBERS // self.embeddings.shape[1])
        parts = [slice(start, start + at_once) for start in range(0, len(first), at_once)]
        return np.concatenate([self.distance(self.embeddings[first[p]], self.embeddings[second[p]]) for p in parts])


def make_examiner(recipe: Recipe, pictures: Pictures, model: nn.Module, head: nn.Module | None = None) -> Examiner:
    """Embed validation and test pictures and choose the distance; fused scores are scaled on validation pairs."""
    table = _table(recipe, model, pictures, np.flatnonzero(pictures.splits != "train"))
    examiner = Examiner(recipe, pictures, table, unit)
    if isinstance(model, Ensemble) and recipe.model.options.get("fuse") == "scores":
        pairs = examiner.pool("dev", asking(recipe).pool_rows).rows
        return replace(examiner, distance=Fused(model.dims, fused_scales(table, model.dims, pairs)))
    return replace(examiner, distance=make_distance(asking(recipe).distance, head))


def evaluate(examiner: Examiner) -> Outcome:
    """Choose the threshold on validation points, then ask the test points and the pool of test pairs."""
    how = asking(examiner.recipe)
    three = examiner.recipe.task == "three"
    dev_pool = examiner.pool("dev", how.pool_rows)
    chosen_on = examiner.points("dev", how.dev_points, DEV_STREAM) if three else dev_pool
    threshold = choose_threshold(chosen_on, "triples" if three else "pairs")
    trials = examiner.points("test", how.points, TEST_STREAM)
    mapped = examiner.pictures.rows("test", labelled=True)[:: _stride(examiner.pictures)]
    labels = examiner.pictures.labels
    trained = set(labels[examiner.pictures.rows("train", labelled=True)].tolist())
    return Outcome(
        threshold=threshold,
        verdict=judge(trials, threshold.value),
        trials=trials,
        pool=examiner.pool("test", how.pool_rows),
        dev_pool=dev_pool,
        mapped=mapped,
        embeddings=examiner.embeddings[mapped],
        unseen_classes=trained.isdisjoint(labels[examiner.pictures.rows("test", labelled=True)].tolist()),
        distance=examiner.distance,
        identified=examiner.identified("test"),
    )


def progress_figures(recipe: Recipe, pictures: Pictures) -> Callable[[nn.Module], dict[str, float]]:
    """What is logged while training: ROC-AUC of the validation pool by the unit or Euclidean distance."""
    name = "euclidean" if asking(recipe).distance == "euclidean" else "unit"
    dev = pictures.rows("dev", labelled=True)
    pairs, _ = pool_of_pairs(dev, pictures.labels, asking(recipe).pool_rows, recipe.seed)
    used = np.unique(pairs)

    def figures(model: nn.Module) -> dict[str, float]:
        table = _table(recipe, model, pictures, used)
        return {"dev roc-auc": roc_auc(Examiner(recipe, pictures, table, make_distance(name)).pairs(pairs))}

    return figures


def _table(recipe: Recipe, model: nn.Module, pictures: Pictures, rows: np.ndarray) -> np.ndarray:
    """Embeddings (len(pictures), d); rows not asked for stay zero."""
    embeddings = embed_for(recipe, model, pictures, rows)
    table = np.zeros((len(pictures), embeddings.shape[1]), dtype=np.float32)
    table[rows] = embeddings
    return table


def _stride(pictures: Pictures) -> int:
    return max(1, len(pictures.rows("test", labelled=True)) // MAPPED)
