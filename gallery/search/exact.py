"""Exact search over templates in memory, whatever they are kept as: proposed by bounds, scored with what they are.

The score of a probe b against a template a is `cos(a, b) - (m(a) + m(b)) / 2`, m the cohort mean: an inner product
with one more dimension, `[e_b, 1] . [e_a, -m(a)/2]`, minus `m(b)/2`. Rows are proposed by what is kept of them, and
for each row it is known by how much that can err. Whatever may be among the first by that is scored with the template
itself, in double precision, so that neither what is kept, nor ties, nor the order of adding change anything.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gallery.errors import TemplateInvalid, WrongEncoder
from gallery.search.blocks import Blocks
from gallery.search.kept import Floats, Rows
from gallery.search.listing import Listing, evenly
from gallery.values import Hit, Templates

SLACK: Final = 1e-4
"""More than single precision errs in an inner product of unit vectors."""
TEMPLATES_A_PERSON: Final = 4
"""So many are proposed for each person wanted, at first."""
WIDEN: Final = 8
"""By so much more are proposed where those do not settle it."""
Doubles = NDArray[np.float64]


class ExactSearch(ABC):
    """Templates of dimension `dim`, each under its id; adding and removing rebuild nothing."""

    width: int = 1
    """Rows that are proposed at first, at least."""

    def __init__(self, dim: int, blocks: Blocks) -> None:
        self.dim = dim
        self._blocks = blocks
        self._listing = Listing()

    @property
    def templates(self) -> int:
        """How many templates are in it."""
        return len(self._listing)

    @property
    def people(self) -> AbstractSet[int]:
        """The ids of those who have a template in it, as they are at each moment."""
        return self._listing.held

    @property
    def owners(self) -> tuple[Rows, Rows]:
        """Template ids (n,) and whose they are (n,), in no order."""
        return self._listing.ids, self._listing.people

    @property
    @abstractmethod
    def bytes(self) -> int:
        """How much memory the rows take."""

    def size(self, allowed: Collection[int] | None = None) -> int:
        """How many people have a template in it: all, or of those `allowed`."""
        return self._listing.size(allowed)

    def templates_of(self, people: Collection[int]) -> dict[int, int]:
        """Template id to person id of the templates of these people."""
        rows = self._listing.rows_of(people)
        found = zip(self._listing.ids[rows].tolist(), self._listing.people[rows].tolist(), strict=True)
        return dict(found)

    # Changing

    def add(self, template_id: int, person_id: int, vector: ArrayLike, cohort_mean: float) -> None:
        """Add one template, vector (d,); its id must be new."""
        self.extend(
            Templates(
                np.array([template_id], np.int64),
                np.array([person_id], np.int64),
                np.asarray(vector, np.float32)[np.newaxis],
                np.array([cohort_mean], np.float32),
            )
        )

    def extend(self, new: Templates) -> None:
        """Add several templates; raises WrongEncoder for another dimension, TemplateInvalid for NaN."""
        if not len(new.ids):
            return
        if new.vectors.shape[1] != self.dim:
            raise WrongEncoder("index", f"expected vectors of {self.dim}, got {new.vectors.shape[1]}")
        if not (np.isfinite(new.vectors).all() and np.isfinite(new.cohort_means).all()):
            raise TemplateInvalid("template", "it holds a number that is not finite")
        self._listing.refuse_known(new.ids)
        self._keep(_with_halves(new))
        self._listing.add(new.ids, new.people)

    def remove(self, template_id: int) -> None:
        """Take one template out; the last row fills its place. Raises KeyError where it is not in."""
        self.drop([template_id])

    def drop(self, template_ids: Collection[int]) -> None:
        """As `remove`, of several; raises KeyError, with nothing changed, where one is not in."""
        for row in self._listing.rows_of_templates(template_ids)[::-1].tolist():
            self._move(self._listing.take_out(row), row)
        self._cut(self.templates)

    def _move(self, from_row: int, row: int) -> None:
        if from_row != row:
            self._blocks.put(row, from_row)

    def _cut(self, rows: int) -> None:
        self._blocks.cut(rows)

    # What a plan keeps

    @abstractmethod
    def _keep(self, values: Floats) -> None:
        """Keep more rows `[e_a, -m(a)/2]` (n, d + 1)."""

    @abstractmethod
    def _asked(self, probes: Floats) -> Floats:
        """Probes (n, d) as what is kept is asked for them."""

    @abstractmethod
    def _errors(self, rows: Rows) -> Doubles:
        """By how much the proposed scores of rows (n,) may be wrong, for a probe of unit length."""

    @property
    @abstractmethod
    def _worst(self) -> float:
        """The highest of `_errors` of any row."""

    @abstractmethod
    def _exactly(self, rows: Rows) -> tuple[Rows, Floats]:
        """Of rows, rising, those that are there still, and `[e_a, -m(a)/2]` (n, d + 1) of each."""

    # Searching

    def search(
        self,
        vectors: Floats,
        cohort_means: ArrayLike,
        *,
        people: int = 5,
        allowed: Collection[int] | None = None,
    ) -> list[list[Hit]]:
        """For each probe of `vectors` (n, d) with `cohort_means` (n,): up to `people` distinct people.

        Best template of each person, by falling score, ties by person id; `allowed` limits who is looked at.
        Raises TemplateInvalid for a probe that is not finite or of another dimension.
        """
        probes, means = self._checked(vectors, cohort_means)
        within = None if allowed is None else self._listing.rows_of(allowed)
        total = self.templates if within is None else len(within)
        results: list[list[Hit]] = [[] for _ in probes]
        pending, width = np.arange(len(probes)), max(self.width, people * TEMPLATES_A_PERSON)
        lengths = np.maximum(1.0, np.linalg.norm(probes, axis=1)) if len(probes) else np.empty(0)
        while len(pending) and total and people > 0:
            width = min(width, total)
            scores, rows = self._blocks.nearest(self._asked(probes[pending]), width, within)
            wanted = [
                self._wanted(scores[at], rows[at], people, float(lengths[probe])) for at, probe in enumerate(pending)
            ]
            there, values = self._exactly(np.unique(np.concatenate(wanted)))
            unsettled = []
            for at, probe in enumerate(pending.tolist()):
                own = np.isin(there, wanted[at])
                hits = self._scored(probes[probe], float(means[probe]), there[own], values[own])[:people]
                results[probe] = hits
                ceiling = float(scores[at, -1]) - float(means[probe]) / 2 + self._worst * float(lengths[probe]) + SLACK
                if width < total and (len(hits) < people or hits[-1].score <= ceiling):
                    unsettled.append(probe)
            pending, width = np.array(unsettled, np.int64), width * WIDEN
        return results

    def _wanted(self, scores: Floats, rows: Rows, people: int, length: float) -> Rows:
        """Of the proposed rows those that may be of the first people: no so many others are certainly above them."""
        errors = self._errors(rows) * length + SLACK
        lowest, owners = scores - errors, self._listing.people[rows]
        order = np.argsort(-lowest, kind="stable")
        _, first = np.unique(owners[order], return_index=True)
        if len(first) < people:
            return rows
        certain = lowest[order][np.sort(first)[people - 1]]
        return np.asarray(rows[scores + errors >= certain], np.int64)

    def _checked(self, vectors: Floats, cohort_means: ArrayLike) -> tuple[Floats, Doubles]:
        probes, means = np.asarray(vectors, np.float32), np.asarray(cohort_means, np.float64)
        if probes.ndim != 2 or probes.shape[1] != self.dim or means.shape != probes.shape[:1]:  # noqa: PLR2004
            actual = f"{probes.shape} and {means.shape}"
            raise TemplateInvalid("probe", f"expected shapes (n, {self.dim}) and (n,), got {actual}")
        if not (np.isfinite(probes).all() and np.isfinite(means).all()):
            raise TemplateInvalid("probe", "it holds a number that is not finite")
        return probes, means

    def _scored(self, probe: Floats, mean: float, rows: Rows, values: Floats) -> list[Hit]:
        table = values.astype(np.float64)
        ids, people = self._listing.ids[rows], self._listing.people[rows]
        cosines = (table[:, :-1] * probe.astype(np.float64)).sum(axis=1)
        scores = cosines + table[:, -1] - mean / 2
        best: dict[int, Hit] = {}
        for at in np.lexsort((ids, people, -scores)).tolist():
            person = int(people[at])
            if person not in best:
                best[person] = Hit(person, int(ids[at]), float(scores[at]), float(cosines[at]))
        return list(best.values())

    def scores_with_others(self, person: int, others: Collection[int] | None, most: int) -> Floats:
        """Scores (n,) of a person with those of `others` (None: all) who have a template, by the first of each.

        Of more than `most`, as many are compared, evenly drawn from the order of their ids. Raises KeyError for a
        person without a template.
        """
        if person not in self._listing.held:
            raise KeyError(person)
        (own,) = self._listing.first_rows({person})
        rows = self._listing.first_rows(others)
        rows = rows[self._listing.people[rows] != person]
        rows = rows[evenly(len(rows), most)]
        there, values = self._exactly(np.unique(np.append(rows, own)))
        if own not in there:
            raise KeyError(person)
        probe = values[there == own][0]
        values = values[[int(at) for at in np.searchsorted(there, rows[np.isin(rows, there)])]]
        return np.asarray(values[:, :-1] @ probe[:-1] + values[:, -1] + probe[-1], np.float32)


def _with_halves(new: Templates) -> Floats:
    values = np.empty((len(new.ids), new.vectors.shape[1] + 1), np.float32)
    values[:, :-1], values[:, -1] = new.vectors, -new.cohort_means / 2
    return values
