"""Rows of numbers in pieces of bounded size, each an index of FAISS: what grows copies one piece, never all of it.

The pieces are also what several threads search at once.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

A_BLOCK: Final = 65_536
"""Rows of a piece: of 385 floats each it takes 100 MB, and its search a few milliseconds."""
GATHERED: Final = 8
"""Where fewer than one row in so many is looked at, those are searched by themselves."""


@cache
def _team() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_cores(), thread_name_prefix="search")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let FAISS work in the calling thread alone while inside: for few probes a team of its threads only waits.

    OpenMP keeps this number for each thread, so neither other threads nor later calls notice.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class Blocks:
    """Rows (n, d) as ``make`` keeps them, an empty `faiss.IndexFlatCodes` for inner products at each call."""

    def __init__(self, make: Callable[[], Any], a_block: int = A_BLOCK) -> None:
        self._make = make
        self._a_block = a_block
        self._blocks: list[Any] = []
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
            self._blocks[-1].add(np.ascontiguousarray(some))
            done, self._rows = done + len(some), self._rows + len(some)

    def codes(self, rows: Rows) -> NDArray[np.uint8]:
        """The bytes (n, size) that rows are kept as."""
        if not self._blocks:
            return np.empty((0, 1), np.uint8)
        found = np.empty((len(rows), self._blocks[0].code_size), np.uint8)
        for number in np.unique(rows // self._a_block).tolist():
            here = rows // self._a_block == number
            found[here] = _bytes_of(self._blocks[number])[rows[here] % self._a_block]
        return found

    def put(self, row: int, from_row: int) -> None:
        """Copy one row over another."""
        target = _bytes_of(self._blocks[row // self._a_block])
        target[row % self._a_block] = self.codes(np.array([from_row], np.int64))[0]

    def cut(self, rows: int) -> None:
        """Keep the first ``rows`` alone."""
        kept = -(-rows // self._a_block)
        del self._blocks[kept:]
        if self._blocks and self._blocks[-1].ntotal > (left := rows - (kept - 1) * self._a_block):
            self._blocks[-1].remove_ids(faiss.IDSelectorRange(left, self._blocks[-1].ntotal))
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
        block = self._blocks[number]
        only: Any = faiss.SearchParameters
        among: Any = faiss.IDSelectorBitmap
        packed = None if mask is None else np.packbits(mask, bitorder="little")
        params = None if packed is None else only(sel=among(packed))
        with _one_thread():
            scores, rows = block.search(queries, min(width, block.ntotal), params=params)
        scores[rows < 0] = -np.inf
        return scores, np.where(rows < 0, rows, rows + number * self._a_block)

    def _gathered(self, queries: Floats, width: int, within: Rows) -> tuple[Floats, Rows]:
        alone = self._make()
        codes = np.ascontiguousarray(self.codes(within))
        alone.add_sa_codes(codes)
        with _one_thread():
            scores, rows = alone.search(queries, width)
        return scores, within[rows]

    def _masks(self, within: Rows | None) -> dict[int, NDArray[np.bool_]]:
        if within is None:
            return {}
        whole = np.zeros(len(self._blocks) * self._a_block, np.bool_)
        whole[within] = True
        return dict(enumerate(whole.reshape(-1, self._a_block)))


def _bytes_of(block: Any) -> NDArray[np.uint8]:
    """A piece's own bytes (n, size), to look at or change in place; valid until the next change of its size."""
    found: NDArray[np.uint8] = faiss.rev_swig_ptr(block.codes.data(), block.ntotal * block.code_size)
    return found.reshape(block.ntotal, block.code_size)


def _best(found: list[tuple[Floats, Rows]], width: int) -> tuple[Floats, Rows]:
    scores, rows = (np.hstack(each) for each in zip(*found, strict=True))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :width]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)
