"""Doctor's look at the server that a database is on: what it is, how it is reached, and what it keeps by itself."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from attendance.services.doctor_finding import Finding

if TYPE_CHECKING:
    from attendance.clock import Clock
    from gallery.ports import Database

SLACK: Final = timedelta(seconds=30)
"""Leases and what sites deliver are told by the server's clock, marks by that of the computer that saw somebody."""


def server_findings(store: "Database", clock: "Clock") -> Iterator[Finding]:
    """What is worth knowing of the server, and what is wrong with it; nothing where the database is a file."""
    server = store.server()
    if server is None:
        return
    yield Finding(
        "server", f"{server.version}, {'encrypted' if server.encrypted else 'not encrypted'}, {server.reached}"
    )
    if not server.encrypted and not server.local:
        detail = "names and marks go to the server as plain text"
        repair = "add ?sslmode=verify-full to the address of the database"
        yield Finding("server", detail, "server.plain", repair, 1)
    if server.logs_values:
        detail = "the server writes what statements are given to its text log, names too; no erasure reaches that"
        repair = "ALTER SYSTEM SET log_parameter_max_length = 0; SELECT pg_reload_conf()"
        yield Finding("server", detail, "server.logs", repair, 1)
    yield from _time(store, clock)
    for told in store.beyond_reach():
        yield Finding("erasure", told)


def _time(store: "Database", clock: "Clock") -> Iterator[Finding]:
    with store.reading() as view:
        theirs, ours = store.server_time(view), clock.utc()
    if theirs is not None and abs(theirs - ours) > SLACK:
        way = "ahead of" if theirs > ours else "behind"
        detail = f"the clock of the server is {abs((theirs - ours).total_seconds()):.0f} s {way} this computer's"
        yield Finding("clock", detail, "clock.server", "sudo timedatectl set-ntp true, on both computers", 1)
