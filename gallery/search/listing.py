"""Which template of whom lies in which row, in a few bytes a row."""

from collections.abc import Collection, KeysView
from typing import Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
_SCOPES_KEPT: Final = 64


class Listing:
    """Template and person of each row; rows are added at the end, and the last one fills the place of one taken out."""

    def __init__(self) -> None:
        self._ids = np.empty(0, np.int64)
        self._people = np.empty(0, np.int64)
        self._count = 0
        self._highest = np.iinfo(np.int64).min
        self._held: dict[int, int] = {}  # person id to number of templates
        self._scopes: dict[frozenset[int], Rows] = {}
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
    def held(self) -> KeysView[int]:
        """Who has a template here."""
        return self._held.keys()

    def size(self, allowed: Collection[int] | None = None) -> int:
        """How many people have a template here: all, or of those `allowed`."""
        return len(self._held) if allowed is None else sum(person in self._held for person in set(allowed))

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
        for person in people.tolist():
            self._held[person] = self._held.get(person, 0) + 1
        self._forget()

    def _reserve(self, rows: int) -> None:
        """Room for `rows`; it grows by half, so that adding one is cheap on average."""
        have = len(self._ids)
        if rows > have:
            room = np.empty(max(rows, have + have // 2) - have, np.int64)
            self._ids, self._people = np.concatenate([self._ids, room]), np.concatenate([self._people, room])

    def _forget(self) -> None:
        self._scopes.clear()
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
        self._held[person] -= 1
        if not self._held[person]:
            del self._held[person]
        self._forget()
        return last
