"""What a server is, and what it keeps beside its tables, which no statement overwrites: said in words, not hidden."""

from ipaddress import ip_address

from sqlalchemy import text
from sqlalchemy.orm import Session

from gallery.values import Server

_SERVER = text(
    "SELECT current_setting('server_version'), current_user, host(inet_server_addr()), inet_server_port(), "
    "(SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), pg_is_in_recovery()"
)
_SETTING = text("SELECT current_setting(:name, true)")
_FOLLOWERS = text("SELECT count(*) FROM pg_stat_replication")
_SLOTS = text("SELECT count(*) FROM pg_replication_slots WHERE NOT active")


def server(session: Session) -> Server:
    """Which server it is, and how this connection reaches it."""
    version, user, address, port, encrypted, standby = session.execute(_SERVER).one()
    told = [f"as {user}", "by a socket of this computer" if address is None else f"at {address} port {port}"]
    if standby:
        told.append("a follower, which may be read only")
    local = address is None or ip_address(address).is_loopback
    return Server(
        f"PostgreSQL {version}", ", ".join(told), local, encrypted=bool(encrypted), logs_values=logs_values(session)
    )


def beyond(session: Session) -> list[str]:
    """What may still hold bytes of somebody removed, and until when."""
    told = ["the server's write-ahead log (pg_wal) holds what was removed until the server uses its files again"]
    if _setting(session, "archive_mode") not in {"off", ""}:
        told.append(
            "the server keeps its write-ahead log in an archive: what was removed stays there until it is let go"
        )
    followers = session.scalar(_FOLLOWERS) or 0
    if followers:
        told.append(
            f"{_counted(followers, 'follower', 'followers')} of the server will remove the same, as the log does"
        )
    waiting = session.scalar(_SLOTS) or 0
    if waiting:
        told.append(
            f"{_counted(waiting, 'replication slot', 'replication slots')} of the server that nobody follows: what was "
            "removed stays in the log until each is used or dropped"
        )
    told.append("copies that the server's own tools have made (pg_dump, base backups, snapshots) are not known here")
    return told


def logs_values(session: Session) -> bool:
    """Whether the server writes into its text log what statements are given, names of people too."""
    if _setting(session, "log_parameter_max_length") == "0":
        return False
    statements = _setting(session, "log_statement") in {"mod", "all"}
    durations = ("log_min_duration_statement", "log_min_duration_sample")
    return statements or any(_setting(session, name) not in {"-1", ""} for name in durations)


def _setting(session: Session, name: str) -> str:
    return str(session.scalar(_SETTING, {"name": name}) or "")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
