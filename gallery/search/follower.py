"""The index of a gallery: it follows what anybody changes there, and applies nothing else."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gallery.errors import TemplateAltered
from gallery.ports import Search
from gallery.repositories import changes, templates
from gallery.search import plans
from gallery.values import Hit, Templates

if TYPE_CHECKING:
    from gallery.gallery import Gallery
    from gallery.ports import Transaction

FOLLOWED: Final = 10_000
"""Of more changes than that, all templates are compared: it is as quick."""
_OUTGROWN: Final = 2


class _Step(NamedTuple):
    """What is to be taken out and put in; `altered` are all that do not open, by template the person."""

    stale: list[int]
    new: Templates
    altered: dict[int, int]


class GalleryIndex:
    """An index that follows its gallery: `refresh()` applies what changed since, and nothing else.

    With `strict` an altered template stops everything with TemplateAltered; without, it is left out and its id
    is in `altered`, so that the person can be enrolled again. `plan` is one of `plans.PLANS` or `auto`; `make` gives
    an empty search of a dimension in its stead.
    """

    def __init__(
        self,
        gallery: "Gallery",
        *,
        strict: bool = True,
        plan: str = plans.AUTO,
        make: Callable[[int], Search] | None = None,
    ) -> None:
        self.gallery = gallery
        self.wanted = plan
        self.plan = plan
        self._strict = strict
        self._make = make
        self._index: Search | None = None
        self._altered: dict[int, int] = {}
        self._generation = -1
        self._seq = 0
        self._members: dict[tuple[str | None, str | None], frozenset[int]] = {}

    @property
    def generation(self) -> int:
        """The generation that it is of; -1 before the first `refresh`."""
        return self._generation

    @property
    def altered(self) -> tuple[int, ...]:
        """The templates that do not open and are left out."""
        return tuple(sorted(self._altered))

    @property
    def bytes(self) -> int:
        """How much memory the templates take in it."""
        return 0 if self._index is None else self._index.bytes

    def template_ids(self) -> NDArray[np.int64]:
        """The templates in it (n,), in no order."""
        return np.empty(0, np.int64) if self._index is None else self._index.owners[0]

    def lenient(self) -> "GalleryIndex":
        """One of its own that is not strict."""
        return GalleryIndex(self.gallery, strict=False, plan=self.wanted, make=self._make)

    def anew(self) -> "GalleryIndex":
        """An empty one of the same kind, for a gallery that is seen with another pipeline now."""
        return GalleryIndex(self.gallery, strict=self._strict, plan=self.wanted, make=self._make)

    # Following

    def refresh(self) -> bool:
        """Catch up with the gallery, whoever changed it; true where something had changed.

        Raises TemplateAltered, WrongEncoder, KeyMissing, KeyExposed, KeyWrong; the index is as before then.
        """
        store = self.gallery.store
        with store.reading() as transaction:
            generation = store.generation()
            if generation == self._generation:
                return False
            seq = changes.last(transaction)
            people = None if self._index is None else changes.since(transaction, self._seq, FOLLOWED)
            step = self._compared(transaction) if people is None else self._of(transaction, people)
            if step is None or self._outgrown(step):
                self._build(transaction)
            else:
                self._apply(step)
        self._generation, self._seq = generation, seq
        self._members.clear()
        return True

    def _of(self, transaction: "Transaction", people: set[int]) -> _Step:
        """What has changed of these people."""
        there = templates.owners_among(transaction, self.gallery.pipelines, people)
        here = self._index_in_use().templates_of(people)
        stale = [template for template, person in here.items() if there.get(template) != person]
        fresh = [template for template, person in there.items() if here.get(template) != person]
        left = {template: person for template, person in self._altered.items() if person not in people}
        return self._step(stale, fresh, there, left)

    def _compared(self, transaction: "Transaction") -> _Step | None:
        """What differs from the gallery; None where it is easier to begin anew."""
        if self._index is None:
            return None
        there = templates.owner_arrays(transaction, self.gallery.pipelines)
        here = np.stack(self._index.owners, axis=1)
        stale, fresh = _without(here, there), _without(there, here)
        if len(stale) == len(here) or len(fresh) > FOLLOWED:
            return None
        return self._step(stale[:, 0].tolist(), fresh[:, 0].tolist(), dict(fresh.tolist()), {})

    def _step(self, stale: list[int], fresh: list[int], owners: dict[int, int], altered: dict[int, int]) -> _Step:
        new = self.gallery.load(sorted(fresh)) if fresh else templates.nothing()
        self._refuse(new.altered)
        return _Step(stale, new, altered | {template: owners[template] for template in new.altered})

    def _refuse(self, altered: Sequence[int]) -> None:
        if self._strict and altered:
            listed = ", ".join(map(str, altered))
            raise TemplateAltered(self.gallery.store.where, f"sealed templates do not open: {listed}")

    def _outgrown(self, step: _Step) -> bool:
        """Whether so many have come that another plan may fit them."""
        if self.wanted != plans.AUTO or self.plan != plans.EXACT or self._make is not None or not len(step.new.ids):
            return False
        count = len(self._index_in_use().owners[0]) + len(step.new.ids)
        return count > _OUTGROWN * plans.FEW and plans.chosen(count, step.new.vectors.shape[1]) != self.plan

    def _apply(self, step: _Step) -> None:
        index = self._index_in_use()
        index.drop(step.stale)
        index.extend(step.new)
        self._altered = step.altered
        if not len(index.people):
            self._index = None

    def _build(self, transaction: "Transaction") -> None:
        """Read everything, some at a time, beside the index that is in use until then."""
        count = templates.count(transaction, self.gallery.pipelines)
        index, plan, altered = None, self.wanted, list[int]()
        for part in self.gallery.load_parts():
            altered += part.altered
            if index is None and len(part.ids):
                plan, index = self._empty(count, part.vectors.shape[1])
            if index is not None:
                index.extend(part)
        self._refuse(altered)
        owners = templates.owners_of(transaction, altered)
        self._index, self.plan, self._altered = index, plan, owners

    def _empty(self, count: int, dim: int) -> tuple[str, Search]:
        if self._make is not None:
            return self.wanted, self._make(dim)
        return plans.empty(self.wanted, count, dim, self._opened)

    def _opened(self, ids: Sequence[int]) -> Templates:
        found = self.gallery.load(list(ids))
        self._refuse(found.altered)
        return found

    def _index_in_use(self) -> Search:
        if self._index is None:
            raise KeyError("the index is empty")
        return self._index

    # Asking

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
        return frozenset() if self._index is None else frozenset(self._index.people)

    def has(self, person: int) -> bool:
        """Whether somebody has a template in it."""
        return self._index is not None and person in self._index.people

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
        return self._index_in_use().scores_with_others(person, self._within(group, site), most)


def _without(some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of template and person (n, 2) that are not among others (m, 2); nobody's template is there twice."""
    order = np.argsort(others[:, 0])
    known = others[order]
    at = np.searchsorted(known[:, 0], some[:, 0])
    at[at == len(known)] = 0
    same = np.zeros(len(some), np.bool_) if not len(known) else (known[at] == some).all(axis=1)
    return some[~same]
