"""Inserting, or changing what is there, in one statement: each engine has its own word for it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

_INSERTS: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
)


def inserting(session: Session, table: Any) -> Any:
    """The INSERT of the engine, which has ``on_conflict_do_update`` on both."""
    return _INSERTS[session.get_bind().dialect.name](table)
