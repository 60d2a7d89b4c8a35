"""A gallery searched by its database server: nothing in memory, and the same decisions as any other plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gallery.errors import PgvectorMissing
from gallery.repositories import templates
from gallery.repositories import vectors as table
from gallery.repositories.batches import in_batches
from gallery.search import plans
from gallery.search.exact import TEMPLATES_A_PERSON, WIDEN
from gallery.search.follower import GalleryIndex
from gallery.search.index import Index
from gallery.search.listing import evenly
from gallery.values import Hit

if TYPE_CHECKING:
    from gallery.gallery import Gallery
    from gallery.ports import Transaction

_SLACK = 2.5 * table.DIGITS
"""More than rounding template and probe to half precision moves an inner product of unit vectors."""


class ServerIndex(GalleryIndex):
    """As `GalleryIndex`, with the vectors in the table of `gallery.repositories.vectors`.

    The server proposes templates by half-precision numbers; they are opened from their sealed rows and scored again, so
    that people, scores and their order are those of the exact plans. Raises PgvectorMissing where the server cannot.
    """

    def __init__(self, gallery: "Gallery", *, strict: bool = True) -> None:
        super().__init__(gallery, strict=strict, plan=plans.ON_SERVER)
        self._first: dict[int, int] = {}  # person to the first of their templates
        self._numbers = np.empty(0, np.int64)
        self._unopened: set[int] = set()
        self._meanwhile: GalleryIndex | None = None

    def lenient(self) -> GalleryIndex:
        """One of its own that is not strict."""
        return ServerIndex(self.gallery, strict=False)

    def anew(self) -> GalleryIndex:
        """An empty one of the same kind."""
        return ServerIndex(self.gallery, strict=self._strict)

    @property
    def bytes(self) -> int:
        """The server keeps the templates."""
        return 0

    def template_ids(self) -> NDArray[np.int64]:
        """The ids of the templates that are searched."""
        return self._numbers

    def refresh(self) -> bool:
        """Put in what is missing, and read whose templates there are; true where something had changed."""
        store = self.gallery.store
        if store.engine != "postgresql":
            raise PgvectorMissing(store.where, "only a database on a PostgreSQL server can be searched there")
        before = store.inside
        with store.reading() as session:
            generation = store.generation()
            if generation == self._generation and self._meanwhile is None:
                return False
            missing = self._missing(session)
            if missing:
                self._fill(missing)
            self._read(session, unseen=before and bool(missing))
        changed = generation != self._generation
        self._generation = generation
        self._members.clear()
        return changed

    def _missing(self, session: "Transaction") -> dict[str, list[int]]:
        if not table.is_there(session):
            with self.gallery.store.atomic() as writing:
                table.make(writing, self.gallery.store.where)
        found = table.lacking(session, self.gallery.pipelines)
        left = {name: [number for number in ids if number not in self._unopened] for name, ids in found.items()}
        return {name: ids for name, ids in left.items() if ids}

    def _fill(self, missing: dict[str, list[int]]) -> None:
        """Put in what is missing, some at a time, so that others write in between."""
        for name, ids in missing.items():
            for some in in_batches(ids):
                with self.gallery.store.atomic() as session:
                    table.drop_stale(session)
                    found = self.gallery.load(list(some), active=None)
                    table.add(session, name, found)
                    self._unopened |= set(found.altered)

    def _read(self, session: "Transaction", *, unseen: bool) -> None:
        owners = templates.owners(session, self.gallery.pipelines)
        self._altered = {number: owners[number] for number in sorted(self._unopened) if number in owners}
        self._refuse(self.altered)
        numbers = sorted(owners.keys() - self._altered.keys())
        self._numbers, self._first = np.array(numbers, np.int64), {}
        for number in numbers:
            self._first.setdefault(owners[number], number)
        self._meanwhile = GalleryIndex(self.gallery, strict=self._strict) if unseen else None
        if self._meanwhile is not None:  # a view begun before does not see what was put in
            self._meanwhile.refresh()

    def people(self) -> frozenset[int]:
        """The ids of those who have a template in it."""
        return frozenset(self._first)

    def has(self, person: int) -> bool:
        """Whether somebody has a template in it."""
        return person in self._first

    def size(self, group: str | None = None, site: str | None = None) -> int:
        """The number of people with a template: all, or those of a group, or a site's."""
        within = self._within(group, site)
        return len(self._first) if within is None else sum(person in self._first for person in within)

    def search(
        self,
        vectors: NDArray[np.float32],
        cohort_means: ArrayLike,
        *,
        people: int = 5,
        group: str | None = None,
        site: str | None = None,
    ) -> list[list[Hit]]:
        """As `GalleryIndex.search`; the server compares every vector."""
        if self._meanwhile is not None:
            return self._meanwhile.search(vectors, cohort_means, people=people, group=group, site=site)
        allowed = self._within(group, site)
        means = np.asarray(cohort_means, np.float64)
        probes = zip(np.asarray(vectors, np.float32), means.tolist(), strict=True)
        return [self._one(probe, mean, people, allowed) for probe, mean in probes]

    def _one(self, probe: NDArray[np.float32], mean: float, people: int, allowed: frozenset[int] | None) -> list[Hit]:
        width = max(1, people * TEMPLATES_A_PERSON)
        while self._first and people > 0:
            with self.gallery.store.reading() as session:
                rows = table.nearest(session, self.gallery.pipelines, probe, width, allowed)
                hits = self._scored(probe, mean, [row[0] for row in rows], people)
            settled = len(hits) == people and hits[-1].score > rows[-1][1] - mean / 2 + _SLACK
            if len(rows) < width or settled:
                return hits
            width *= WIDEN
        return []

    def _scored(self, probe: NDArray[np.float32], mean: float, ids: Sequence[int], people: int) -> list[Hit]:
        """What the sealed rows of these templates say, exactly."""
        found = self.gallery.load(list(ids))
        if not len(found.ids):
            return []
        exact = Index(found.vectors.shape[1])
        exact.extend(found)
        (hits,) = exact.search(probe[np.newaxis], [mean], people=people)
        return hits

    def scores_with_others(
        self, person: int, *, group: str | None = None, site: str | None = None, most: int
    ) -> NDArray[np.float32]:
        """As `GalleryIndex.scores_with_others`, by the sealed rows of as many as are compared."""
        within = self._within(group, site)
        wanted = self._first.keys() if within is None else within & self._first.keys()
        rows = np.array(sorted(wanted - {person}), np.int64)
        rows = rows[evenly(len(rows), most)]
        found = self.gallery.load([self._first[person], *(self._first[each] for each in rows.tolist())])
        exact = Index(found.vectors.shape[1])
        exact.extend(found)
        return exact.scores_with_others(person, rows.tolist(), most)
