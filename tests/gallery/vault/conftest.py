"""Which steps of a run are tried, where to try all of them would take long."""

import random
from collections.abc import Callable

import pytest

POINTS = 8
"""How many steps are tried at least, beside the first and the last."""


@pytest.fixture
def drawn() -> Callable[..., list[int]]:
    """Of so many steps the first, the last, those that are named, and some spread between, others in each run.

    They are drawn by the seed of pytest-randomly, with which a run can be repeated.
    """

    def steps_of(count: int, named: tuple[int, ...] = ()) -> list[int]:
        assert count >= POINTS, "a run has more steps"
        begin = random.random()  # noqa: S311
        spread = {1 + int((number + begin) * count / POINTS) for number in range(POINTS)}
        return sorted({1, count, *named, *spread})

    return steps_of
