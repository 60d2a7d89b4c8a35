"""What every data set becomes: pictures of one size in one array, with labels, a split and names."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from train.errors import ManifestInvalid

SPLITS = ("train", "dev", "test")
UNLABELLED = -1


@dataclass(frozen=True)
class LeftOut:
    """A file that could not be used, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Pictures:
    """Pictures in memory or on a memory map.

    `pixels` (n, H, W, C) uint8, C 1 or 3 (RGB); `labels` (n,) int64 into `classes`, -1 where nobody knows; `splits`
    (n,) of `train`, `dev`, `test`; `names` (n,) to point at a picture in a report; `columns`: further facts, (n,) each;
    `left_out`: files that were met but could not be read; `digest`: hex digits that change with the list and its
    pictures, for caches of what was computed from them (empty where a set has none).
    """

    pixels: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    names: np.ndarray
    classes: tuple[str, ...]
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    digest: str = ""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.dtype != np.uint8:  # noqa: PLR2004 - n, H, W, C
            raise ManifestInvalid(
                "pictures", f"expected (n, H, W, C) uint8, got {self.pixels.shape} {self.pixels.dtype}"
            )
        lengths = {len(self.labels), len(self.splits), len(self.names), *map(len, self.columns.values())}
        if lengths != {len(self.pixels)}:
            raise ManifestInvalid("pictures", f"{len(self.pixels)} pictures, but columns of {sorted(lengths)} rows")
        unknown = set(np.unique(self.splits)) - set(SPLITS)
        if unknown:
            raise ManifestInvalid("pictures", f"unknown split {sorted(unknown)}, expected one of {SPLITS}")

    def __len__(self) -> int:
        return len(self.pixels)

    def rows(self, split: str, *, labelled: bool | None = None) -> np.ndarray:
        """Indices of one split, all of them, or only those with (True) or without (False) a label."""
        chosen = self.splits == split
        if labelled is not None:
            chosen = chosen & ((self.labels != UNLABELLED) == labelled)
        return np.flatnonzero(chosen)

    def with_columns(self, columns: Mapping[str, np.ndarray]) -> "Pictures":
        """The same pictures with more columns (teachers' embeddings, for example)."""
        return replace(self, columns={**self.columns, **columns})


def encode_labels(people: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class numbers (n,) of the names (n,), an empty name giving -1, and the sorted class names."""
    classes = sorted(set(people.tolist()) - {""})
    number = {name: i for i, name in enumerate(classes)} | {"": UNLABELLED}
    return np.array([number[name] for name in people.tolist()], dtype=np.int64), tuple(classes)
