"""Which template of whom lies in which row, in a few bytes a row."""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
_SCOPES_KEPT: Final = 64
_SOME: Final = 1000
"""Of so many new rows at once, their people are put in one by one; of more, all are sorted anew."""


def evenly(among: int, most: int) -> Rows:
    """The places of at most so many of a number of things, evenly drawn from their order; of all where they are few."""
    return np.arange(among) if among <= most else np.linspace(0, among - 1, most).round().astype(np.int64)


class People(AbstractSet[int]):
    """Numbers of people in eight bytes each."""

    def __init__(self, numbers: Rows) -> None:
        self._sorted = numbers

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[int]:
        return iter(self._sorted.tolist())

    def __contains__(self, person: object) -> bool:
        return isinstance(person, int) and self.among(np.array([person], np.int64)) == 1

    def among(self, some: Rows) -> int:
        """How many of some people, each there once, are in it."""
        if not len(self._sorted):
            return 0
        at = np.searchsorted(self._sorted, some).clip(max=len(self._sorted) - 1)
        return int((self._sorted[at] == some).sum())

    def with_(self, person: int) -> "People":
        """These and one more."""
        return (
            self if person in self else People(np.insert(self._sorted, np.searchsorted(self._sorted, person), person))
        )

    def without(self, person: int) -> "People":
        """These but one who is among them."""
        return People(np.delete(self._sorted, np.searchsorted(self._sorted, person)))


class Listing:
    """Template and person of each row; rows are added at the end, and the last one fills the place of one taken out."""

    def __init__(self) -> None:
        self._ids = np.empty(0, np.int64)
        self._people = np.empty(0, np.int64)
        self._count = 0
        self._highest = np.iinfo(np.int64).min
        self._held: People | None = None
        self._scopes: dict[frozenset[int], Rows] = {}
        self._sizes: dict[frozenset[int], int] = {}
        self._firsts: Rows | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def ids(self) -> Rows:
        """The template of each row (n,)."""
        return self._ids[: self._count]

    @property
    def people(self) -> Rows:
        """The person of each row (n,)."""
        return self._people[: self._count]

    @property
    def held(self) -> People:
        """Who has a template here."""
        if self._held is None:
            self._held = People(np.unique(self.people))
        return self._held

    def size(self, allowed: Collection[int] | None = None) -> int:
        """How many people have a template here: all, or of those `allowed`."""
        if allowed is None:
            return len(self.held)
        if not isinstance(allowed, frozenset):
            return self.held.among(np.unique(np.fromiter(allowed, np.int64, len(allowed))))
        if allowed not in self._sizes:
            self._sizes[allowed] = len(np.unique(self.people[self.rows_of(allowed)]))
        return self._sizes[allowed]

    def refuse_known(self, ids: Rows) -> None:
        """Raise ValueError where one of these is here already, or twice among them."""
        known = len(ids) > 0 and int(ids.min()) <= self._highest and np.isin(ids, self.ids).any()
        if known or len(np.unique(ids)) != len(ids):
            raise ValueError("expected new template ids, got one that is there already")

    def add(self, ids: Rows, people: Rows) -> None:
        """More rows behind those that are there."""
        end = self._count + len(ids)
        self._reserve(end)
        self._ids[self._count : end], self._people[self._count : end] = ids, people
        self._count, self._highest = end, max(self._highest, int(ids.max()))
        if self._held is not None:
            self._held = None if len(people) > _SOME else reduce(People.with_, people.tolist(), self._held)
        self._forget()

    def _reserve(self, rows: int) -> None:
        """Room for `rows`; it grows by half, so that adding one is cheap on average."""
        have = len(self._ids)
        if rows > have:
            room = np.empty(max(rows, have + have // 2) - have, np.int64)
            self._ids, self._people = np.concatenate([self._ids, room]), np.concatenate([self._people, room])

    def _forget(self) -> None:
        self._scopes.clear()
        self._sizes.clear()
        self._firsts = None

    def rows_of_templates(self, ids: Collection[int]) -> Rows:
        """The rows of templates, rising; raises KeyError where one is not here."""
        wanted = np.unique(np.fromiter(ids, np.int64, len(ids)))
        found = np.flatnonzero(np.isin(self.ids, wanted))
        if len(found) != len(wanted):
            missing = set(wanted.tolist()) - set(self._ids[found].tolist())
            raise KeyError(min(missing))
        return found

    def rows_of(self, people: Collection[int]) -> Rows:
        """The rows of people, rising; of a frozen set they are remembered until something changes."""
        if isinstance(people, frozenset) and people in self._scopes:
            return self._scopes[people]
        found = np.flatnonzero(np.isin(self.people, np.fromiter(people, np.int64, len(people))))
        if isinstance(people, frozenset) and len(self._scopes) < _SCOPES_KEPT:
            self._scopes[people] = found
        return found

    def first_rows(self, people: Collection[int] | None = None) -> Rows:
        """The row of the lowest template id of everybody, or of each of `people` who has one, by person id."""
        if people is not None:
            return self._first_of(self.rows_of(people))
        if self._firsts is None:
            self._firsts = self._first_of(np.arange(self._count))
        return self._firsts

    def _first_of(self, rows: Rows) -> Rows:
        order = rows[np.lexsort((self._ids[rows], self._people[rows]))]
        people = self._people[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = people[1:] != people[:-1]
        return np.asarray(order[new], np.int64)

    def take_out(self, row: int) -> int:
        """Let one row go; returns the last row, which is now in its place."""
        person, last = int(self._people[row]), self._count - 1
        self._ids[row], self._people[row] = self._ids[last], self._people[last]
        self._count = last
        if self._held is not None and not (self.people == person).any():
            self._held = self._held.without(person)
        self._forget()
        return last
