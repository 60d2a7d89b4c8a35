"""The ways to search a gallery, which of them fits how many templates, and what memory and time this computer has.

Both find the very same people with the very same scores: what differs is memory, time, and whether the templates
themselves are read again at each search.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from gallery.ports import Search
from gallery.search.coded import CodedIndex, Opener, multiplies
from gallery.search.index import Index
from gallery.values import Templates

AUTO, EXACT, CODED = "auto", "exact", "exact8"
ON_SERVER: Final = "pgvector"
"""The plan by which the server searches; what does so is `gallery.search.onserver`, loaded where it is wanted alone."""
PLANS: Final = MappingProxyType[str, Callable[[int, Opener], Search]](
    {EXACT: lambda dim, _: Index(dim), CODED: CodedIndex}
)
"""By name, what makes an empty search of a dimension; the opener gives templates by their ids."""
FEW: Final = 20_000
"""So many templates are searched in a millisecond or two, whatever the computer."""
QUICK_MS: Final = 10.0
"""As long as a probe takes no more than this, templates are kept as they are."""
SHARE: Final = 4
"""One part in so many of the memory available is given to templates kept as they are."""
_TRIED: Final = 8192
_TRIES: Final = 5
_CGROUP: Final = Path("/sys/fs/cgroup")


def chosen(templates: int, dim: int) -> str:
    """The plan that `auto` comes to."""
    if templates <= FEW:
        return EXACT
    available = memory_available()
    fits = available is None or templates * (dim + 1) * 4 * SHARE <= available
    return EXACT if fits and templates * milliseconds(dim) <= QUICK_MS else CODED


def empty(wanted: str, templates: int, dim: int, opened: Opener) -> tuple[str, Search]:
    """An empty search of the plan that is wanted, or that fits so many templates, and its name.

    Bytes are for computers on which they are multiplied as they should be; on others templates are kept as they are.
    """
    plan = wanted if wanted in PLANS else chosen(templates, dim)
    if plan == CODED and not multiplies(dim):
        plan = EXACT
    return plan, PLANS[plan](dim, opened)


@cache
def milliseconds(dim: int) -> float:
    """What one template adds to an exact search of one probe on this computer, measured once."""
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(_TRIED, dim)).astype(np.float32)
    numbers = np.arange(_TRIED)
    index = Index(dim)
    index.extend(Templates(numbers, numbers, vectors, np.zeros(_TRIED, np.float32)))
    times = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        index.search(vectors[:1], [0.0])
        times.append(time.perf_counter() - begun)
    return min(times) * 1000 / _TRIED


def memory_available() -> int | None:
    """Bytes that this process may still take without others' being swapped out; None where it cannot be told."""
    told = [each for each in (_by_kernel(), _by_group()) if each is not None]
    return min(told, default=None)


def _by_kernel() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        (line,) = [each for each in lines if each.startswith("MemAvailable:")]
        return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _by_group() -> int | None:
    """What is left to the container, where it has a limit."""
    with suppress(OSError, ValueError):
        limit, used = (int((_CGROUP / f"memory.{name}").read_text(encoding="ascii")) for name in ("max", "current"))
        return max(0, limit - used)
    return None
