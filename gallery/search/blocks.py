"""Rows of numbers in pieces of bounded size, each kept by itself: what grows copies one piece, never all of it.

The pieces are also what several threads search at once.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallery.search.kept import Floats, Kept, Rows

A_BLOCK: Final = 65_536
"""Rows of a piece: of 385 floats each it takes 100 MB, and its search a few milliseconds."""
GATHERED: Final = 8
"""Where fewer than one row in so many is looked at, those are searched by themselves."""


@cache
def _team() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_cores(), thread_name_prefix="search")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Blocks:
    """Rows (n, d) as ``make`` keeps them, which gives an empty piece at each call."""

    def __init__(self, make: Callable[[], Kept], a_block: int = A_BLOCK) -> None:
        self._make = make
        self._a_block = a_block
        self._blocks: list[Kept] = []
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, values: Floats) -> None:
        """More rows (n, d) behind those that are there."""
        done = 0
        while done < len(values):
            if self._rows == len(self._blocks) * self._a_block:
                self._blocks.append(self._make())
            room = len(self._blocks) * self._a_block - self._rows
            some = values[done : done + room]
            self._blocks[-1].add(some)
            done, self._rows = done + len(some), self._rows + len(some)

    def codes(self, rows: Rows) -> NDArray[np.uint8]:
        """The bytes (n, size) that rows are kept as."""
        if not self._blocks:
            return np.empty((0, 1), np.uint8)
        found = np.empty((len(rows), self._blocks[0].code_size), np.uint8)
        for number in np.unique(rows // self._a_block).tolist():
            here = rows // self._a_block == number
            found[here] = self._blocks[number].bytes()[rows[here] % self._a_block]
        return found

    def put(self, row: int, from_row: int) -> None:
        """Copy one row over another."""
        target = self._blocks[row // self._a_block].bytes()
        target[row % self._a_block] = self.codes(np.array([from_row], np.int64))[0]

    def cut(self, rows: int) -> None:
        """Keep the first ``rows`` alone."""
        kept = -(-rows // self._a_block)
        del self._blocks[kept:]
        if self._blocks:
            self._blocks[-1].cut(rows - (kept - 1) * self._a_block)
        self._rows = rows

    def nearest(self, queries: Floats, width: int, within: Rows | None = None) -> tuple[Floats, Rows]:
        """Inner products (n, width) and rows (n, width), the highest first; ``within``, rising, are looked at alone.

        There must be so many rows to look at.
        """
        if within is not None and len(within) * GATHERED < self._rows:
            return self._gathered(queries, width, within)
        masks = self._masks(within)
        chosen = [number for number in range(len(self._blocks)) if within is None or masks[number].any()]

        def search(number: int) -> tuple[Floats, Rows]:
            return self._in_block(number, queries, width, masks.get(number))

        found = list(_team().map(search, chosen)) if len(chosen) > 1 < _cores() else list(map(search, chosen))
        return _best(found, width)

    def _in_block(
        self, number: int, queries: Floats, width: int, mask: NDArray[np.bool_] | None
    ) -> tuple[Floats, Rows]:
        scores, rows = self._blocks[number].nearest(queries, width, mask)
        return scores, np.where(rows < 0, rows, rows + number * self._a_block)

    def _gathered(self, queries: Floats, width: int, within: Rows) -> tuple[Floats, Rows]:
        alone = self._make()
        alone.add_bytes(self.codes(within))
        scores, rows = alone.nearest(queries, width, None)
        return scores, within[rows]

    def _masks(self, within: Rows | None) -> dict[int, NDArray[np.bool_]]:
        if within is None:
            return {}
        whole = np.zeros(len(self._blocks) * self._a_block, np.bool_)
        whole[within] = True
        return dict(enumerate(whole.reshape(-1, self._a_block)))


def _best(found: list[tuple[Floats, Rows]], width: int) -> tuple[Floats, Rows]:
    scores, rows = (np.hstack(each) for each in zip(*found, strict=True))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :width]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)
