"""Exact search that keeps the templates as they are, in single precision; derived from the gallery and never saved."""

from functools import partial

import numpy as np

from gallery.search.blocks import A_BLOCK, Blocks
from gallery.search.exact import Doubles, ExactSearch
from gallery.search.kept import FEW, FlatRows, Floats, Rows


class Index(ExactSearch):
    """Templates of dimension `dim` as rows `[e_a, -m(a)/2]` of four bytes a number."""

    def __init__(self, dim: int, *, a_block: int = A_BLOCK, few: int = FEW) -> None:
        super().__init__(dim, Blocks(partial(FlatRows, dim + 1, few), a_block))

    @property
    def bytes(self) -> int:
        """How much memory the rows take."""
        return self.templates * (self.dim + 1) * 4

    def _keep(self, values: Floats) -> None:
        self._blocks.add(values)

    def _asked(self, probes: Floats) -> Floats:
        return np.hstack([probes, np.ones((len(probes), 1), np.float32)])

    def _errors(self, rows: Rows) -> Doubles:
        return np.zeros(len(rows))

    @property
    def _worst(self) -> float:
        return 0.0

    def _exactly(self, rows: Rows) -> tuple[Rows, Floats]:
        return rows, self._blocks.codes(rows).view(np.float32).reshape(len(rows), self.dim + 1)
