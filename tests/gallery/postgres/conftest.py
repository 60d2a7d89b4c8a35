"""Servers that a test may kill, stop and promote; each is made for the test alone."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import servers

from gallery.locations import parsed, point_at

SETTINGS = """
listen_addresses = '127.0.0.1'
shared_buffers = 16MB
max_connections = 30
superuser_reserved_connections = 2
reserved_connections = 0
autovacuum = off
log_min_messages = fatal
"""


class Cluster:
    """A PostgreSQL server of its own on this computer's loopback, in a folder that goes with it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder, self.data = programs, folder, folder / "data"
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]

    def address(self, name: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.programs / program, *arguments], check=True, user=servers.account(), cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip

    def begin(self, settings: str = "") -> None:
        self.run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "-U", "postgres", "-D", str(self.data))
        self.set(SETTINGS + settings)
        self.start()

    def set(self, settings: str) -> None:
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"{settings}\nport = {self.port}\nunix_socket_directories = '{self.folder}'\n")

    def start(self) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-w", "-m", mode, "-D", str(self.data), "stop")

    def restart(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.data), "-l", str(self.folder / "log"), "restart")

    def follow(self, other: "Cluster") -> None:
        """Begin as a copy of another one that follows it; what the other answers for is here, too."""
        self.run(
            "pg_basebackup", "-R", "-c", "fast", "-D", str(self.data), "-d", f"{other.address()}?application_name=f"
        )
        self.set("hot_standby = on")
        self.start()

    def promote(self) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.data), "promote")

    def sql(self, statement: str, name: str = "postgres") -> list[tuple]:
        import psycopg

        with psycopg.connect(self.address(name), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def kill_a_backend(self) -> None:
        """Kill what serves one of the gallery's connections, as if it had crashed."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'attendance' ORDER BY query_start DESC"
        for (pid,) in self.sql(query)[:1]:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def cluster_at() -> Iterator[Callable[..., Cluster]]:
    """Makes servers: ``cluster_at("first")`` is not begun yet; skips where the programs are not installed."""
    pytest.importorskip("psycopg")
    programs, account = servers.programs("pginstall"), servers.account()
    made: list[Cluster] = []
    with servers.reachable("attendance-pg-") as folder:

        def make(name: str) -> Cluster:
            own = folder / name
            own.mkdir()
            if account:
                shutil.chown(own, account)
            made.append(Cluster(programs, own))
            return made[-1]

        yield make
        for each in made:
            if (each.data / "postmaster.pid").exists():
                each.stop()


@pytest.fixture
def cluster(cluster_at) -> Cluster:
    """A server that is running."""
    found = cluster_at("server")
    found.begin()
    return found


@pytest.fixture
def folder_of(tmp_path) -> Callable[..., Path]:
    """The folder of a home that names this address."""

    def make(address: str, name: str = "home") -> Path:
        point_at(tmp_path / name, parsed(address))
        return tmp_path / name

    return make
