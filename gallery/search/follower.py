"""The index of a gallery: it follows what anybody changes there, and applies nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gallery.errors import TemplateAltered
from gallery.ports import Search
from gallery.search.index import Index
from gallery.values import Hit, Templates

if TYPE_CHECKING:
    from gallery.gallery import Gallery


class GalleryIndex:
    """An index that follows its gallery: `refresh()` applies what changed since, and nothing else.

    With `strict` an altered template stops everything with TemplateAltered; without, it is left out and its id
    is in `altered`, so that the person can be enrolled again. `make` gives an empty search of a dimension.
    """

    def __init__(self, gallery: "Gallery", *, strict: bool = True, make: Callable[[int], Search] = Index) -> None:
        self.gallery = gallery
        self.altered: tuple[int, ...] = ()
        self._strict = strict
        self._make = make
        self._index: Search | None = None
        self._owners: dict[int, int] = {}
        self._generation = -1
        self._members: dict[tuple[str | None, str | None], frozenset[int]] = {}

    @property
    def generation(self) -> int:
        """The generation that it is of; -1 before the first `refresh`."""
        return self._generation

    def refresh(self) -> bool:
        """Catch up with the gallery, whoever changed it; true where something had changed.

        Raises TemplateAltered, WrongEncoder, KeyMissing, KeyExposed, KeyWrong; the index is as before then.
        """
        store = self.gallery.store
        with store.reading():
            generation = store.generation()
            if generation == self._generation:
                return False
            owners = self.gallery.owners()
            stale = [t for t, person in self._owners.items() if owners.get(t) != person]
            fresh = [t for t, person in owners.items() if self._owners.get(t) != person]
            new = self.gallery.load(fresh if self._owners else None)
        if self._strict and new.altered:
            listed = ", ".join(map(str, new.altered))
            raise TemplateAltered(store.where, f"sealed templates do not open: {listed}")
        self._apply(stale, new)
        self._generation, self.altered = generation, new.altered
        self._members.clear()
        return True

    def _apply(self, stale: list[int], new: Templates) -> None:
        if self._index is None or len(stale) == len(self._owners):
            self._index, self._owners, stale = None, {}, []
        if self._index is None and len(new.ids):
            self._index = self._make(new.vectors.shape[1])
        for template in stale:
            self._index_in_use().remove(template)
            del self._owners[template]
        if len(new.ids):
            self._index_in_use().extend(new)
            self._owners.update(zip(new.ids.tolist(), new.people.tolist(), strict=True))

    def _index_in_use(self) -> Search:
        if self._index is None:
            raise KeyError("the index is empty")
        return self._index

    def _within(self, group: str | None, site: str | None) -> frozenset[int] | None:
        """Who is looked for: the members of a group, of those whom a site looks for; None: everybody."""
        if group is None and site is None:
            return None
        if (group, site) not in self._members:
            found = None if group is None else self.gallery.members(group)
            there = None if site is None else self.gallery.members_at(site)
            both = there if found is None else found if there is None else found & there
            self._members[group, site] = frozenset(both or ())
        return self._members[group, site]

    def people(self) -> frozenset[int]:
        """The ids of those who have a template in it."""
        return frozenset() if self._index is None else self._index.people

    def size(self, group: str | None = None, site: str | None = None) -> int:
        """The number of people with a template: all, or those of a group, or a site's. N of the threshold."""
        if self._index is None:
            return 0
        return self._index.size(self._within(group, site))

    def search(
        self,
        vectors: NDArray[np.float32],
        cohort_means: ArrayLike,
        *,
        people: int = 5,
        group: str | None = None,
        site: str | None = None,
    ) -> list[list[Hit]]:
        """As `Index.search`, among all people, or the members of `group`, or those whom `site` looks for."""
        if self._index is None:
            return [[] for _ in range(len(vectors))]
        allowed = self._within(group, site)
        return self._index.search(vectors, cohort_means, people=people, allowed=allowed)

    def scores_with_others(
        self, person: int, *, group: str | None = None, site: str | None = None, most: int
    ) -> NDArray[np.float32]:
        """As `Search.scores_with_others`: with all others, or with those whom `search` looks for."""
        index, allowed = self._index_in_use(), self._within(group, site)
        return index.scores_with_others(person, index.people if allowed is None else allowed, most)
