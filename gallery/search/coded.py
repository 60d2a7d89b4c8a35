"""Exact search that keeps one byte a number: a quarter of the memory, and of what each search reads.

Templates are turned by one rotation, which changes no inner product and leaves no number much greater than the others,
and rounded to steps of one size. What rounding took from a template is a vector whose length is kept: by
Cauchy-Schwarz the product with a probe of unit length errs by no more than that, about 0.014. What lies
within that of the first people is opened anew from its sealed row and scored as it is, so that decisions are those of
`Index`, whatever was rounded.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from gallery.search.blocks import A_BLOCK, Blocks
from gallery.search.exact import SLACK, Doubles, ExactSearch
from gallery.search.kept import FaissRows, Floats, Rows
from gallery.values import Templates

Opener = Callable[[Sequence[int]], Templates]
"""Opens templates by their ids, rising; those that are gone are left out."""

_SEED: Final = 20_261_128
_HIGHEST: Final = 127
_WIDEST: Final = 6.0
"""Standard deviations of a number of a rotated unit vector that the steps reach to; what lies beyond is cut off.

Of a million templates of 384 numbers that is one number at most: the worst row decides how far a search looks.
"""
_HALF_STEP: Final = 1 / _HIGHEST
_FINER: Final = 128
_EXTRA: Final = 2
"""Numbers for the cohort mean: one rough, one fine."""
_LANES: Final = 16
"""FAISS has quick code for dimensions that are multiples of this."""


@cache
def _rotation(dim: int) -> Floats:
    """An orthogonal matrix (d, d), the same for ever: at random, so that no vector lies along its rows."""
    normal = np.random.default_rng(_SEED).normal(size=(dim, dim))
    return np.ascontiguousarray(np.linalg.qr(normal)[0], np.float32)


def _rounded(values: Floats, step: float) -> tuple[Floats, Floats]:
    """Whole numbers of steps, as many as a byte holds, and what is left of the values."""
    codes = values * np.float32(1 / step)
    np.rint(codes, out=codes)
    np.clip(codes, -_HIGHEST, _HIGHEST, out=codes)
    return codes, values - codes * np.float32(step)


def _empty(width: int) -> Any:
    """Keeps whole numbers from -127 to 127 as they are, a byte each.

    FAISS has a type made for them, `QT_8bit_direct_signed`; it rounds probes to bytes, too, at some widths on some
    processors.
    """
    import faiss  # for galleries alone that are searched by bytes

    empty = faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_8bit_uniform, faiss.METRIC_INNER_PRODUCT)
    empty.sq.rangestat = faiss.ScalarQuantizer.RS_minmax
    empty.sq.rangestat_arg = 0
    empty.train(np.full((2, width), [[-_HIGHEST - 0.5], [_HIGHEST + 0.5]], np.float32))
    return empty


@cache
def multiplies(dim: int) -> bool:
    """Whether FAISS multiplies bytes with probes as it should, on this computer, at this dimension."""
    width = _width(dim)
    chance = np.random.default_rng(_SEED)
    codes = chance.integers(-_HIGHEST, _HIGHEST + 1, (64, width)).astype(np.float32)
    probes = chance.normal(size=(4, width)).astype(np.float32)
    tried = _empty(width)
    tried.add(codes)
    scores, rows = tried.search(probes, len(codes))
    exact = np.take_along_axis(probes.astype(np.float64) @ codes.T, rows, 1)
    lengths = np.linalg.norm(codes[rows], axis=2) * np.linalg.norm(probes, axis=1, keepdims=True)
    return bool((np.abs(scores - exact) <= SLACK / 10 * lengths).all())


def _width(dim: int) -> int:
    return -(-(dim + _EXTRA) // _LANES) * _LANES


class CodedIndex(ExactSearch):
    """Templates of dimension `dim` as bytes; ``opened`` gives those themselves that may be among the first."""

    width = 64

    def __init__(self, dim: int, opened: Opener, *, a_block: int = A_BLOCK) -> None:
        self._kept = _width(dim)
        super().__init__(dim, Blocks(lambda: FaissRows(_empty(self._kept)), a_block))
        self._opened = opened
        self._step = _WIDEST / _HIGHEST / dim**0.5
        self._lost = np.empty(0, np.float32)
        self._most_lost = 0.0

    @property
    def bytes(self) -> int:
        """How much memory the rows take."""
        return self.templates * (self._kept + self._lost.itemsize)

    def _keep(self, values: Floats) -> None:
        codes = np.zeros((len(values), self._kept), np.float32)
        turned = values[:, :-1] @ _rotation(self.dim)
        codes[:, : self.dim], left = _rounded(turned, self._step)
        lost = np.sqrt(np.einsum("ij,ij->i", left, left))
        codes[:, self.dim], left = _rounded(values[:, -1], _HALF_STEP)
        codes[:, self.dim + 1], left = _rounded(left, _HALF_STEP / _FINER)
        lost += np.abs(left)
        self._reserve(self.templates + len(values))
        self._lost[self.templates : self.templates + len(values)] = lost
        self._most_lost = max(self._most_lost, float(lost.max()))
        self._blocks.add(codes)

    def _reserve(self, rows: int) -> None:
        have = len(self._lost)
        if rows > have:
            self._lost = np.concatenate([self._lost, np.empty(max(rows, have + have // 2) - have, np.float32)])

    def _move(self, from_row: int, row: int) -> None:
        super()._move(from_row, row)
        self._lost[row] = self._lost[from_row]

    def _asked(self, probes: Floats) -> Floats:
        asked = np.zeros((len(probes), self._kept), np.float32)
        asked[:, : self.dim] = probes @ _rotation(self.dim) * np.float32(self._step)
        asked[:, self.dim], asked[:, self.dim + 1] = _HALF_STEP, _HALF_STEP / _FINER
        return asked

    def _errors(self, rows: Rows) -> Doubles:
        return self._lost[rows].astype(np.float64)

    @property
    def _worst(self) -> float:
        return self._most_lost

    def _exactly(self, rows: Rows) -> tuple[Rows, Floats]:
        ids = self._listing.ids[rows]
        order = np.argsort(ids)
        found = self._opened(ids[order].tolist())
        there = rows[order][np.searchsorted(ids[order], found.ids)]
        values = np.empty((len(found.ids), self.dim + 1), np.float32)
        if len(found.ids):
            values[:, :-1], values[:, -1] = found.vectors, -found.cohort_means / 2
        rising = np.argsort(there)
        return there[rising], values[rising]
