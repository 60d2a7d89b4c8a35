"""Which steps of a run are tried, where to try all of them would take long."""

import random
from collections.abc import Callable

import pytest
from kill_points import spread

POINTS = 8
"""How many steps are tried at least, beside the first and the last."""


@pytest.fixture
def drawn(engine) -> Callable[..., list[int]]:
    """Of so many steps the first, the last, those that are named, and some spread between, others in each run.

    The named ones are changes of files, which are the same on each engine: they are tried beside a database in a file,
    and on a server, where each try takes longer, only if they are drawn. What is drawn depends on the seed of
    pytest-randomly, with which a run can be repeated.
    """

    def steps_of(count: int, named: tuple[int, ...] = ()) -> list[int]:
        assert count >= POINTS, "a run has more steps"
        return spread(count, POINTS + 2, random.getrandbits(16), named if engine == "sqlite" else ())

    return steps_of
