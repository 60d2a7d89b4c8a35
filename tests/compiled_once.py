"""Statements that are compiled once in the process of the tests, where each home would have all of them compiled again.

A program has one engine, which keeps what it compiled; tests open a home each. Here all engines keep their statements
in one place; and whatever speaks to one database counts as one dialect, by which SQLAlchemy tells statements apart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from gallery.postgres import connections as on_a_server
from gallery.sqlite import connections as in_a_file

ENOUGH = 5000
"""More statements than the gallery has."""


def _alike(one: DefaultDialect, other: object) -> bool:
    return type(one) is type(other)


def _number(dialect: DefaultDialect) -> int:
    return hash(type(dialect))


def _engine(kept: LRUCache[Any, Any], *given: Any, **named: Any) -> Engine:
    made = create_engine(*given, **named)
    made.update_execution_options(compiled_cache=kept)
    return made


@contextmanager
def compiled_once() -> Iterator[None]:
    """Have every engine of the gallery that is made from now on use what another one has compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "__eq__", _alike)
        patch.setattr(DefaultDialect, "__hash__", _number)
        for each in (in_a_file, on_a_server):
            patch.setattr(each, "create_engine", partial(_engine, LRUCache(ENOUGH)))
        yield
