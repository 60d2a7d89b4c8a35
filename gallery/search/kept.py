"""Rows of one piece: a few are multiplied by NumPy, more by FAISS, which is loaded only then.

Loading FAISS takes as long as judging a dozen faces, and 20 MB; NumPy searches a thousand rows in a millisecond.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

FEW: Final = 2_000
"""So many rows are searched by NumPy."""
_BLAS: Final = 16
"""From so many probes on BLAS is quicker; for fewer, a second thread of it spins for each product, however small."""


class Kept(Protocol):
    """Rows (n, d) in some form, each of `code_size` bytes."""

    @property
    def ntotal(self) -> int:
        """How many rows there are."""

    @property
    def code_size(self) -> int:
        """Bytes of a row."""

    def add(self, values: Floats) -> None:
        """More rows (n, d)."""

    def add_bytes(self, codes: NDArray[np.uint8]) -> None:
        """More rows (n, code_size), as `bytes` of another gave them."""

    def bytes(self) -> NDArray[np.uint8]:
        """Its own bytes (n, code_size), to look at or change in place; valid until the next change of its size."""

    def cut(self, rows: int) -> None:
        """Keep the first so many alone."""

    def nearest(self, queries: Floats, width: int, mask: NDArray[np.bool_] | None) -> tuple[Floats, Rows]:
        """Inner products (n, width) and rows (n, width), the highest first.

        Rows outside the mask (ntotal or more,) come last, with a score of minus infinity.
        """


class FaissRows:
    """Rows in a `faiss.IndexFlatCodes` for inner products."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @property
    def ntotal(self) -> int:
        """How many rows there are."""
        return int(self._index.ntotal)

    @property
    def code_size(self) -> int:
        """Bytes of a row."""
        return int(self._index.code_size)

    def add(self, values: Floats) -> None:
        """More rows (n, d)."""
        self._index.add(np.ascontiguousarray(values))

    def add_bytes(self, codes: NDArray[np.uint8]) -> None:
        """More rows (n, code_size)."""
        self._index.add_sa_codes(np.ascontiguousarray(codes))

    def bytes(self) -> NDArray[np.uint8]:
        """Its own bytes (n, code_size)."""
        import faiss

        found: NDArray[np.uint8] = faiss.rev_swig_ptr(self._index.codes.data(), self.ntotal * self.code_size)
        return found.reshape(self.ntotal, self.code_size)

    def cut(self, rows: int) -> None:
        """Keep the first so many alone."""
        import faiss

        if rows < self.ntotal:
            self._index.remove_ids(faiss.IDSelectorRange(rows, self.ntotal))

    def nearest(self, queries: Floats, width: int, mask: NDArray[np.bool_] | None) -> tuple[Floats, Rows]:
        """Inner products and rows (n, width), -1 for a row outside the mask."""
        import faiss

        only: Any = faiss.SearchParameters
        among: Any = faiss.IDSelectorBitmap
        packed = None if mask is None else np.packbits(mask, bitorder="little")
        params = None if packed is None else only(sel=among(packed))
        with _one_thread():
            scores, rows = self._index.search(queries, min(width, self.ntotal), params=params)
        scores[rows < 0] = -np.inf
        return scores, rows


class FlatRows:
    """Rows of `width` numbers in single precision; FAISS keeps them once they are more than `few`."""

    def __init__(self, width: int, few: int = FEW) -> None:
        self._width, self._few = width, few
        self._values = np.empty((0, width), np.float32)
        self._many: FaissRows | None = None

    @property
    def ntotal(self) -> int:
        """How many rows there are."""
        return len(self._values) if self._many is None else self._many.ntotal

    @property
    def code_size(self) -> int:
        """Bytes of a row."""
        return self._width * self._values.itemsize

    def add(self, values: Floats) -> None:
        """More rows (n, width); with too many, all go to FAISS and stay there."""
        if self._many is None and len(self._values) + len(values) > self._few:
            import faiss

            self._many = FaissRows(faiss.IndexFlatIP(self._width))
            self._many.add(self._values)
            self._values = self._values[:0].copy()
        if self._many is None:
            self._values = np.concatenate([self._values, np.asarray(values, np.float32)])
        else:
            self._many.add(values)

    def add_bytes(self, codes: NDArray[np.uint8]) -> None:
        """More rows (n, code_size)."""
        self.add(np.ascontiguousarray(codes).view(np.float32))

    def bytes(self) -> NDArray[np.uint8]:
        """Its own bytes (n, code_size)."""
        return self._values.view(np.uint8) if self._many is None else self._many.bytes()

    def cut(self, rows: int) -> None:
        """Keep the first so many alone."""
        if self._many is not None:
            self._many.cut(rows)
        elif rows < len(self._values):
            self._values = self._values[:rows].copy()

    def nearest(self, queries: Floats, width: int, mask: NDArray[np.bool_] | None) -> tuple[Floats, Rows]:
        """Inner products and rows (n, width)."""
        if self._many is not None:
            return self._many.nearest(queries, width, mask)
        scores = _products(np.asarray(queries, np.float32), self._values)
        if mask is not None:
            scores[:, ~mask[: len(self._values)]] = -np.inf
        rows = np.argsort(-scores, axis=1, kind="stable")[:, :width]
        return np.take_along_axis(scores, rows, 1), rows


def _products(queries: Floats, values: Floats) -> Floats:
    if len(queries) > _BLAS:
        return np.asarray(queries @ values.T, np.float32)
    return np.asarray(np.einsum("nd,rd->nr", queries, values), np.float32)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let FAISS work in the calling thread alone while inside: for few probes a team of its threads only waits.

    OpenMP keeps this number for each thread, so neither other threads nor later calls notice.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
