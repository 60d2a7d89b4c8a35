"""What the way a gallery is searched loses, and how long it takes: measured on the gallery's own templates."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallery.search.follower import GalleryIndex
from gallery.search.listing import evenly
from gallery.values import Hit

PROBES: Final = 1000
LIKENESS: Final = 0.6
"""The cosine of a made probe to its template: that of another photo of the same person, and not of the best."""
_AT_ONCE: Final = 50
_HITS: Final = 5
_EQUAL: Final = 1e-9
_SEED: Final = 20_261_128


@dataclass(frozen=True)
class Measured:
    """Of `probes` made from the gallery's own templates, `lost` were not found though exact search finds them.

    `p95_ms` is what 95 of 100 searches took at most, `bytes` the memory that the templates take.
    """

    plan: str
    people: int
    templates: int
    probes: int
    lost: int
    p95_ms: float
    bytes: int

    @property
    def loss(self) -> float:
        """The share that is lost: what searching this way adds to the FNIR of the encoder."""
        return self.lost / self.probes if self.probes else 0.0

    def __str__(self) -> str:
        """In words."""
        looked = f"{self.probes:,} of the gallery's own templates looked for"
        cost = f"95 of 100 within {self.p95_ms:.1f} ms, {self.bytes / 1e6:,.1f} MB"
        return f"plan {self.plan}: {looked}, index loss {self.loss:.2%}, which adds to the encoder's FNIR; {cost}"


def measure(
    index: GalleryIndex,
    *,
    probes: int = PROBES,
    alone: Callable[[], AbstractContextManager[object]] = nullcontext,
    ended: Callable[[], bool] = bool,
) -> Measured:
    """Look for other looks of templates from all over the gallery, made by turning each at random.

    What is exact is known without a search: the score of the probe with the template it was made from. `alone` is
    entered around each search, so that others who share the index have their turn between two; it ends early once
    `ended` says so. Raises what `GalleryIndex.refresh` does.
    """
    with alone():
        index.refresh()
        ids = np.sort(index.template_ids())
        wanted = [int(each) for each in ids[evenly(len(ids), probes)]]
    chance = np.random.default_rng(_SEED)
    times, lost = list[float](), 0
    for owner, vector, mean in _templates(index, wanted):
        if ended():
            break
        probe = _turned(vector, chance)
        with alone():
            if not index.has(owner):
                continue
            begun = time.perf_counter()
            (hits,) = index.search(probe[np.newaxis], [mean], people=_HITS)
            times.append(time.perf_counter() - begun)
        lost += _is_lost(hits, owner, float(probe.astype(np.float64) @ vector.astype(np.float64)) - mean)
    p95 = float(np.percentile(times, 95)) * 1000 if times else 0.0
    return Measured(index.plan, index.size(), len(index.template_ids()), len(times), lost, p95, index.bytes)


def _templates(index: GalleryIndex, ids: list[int]) -> Iterator[tuple[int, NDArray[np.float32], float]]:
    """Person, vector and cohort mean of each template that is there still."""
    for start in range(0, len(ids), _AT_ONCE):
        found = index.gallery.load(ids[start : start + _AT_ONCE])
        yield from zip(found.people.tolist(), found.vectors, found.cohort_means.tolist(), strict=True)


def _turned(vector: NDArray[np.float32], chance: np.random.Generator) -> NDArray[np.float32]:
    """A unit vector of `LIKENESS` to another one."""
    other = chance.normal(size=len(vector)).astype(np.float32)
    other -= (other @ vector) * vector
    length = float(np.linalg.norm(other))
    turned = LIKENESS * vector + (1 - LIKENESS**2) ** 0.5 * (other / length if length else other)
    return np.asarray(turned, np.float32)


def _is_lost(hits: list[Hit], owner: int, expected: float) -> bool:
    """Whether somebody is not among the hits, nor certainly behind the last of them."""
    found = {hit.person_id: hit.score for hit in hits}
    if owner in found:
        return found[owner] < expected - _EQUAL
    return len(hits) < _HITS or hits[-1].score < expected - _EQUAL
