"""Connections to a PostgreSQL server, all set up alike."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Engine, create_engine

from gallery.locations import Address

READING: Final[Mapping[str, Any]] = MappingProxyType(
    {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
)
"""One view, from the first statement on."""
WRITING: Final[Mapping[str, Any]] = MappingProxyType({"isolation_level": "READ COMMITTED"})
"""With the lock of the writers held nothing changes between statements; a view from before it would be old."""
CONNECT_S: Final = 5
STATEMENT_S: Final = 120
POOL: Final = 10


def make_engine(address: Address, *, busy_timeout_s: float) -> Engine:
    """An engine whose connections have time limits; no message of it tells what a statement was given."""
    told = {
        "application_name": "attendance",
        # none at all is told by 0
        "lock_timeout": f"{max(1, round(busy_timeout_s * 1000))}ms",
        "statement_timeout": f"{STATEMENT_S}s",
        "idle_in_transaction_session_timeout": "600s",
        "timezone": "UTC",
    }
    options = " ".join(f"-c {name}={value}" for name, value in told.items())

    def connect() -> Any:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        given = str(conninfo_to_dict(address.text).get("options") or "")
        return psycopg.connect(address.text, connect_timeout=CONNECT_S, options=f"{options} {given}".strip())

    return create_engine(
        "postgresql+psycopg://", hide_parameters=True, creator=connect, pool_size=POOL, max_overflow=POOL,
        pool_timeout=busy_timeout_s, pool_pre_ping=True,
    )  # fmt: skip
