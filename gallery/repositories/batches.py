"""Many values a statement at a time: SQLite's oldest limit on bound values is 999."""

from collections.abc import Collection, Iterator
from typing import Final, TypeVar

A_BATCH: Final = 500
"""Values that one statement is given."""

Value = TypeVar("Value")


def in_batches(values: Collection[Value]) -> Iterator[list[Value]]:
    """The values in their order, at most `A_BATCH` at a time."""
    ordered = list(values)
    for start in range(0, len(ordered), A_BATCH):
        yield ordered[start : start + A_BATCH]
