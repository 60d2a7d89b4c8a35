"""Losses, by name in a recipe. Each is a module that takes one `Batch` and returns a scalar; lower is better.

pytorch-metric-learning supplies what it has (contrastive, triplet and its miners, angular, supervised contrastive,
ArcFace, CosFace); written here is what it lacks: contrastive on plain Euclidean pairs, quadruplet, pair head, the
distillation terms and the hinge on unlabelled strangers. Similarity is the cosine, higher is more alike, except where
a loss says distance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from pytorch_metric_learning import distances, losses, miners
from torch import Tensor, nn

from train.errors import RecipeInvalid

UNLABELLED = -1
RIDGE = 1e-3
"""Share of the mean variance that a regression adds to each direction."""


@dataclass(frozen=True)
class Batch:
    """What a loss sees.

    Raw embeddings (n, d), labels (n,) with -1 for nobody knows, teachers' embeddings (n, t) or None, and which
    picture each row shows (n,), where pictures may come twice.
    """

    embeddings: Tensor
    labels: Tensor
    teacher: Tensor | None = None
    pictures: Tensor | None = None

    def people(self) -> Tensor:
        """Who each row shows (n,): its label, or below -1 a person of the picture's own."""
        pictures = torch.arange(len(self.labels), device=self.labels.device) if self.pictures is None else self.pictures
        return torch.where(self.labels == UNLABELLED, UNLABELLED - 1 - pictures, self.labels)

    def labelled(self) -> tuple[Tensor, Tensor]:
        """Embeddings and labels of the rows that have a label."""
        known = self.labels != UNLABELLED
        return self.embeddings[known], self.labels[known]


class PairContrastive(nn.Module):
    """Hadsell, Chopra, LeCun 2006 on consecutive pairs: `(1-y) d^2 + y max(0, m-d)^2`.

    y = 1 for two classes, d Euclidean.

    With `all_pairs` every pair of the batch counts, mated and non-mated ones half each, as in balanced pairs.
    """

    def __init__(self, margin: float = 5.0, *, all_pairs: bool = False) -> None:
        super().__init__()
        self.margin = margin
        self.all_pairs = all_pairs

    def forward(self, batch: Batch) -> Tensor:
        first, second, same = every_pair_of(batch) if self.all_pairs else pairs_of(batch)
        distance = F.pairwise_distance(first, second)
        costs = torch.where(same, distance**2, F.relu(self.margin - distance) ** 2)
        if not self.all_pairs or same.all() or not same.any():
            return costs.mean()
        return (costs[same].mean() + costs[~same].mean()) / 2


class PairHead(nn.Module):
    """Binary cross-entropy of a small head on consecutive pairs.

    Same class or not (Koch et al. 2015, |a - b| and a * b).
    """

    def __init__(self, dim: int, hidden: int = 64) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Linear(2 * dim, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def logits(self, first: Tensor, second: Tensor) -> Tensor:
        """Log-odds (n,) that two embeddings (n, d) are of one class."""
        return cast("Tensor", self.head(torch.cat([(first - second).abs(), first * second], 1)).flatten())

    def forward(self, batch: Batch) -> Tensor:
        first, second, same = pairs_of(batch)
        return F.binary_cross_entropy_with_logits(self.logits(first, second), same.float())


class Triplet(nn.Module):
    """Triplet loss on cosine similarity: `max(0, margin + s(a, n) - s(a, p))`, mined inside the batch.

    `mining`: `random` (one triplet an anchor), `semi-hard` (Schroff et al. 2015), `batch-hard` (Hermans et al. 2017);
    `all` takes every triplet that violates the margin; `given` takes rows as they come: anchor, positive, negative,
    anchor, ...
    """

    def __init__(self, margin: float = 0.3, mining: str = "semi-hard") -> None:
        super().__init__()
        similarity = distances.CosineSimilarity()
        self.loss = losses.TripletMarginLoss(margin=margin, distance=similarity, **_random_triplets(mining))
        self.miner = given_triplets if mining == "given" else _triplet_miner(mining, margin, similarity)

    def forward(self, batch: Batch) -> Tensor:
        embeddings, labels = batch.labelled()
        mined = None if self.miner is None else self.miner(embeddings, labels)
        return cast("Tensor", self.loss(embeddings, labels, mined))


def given_triplets(embeddings: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Row numbers of anchors, positives and negatives that come in threes."""
    first = torch.arange(0, len(embeddings), 3, device=embeddings.device)
    return first, first + 1, first + 2


def _random_triplets(mining: str) -> dict[str, int]:
    return {"triplets_per_anchor": 1} if mining == "random" else {}


def _triplet_miner(mining: str, margin: float, similarity: nn.Module) -> nn.Module | None:
    if mining in {"random", "all"}:
        return None
    if mining == "semi-hard":
        return cast(
            "nn.Module", miners.TripletMarginMiner(margin=margin, distance=similarity, type_of_triplets="semihard")
        )
    if mining == "batch-hard":
        return cast("nn.Module", miners.BatchHardMiner(distance=similarity))
    raise RecipeInvalid(
        "loss triplet", f"unknown mining {mining!r}; expected random, semi-hard, batch-hard, all or given"
    )


class HardestNegatives(nn.Module):
    """Triplets of every positive pair with the `hardest` most similar strangers of the batch.

    An unlabelled picture is a stranger to every other, and two views of it are a positive pair.
    """

    def __init__(self, margin: float = 0.3, hardest: int = 5) -> None:
        super().__init__()
        self.margin = margin
        self.hardest = hardest

    def forward(self, batch: Batch) -> Tensor:
        unit = F.normalize(batch.embeddings)
        cosine = unit @ unit.T
        people = batch.people()
        same = people[:, None] == people[None]
        same.fill_diagonal_(fill_value=False)
        strangers = cosine.masked_fill(same | torch.eye(len(unit), dtype=torch.bool, device=unit.device), -2.0)
        hard = strangers.topk(min(self.hardest, len(unit) - 2), dim=1).values
        anchor, positive = same.nonzero(as_tuple=True)
        if len(anchor) == 0:
            return unit.sum() * 0
        return F.relu(self.margin + hard[anchor] - cosine[anchor, positive][:, None]).mean()


class Quadruplet(nn.Module):
    """Chen et al. 2017: a triplet, and a second negative pair of two other classes kept apart by a smaller margin.

    Rows come in fours: anchor, positive, negative, negative of a third class. Squared Euclidean distances of unit
    vectors.
    """

    def __init__(self, margin: float = 1.0, second_margin: float = 0.5) -> None:
        super().__init__()
        self.margins = (margin, second_margin)

    def forward(self, batch: Batch) -> Tensor:
        anchor, positive, negative, other = (
            F.normalize(batch.embeddings).view(-1, 4, batch.embeddings.shape[1]).unbind(1)
        )
        mated = (anchor - positive).square().sum(1)
        first = F.relu(mated - (anchor - negative).square().sum(1) + self.margins[0])
        second = F.relu(mated - (negative - other).square().sum(1) + self.margins[1])
        return (first + second).mean()


class Strangers(nn.Module):
    """Squared excess over `limit` of each row's `hardest` most similar rows of other people.

    Two pictures without a label show two people. A memory of the last `memory` embeddings widens the search beyond
    the batch.
    """

    store: Tensor
    store_people: Tensor

    def __init__(self, dim: int, limit: float = 0.25, hardest: int = 3, memory: int = 0) -> None:
        super().__init__()
        self.limit = limit
        self.hardest = hardest
        self.register_buffer("store", torch.zeros(memory, dim))
        self.register_buffer("store_people", torch.full((memory,), UNLABELLED))

    def forward(self, batch: Batch) -> Tensor:
        unit, people = F.normalize(batch.embeddings), batch.people()
        others = torch.cat([unit, self.store])
        same = people[:, None] == torch.cat([people, self.store_people])[None]
        hard = (unit @ others.T).masked_fill(same, -2.0).topk(min(self.hardest, len(others) - 1), dim=1).values
        self._remember(unit.detach(), people)
        return F.relu(hard - self.limit).square().mean()

    def _remember(self, unit: Tensor, people: Tensor) -> None:
        """The newest rows push out the oldest; places not yet filled hold zeros, which are nobody's neighbours."""
        size = len(self.store)
        if size:
            self.store = torch.cat([unit, self.store])[:size]
            self.store_people = torch.cat([people, self.store_people])[:size]


class InTeacherSpace(nn.Module):
    """A loss between the embedding, projected where the sizes differ, and vectors of the teachers' space."""

    def __init__(self, dim: int, teacher_dim: int) -> None:
        super().__init__()
        self.project = nn.Identity() if dim == teacher_dim else nn.Linear(dim, teacher_dim, bias=False)

    @torch.no_grad()
    def start_at(self, embeddings: Tensor, teacher: Tensor) -> None:
        """Begin with the ridge regression of the teachers' embeddings (n, t) on the network's (n, d), if there is one.

        A random projection would drag a network that already knows faces towards nowhere until it has been learnt.
        """
        if isinstance(self.project, nn.Linear):
            gram = embeddings.T @ embeddings
            gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), device=gram.device)
            self.project.weight.copy_(torch.linalg.solve(gram, embeddings.T @ teacher).T)


class DistilCosine(InTeacherSpace):
    """One minus the cosine between the embedding and the teachers'."""

    def forward(self, batch: Batch) -> Tensor:
        return (1 - F.cosine_similarity(self.project(batch.embeddings), _teacher(batch))).mean()


class DistilSimilarity(nn.Module):
    """Mean squared difference between the batch's cosine matrix and the teachers' (Tung and Mori 2019)."""

    def forward(self, batch: Batch) -> Tensor:
        own, other = F.normalize(batch.embeddings), F.normalize(_teacher(batch))
        return F.mse_loss(own @ own.T, other @ other.T)


class TeacherCentres(InTeacherSpace):
    """Margin softmax (CosFace, Wang et al. 2018) over everybody, each class kept at its centre in the teachers' space.

    A class is a training person, or an unlabelled picture; its vector is the mean of the teachers' embeddings of it.
    So each row is told from every other face of the set, not from those of its batch alone, and nothing is learnt
    that the set's few photos a person cannot carry. Takes embeddings of the teachers' size, or projects them.
    """

    centres: Tensor
    class_of: Tensor

    def __init__(self, sizes: "Sizes", margin: float = 0.2, scale: float = 32.0) -> None:
        if sizes.classes_of is None:
            raise RecipeInvalid("loss teacher-centres", "it needs teachers' embeddings: name them under [data] teacher")
        super().__init__(sizes.dim, sizes.teacher_dim)
        vectors, class_of = sizes.classes_of()
        self.margin = margin
        self.scale = scale
        self.register_buffer("centres", F.normalize(torch.from_numpy(vectors)), persistent=False)
        self.register_buffer("class_of", torch.from_numpy(class_of), persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        if batch.pictures is None:
            raise RecipeInvalid("loss teacher-centres", "the batch does not say which pictures it holds")
        target = self.class_of[batch.pictures]
        cosine = F.normalize(self.project(batch.embeddings)) @ self.centres.T
        cosine = cosine - self.margin * F.one_hot(target, len(self.centres))
        return F.cross_entropy(self.scale * cosine, target)


def _teacher(batch: Batch) -> Tensor:
    if batch.teacher is None:
        raise RecipeInvalid("loss", "a distillation term needs teachers' embeddings: name them under [data] teacher")
    return batch.teacher


class Labelled(nn.Module):
    """A loss of pytorch-metric-learning applied to the rows that have a label."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, batch: Batch) -> Tensor:
        embeddings, labels = batch.labelled()
        return cast("Tensor", self.loss(embeddings, labels))


class CrossEntropy(nn.Module):
    """Softmax classification on a linear layer over the embedding."""

    def __init__(self, dim: int, classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(dim, classes)

    def forward(self, batch: Batch) -> Tensor:
        embeddings, labels = batch.labelled()
        return F.cross_entropy(self.head(embeddings), labels)


def every_pair_of(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """All pairs of the batch, each once: first (p, d), second (p, d), same class (p,)."""
    i, j = torch.triu_indices(len(batch.labels), len(batch.labels), 1, device=batch.labels.device)
    return batch.embeddings[i], batch.embeddings[j], batch.labels[i] == batch.labels[j]


def pairs_of(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Rows 0-1, 2-3, ... as pairs: first (n, d), second (n, d), same class (n,)."""
    return batch.embeddings[0::2], batch.embeddings[1::2], batch.labels[0::2] == batch.labels[1::2]


@dataclass(frozen=True)
class Sizes:
    """What losses with parameters need to know."""

    dim: int
    classes: int = 0
    teacher_dim: int = 0
    classes_of: Callable[[], tuple[np.ndarray, np.ndarray]] | None = None
    """Makes the teachers' centre of every class (c, t) and the class of every picture (n,)."""


Maker = Callable[..., nn.Module]

_MAKERS: Mapping[str, Maker] = {
    "contrastive": lambda sizes, **options: PairContrastive(**options),  # noqa: ARG005 - one signature for all makers
    "contrastive-batch": lambda sizes, **options: Labelled(losses.ContrastiveLoss(**options)),  # noqa: ARG005
    "pair-head": lambda sizes, **options: PairHead(sizes.dim, **options),
    "triplet": lambda sizes, **options: Triplet(**options),  # noqa: ARG005
    "triplet-hardest": lambda sizes, **options: HardestNegatives(**options),  # noqa: ARG005
    "quadruplet": lambda sizes, **options: Quadruplet(**options),  # noqa: ARG005
    "angular": lambda sizes, **options: Labelled(losses.AngularLoss(**options)),  # noqa: ARG005
    "supcon": lambda sizes, **options: Labelled(losses.SupConLoss(**options)),  # noqa: ARG005
    "arcface": lambda sizes, **options: Labelled(losses.ArcFaceLoss(sizes.classes, sizes.dim, **options)),
    "cosface": lambda sizes, **options: Labelled(losses.CosFaceLoss(sizes.classes, sizes.dim, **options)),
    "cross-entropy": lambda sizes, **options: CrossEntropy(sizes.dim, sizes.classes, **options),
    "strangers": lambda sizes, **options: Strangers(sizes.dim, **options),
    "distil-cosine": lambda sizes, **options: DistilCosine(sizes.dim, sizes.teacher_dim, **options),
    "teacher-centres": TeacherCentres,
    "distil-similarity": lambda sizes, **options: DistilSimilarity(**options),  # noqa: ARG005
}

LOSSES = tuple(sorted(_MAKERS))


def make_loss(name: str, sizes: Sizes, options: Mapping[str, Any]) -> nn.Module:
    """The loss of that name; raises RecipeInvalid for a name or an option that does not exist."""
    if name not in _MAKERS:
        raise RecipeInvalid("loss", f"unknown loss {name!r}; expected one of {', '.join(LOSSES)}")
    try:
        return _MAKERS[name](sizes, **options)
    except TypeError as error:
        raise RecipeInvalid(f"loss {name}", str(error)) from error
