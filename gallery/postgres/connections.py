"""Connections to a PostgreSQL server, all set up alike.

Those who write have connections of their own: whoever reads and then writes within its view would otherwise wait for
one that another such reader holds, and both for ever.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, create_engine

from gallery.errors import AddressInvalid, ServerUnfit
from gallery.locations import Address

if TYPE_CHECKING:
    import psycopg

READING: Final[Mapping[str, Any]] = MappingProxyType(
    {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
)
"""One view, from the first statement on."""
WRITING: Final = "READ COMMITTED"
"""With the lock of the writers held nothing changes between statements; a view from before it would be old."""
OLDEST: Final = 150_000
"""The oldest server whose makers still mend it, as libpq counts versions."""
CONNECT_S: Final = 5
STATEMENT_S: Final = 120
IDLE_S: Final = 600
BEYOND: Final = 3
"""How many times the connections that an engine keeps it may have more of, while all are in use."""
HOLDING_S: Final = 10
"""So long a writer may be silent within a step: all others wait for it, and it may be paused or gone for good."""
_KEPT: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "connect_timeout": CONNECT_S,
        "client_encoding": "UTF8",
        "application_name": "attendance",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
)
"""What an address may say otherwise; by the last four either side notices within seconds that the other is gone."""
_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "timezone": "UTC",
        "datestyle": "ISO",
        "jit": "off",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "10s",
        "statement_timeout": f"{STATEMENT_S}s",
    }
)


def connect(address: Address, *, busy_timeout_s: float, writing: bool, anywhere: bool = False) -> "psycopg.Connection":
    """A connection with time limits, to the server that is written to of several.

    ``anywhere`` takes whichever of them answers first, a follower too. Raises AddressInvalid, ServerUnfit.
    """
    import psycopg

    from gallery.postgres.sending import WriterConnection

    given = _given(address)
    more = {name: value for name, value in _KEPT.items() if name not in given}
    if not anywhere and "," in str(given.get("host") or given.get("hostaddr") or ""):
        more.setdefault("target_session_attrs", given.get("target_session_attrs") or "read-write")
    options = _options(given, busy_timeout_s, writing=writing)
    made: psycopg.Connection[Any]
    if writing:
        made = WriterConnection.connect(address.text, prepare_threshold=None, **more, options=options)
    else:
        made = psycopg.connect(address.text, **more, options=options)
    try:
        _refuse_unfit(made, address.shown)
        if writing:
            _keep_what_is_told(made)
    except BaseException:
        made.close()
        raise
    return made


def _given(address: Address) -> dict[str, Any]:
    """What the address says, as libpq reads it; its own words may quote a part of a password, and are left out."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        given: dict[str, Any] = conninfo_to_dict(address.text)
        int(given.get("connect_timeout", 0))
    except (ProgrammingError, ValueError):
        raise AddressInvalid(address.shown, "PostgreSQL's own library does not know what stands behind ?") from None
    return given


def _options(given: Mapping[str, Any], busy_timeout_s: float, *, writing: bool) -> str:
    told = dict(_TOLD)
    told["lock_timeout"] = f"{max(1, round(busy_timeout_s * 1000))}ms"  # none at all is told by 0
    told["idle_in_transaction_session_timeout"] = f"{HOLDING_S if writing else IDLE_S}s"
    ours = " ".join(f"-c {name}={value}" for name, value in told.items())
    return f"{ours} {given.get('options') or ''}".strip()


def _refuse_unfit(made: "psycopg.Connection", where: str) -> None:
    if made.info.server_version < OLDEST:
        found = made.info.parameter_status("server_version")
        raise ServerUnfit(where, f"the server is PostgreSQL {found}, older than {OLDEST // 10_000}")
    encoding = made.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ServerUnfit(where, f"the database keeps text in {encoding}, not in UTF8")


def _keep_what_is_told(made: "psycopg.Connection") -> None:
    """What a step has answered for is on the server's disk, even where the server would rather answer sooner."""
    made.autocommit = True
    made.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    made.autocommit = False


def make_engine(
    address: Address, *, busy_timeout_s: float, writing: bool = True, anywhere: bool = False, kept: int = 2
) -> Engine:
    """An engine that keeps so many connections; no message of it tells what a statement was given."""
    return create_engine(
        "postgresql+psycopg://", hide_parameters=True, isolation_level=WRITING,
        pool_size=kept, max_overflow=kept * BEYOND, pool_use_lifo=True,
        creator=lambda: connect(address, busy_timeout_s=busy_timeout_s, writing=writing, anywhere=anywhere),
        pool_timeout=busy_timeout_s, pool_pre_ping=not writing,  # a step begins anew by itself, see `PostgresStore`
    )  # fmt: skip
