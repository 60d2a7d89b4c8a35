"""Who is closest: an exact search over templates in memory, derived from the gallery and never saved.

The score of a probe b against a template a is `cos(a, b) - (m(a) + m(b)) / 2`, m the cohort mean: an inner product
with one more dimension, `[e_b, 1] . [e_a, -m(a)/2]`, minus `m(b)/2`. FAISS proposes templates in single precision;
the proposed ones are scored again in double precision, so that ties and the order of adding change nothing.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import faiss
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gallery.errors import TemplateInvalid, WrongEncoder
from gallery.values import Hit, Templates

_SLACK = 1e-4
"""More than single precision errs in an inner product of unit vectors."""
_TEMPLATES_A_PERSON = 4
_WIDEN = 8


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let FAISS work in the calling thread alone while inside: for few probes a team of threads only waits.

    OpenMP keeps this number for each thread, so neither other threads nor later calls notice.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class Index:
    """Templates of dimension `dim`, each under its id; adding and removing rebuild nothing.

    Rows of the FAISS index are `[e_a, -m(a)/2]`; ids and people are kept in the same order beside it.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._flat: Any = faiss.IndexFlatIP(dim + 1)
        self._ids = np.empty(0, np.int64)
        self._people = np.empty(0, np.int64)
        self._rows: dict[int, int] = {}
        self._held: dict[int, int] = {}  # person id to number of templates

    @property
    def templates(self) -> int:
        """How many templates are in it."""
        return len(self._rows)

    @property
    def people(self) -> frozenset[int]:
        """The ids of those who have a template in it."""
        return frozenset(self._held)

    def size(self, allowed: Collection[int] | None = None) -> int:
        """How many people have a template in it: all, or of those `allowed`."""
        return len(self._held) if allowed is None else sum(person in self._held for person in set(allowed))

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
        ids = new.ids.tolist()
        if len(set(ids)) != len(ids) or not self._rows.keys().isdisjoint(ids):
            raise ValueError("expected new template ids, got one that is there already")
        self._file(ids, new)
        extra = (-new.cohort_means / 2)[:, np.newaxis]
        self._flat.add(np.hstack([new.vectors, extra]).astype(np.float32))

    def _file(self, ids: list[int], new: Templates) -> None:
        start, end = len(self._rows), len(self._rows) + len(ids)
        self._reserve(end)
        self._ids[start:end], self._people[start:end] = new.ids, new.people
        self._rows.update(zip(ids, range(start, end), strict=True))
        for person in new.people.tolist():
            self._held[person] = self._held.get(person, 0) + 1

    def _reserve(self, rows: int) -> None:
        """Room for `rows` templates; grows by half, so that adding one is cheap on average."""
        have = len(self._ids)
        if rows > have:
            room = np.empty(max(rows, have + have // 2) - have, np.int64)
            self._ids, self._people = np.concatenate([self._ids, room]), np.concatenate([self._people, room])

    def _table(self) -> NDArray[np.float32]:
        """FAISS's own rows (n, d + 1), to look at or change in place; valid until the next change of size."""
        rows = len(self._rows)
        flat: NDArray[np.float32] = faiss.rev_swig_ptr(self._flat.get_xb(), rows * (self.dim + 1))
        return flat.reshape(rows, self.dim + 1)

    def remove(self, template_id: int) -> None:
        """Take one template out; the last row fills its place. Raises KeyError where it is not in."""
        row, last = self._rows[template_id], len(self._rows) - 1
        person = int(self._people[row])
        for column in (self._table(), self._ids, self._people):
            column[row] = column[last]
        self._rows[int(self._ids[row])] = row
        del self._rows[template_id]
        self._flat.remove_ids(faiss.IDSelectorRange(last, last + 1))
        self._held[person] -= 1
        if not self._held[person]:
            del self._held[person]

    def search(
        self,
        vectors: NDArray[np.float32],
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
        within = None if allowed is None else self._rows_of(allowed)
        total = self.templates if within is None else len(within)
        results: list[list[Hit]] = [[] for _ in probes]
        pending, width = np.arange(len(probes)), max(1, people * _TEMPLATES_A_PERSON)
        while len(pending) and total and people > 0:
            width = min(width, total)
            floors, rows = self._propose(probes[pending], width, within)
            unsettled = []
            for at, probe in enumerate(pending.tolist()):
                hits = self._scored(probes[probe], float(means[probe]), rows[at])[:people]
                results[probe] = hits
                floor = float(floors[at]) - float(means[probe]) / 2 + _SLACK
                if width < total and (len(hits) < people or hits[-1].score <= floor):
                    unsettled.append(probe)
            pending, width = np.array(unsettled, np.int64), width * _WIDEN
        return results

    def scores_with_others(self, person: int, others: Collection[int], most: int) -> NDArray[np.float32]:
        """Scores (n,) of a person with those of `others` who have a template, by the first template of each.

        Of more than `most`, as many are compared, evenly drawn from the order of their ids. Raises KeyError for a
        person without a template.
        """
        if person not in self._held:
            raise KeyError(person)
        (own,) = self._first_rows({person})
        rows = self._first_rows(set(others) - {person})
        if len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]
        vectors, halves = self._table()[rows, :-1], self._table()[rows, -1]
        return np.asarray(vectors @ self._table()[own, :-1] + halves + self._table()[own, -1], np.float32)

    def _first_rows(self, people: set[int]) -> NDArray[np.int64]:
        """The row of the lowest template id of each of `people` who has one, by person id."""
        used = len(self._rows)
        rows = np.flatnonzero(np.isin(self._people[:used], list(people)))
        order = rows[np.lexsort((self._ids[rows], self._people[rows]))]
        _, first = np.unique(self._people[order], return_index=True)
        return np.asarray(order[first], np.int64)

    def _checked(
        self, vectors: NDArray[np.float32], cohort_means: ArrayLike
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        probes, means = np.asarray(vectors, np.float32), np.asarray(cohort_means, np.float64)
        if probes.ndim != 2 or probes.shape[1] != self.dim or means.shape != probes.shape[:1]:  # noqa: PLR2004
            actual = f"{probes.shape} and {means.shape}"
            raise TemplateInvalid("probe", f"expected shapes (n, {self.dim}) and (n,), got {actual}")
        if not (np.isfinite(probes).all() and np.isfinite(means).all()):
            raise TemplateInvalid("probe", "it holds a number that is not finite")
        return probes, means

    def _rows_of(self, allowed: Collection[int]) -> NDArray[np.int64]:
        wanted = np.fromiter(allowed, np.int64, len(allowed))
        return np.flatnonzero(np.isin(self._people[: len(self._rows)], wanted))

    def _propose(
        self, probes: NDArray[np.float32], width: int, within: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The lowest proposed inner product (n,) and the proposed rows (n, width) of each probe."""
        queries = np.hstack([probes, np.ones((len(probes), 1), np.float32)])
        only: Any = faiss.SearchParameters
        params = None if within is None else only(sel=faiss.IDSelectorBatch(within))
        with _one_thread():
            scores, rows = self._flat.search(queries, width, params=params)
        return scores[:, -1], rows

    def _scored(self, probe: NDArray[np.float32], mean: float, rows: NDArray[np.int64]) -> list[Hit]:
        table = self._table()[rows].astype(np.float64)
        ids, people = self._ids[rows], self._people[rows]
        cosines = (table[:, :-1] * probe.astype(np.float64)).sum(axis=1)
        scores = cosines + table[:, -1] - mean / 2
        best: dict[int, Hit] = {}
        for at in np.lexsort((ids, people, -scores)).tolist():
            person = int(people[at])
            if person not in best:
                best[person] = Hit(person, int(ids[at]), float(scores[at]), float(cosines[at]))
        return list(best.values())
