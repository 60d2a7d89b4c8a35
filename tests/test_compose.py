"""What deploy/compose.yaml says works: its services are started one by one, as processes of this computer."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import pytest
import servers

pytestmark = pytest.mark.slow
DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
SECRETS = {"DATABASE_PASSWORD": "primary's own", "REPLICATION_PASSWORD": "the ' follower's"}
WAIT_S = 90


def _compose() -> dict:
    yaml = pytest.importorskip("yaml")
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{(\w+):-\}", lambda found: SECRETS[found[1]], text))["services"]


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Services:
    """The services of the file as processes, each with a folder in the place of its volume."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.told, self._folder, self._ends = _compose(), folder, ends
        self._bin, self._account = servers.programs(), servers.account()
        self.ports = {name: _free_port() for name in self.told}

    def environment(self, name: str, **more: str) -> dict[str, str]:
        path = f"{self._bin}:{os.environ['PATH']}"
        given = self.told[name].get("environment", {})
        return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", **given, **more}

    def volume(self, name: str) -> Path:
        made = self._folder / name
        if not made.exists():
            made.mkdir(mode=0o700)
            self.hand_over(made)
        return made

    def hand_over(self, path: Path) -> Path:
        """What the account of the server needs is its own: it may not reach or read what is somebody else's."""
        if self._account:
            shutil.chown(path, self._account)
        return path

    def run(self, command: list, env: dict[str, str]) -> None:
        """Something that ends, as the account of the server."""
        done = subprocess.run(
            command, env=env, user=self._account, capture_output=True, text=True, cwd="/", check=False
        )
        assert 0 == done.returncode, done.stderr

    @contextmanager
    def process(self, command: list, env: dict[str, str], log: Path, user: str | None = None, stop=signal.SIGINT):
        with log.open("w") as file:
            started = subprocess.Popen(command, env=env, user=user, stdout=file, stderr=file, cwd="/")
        try:
            yield started
        finally:
            started.send_signal(stop)
            started.wait(30)

    def begin(self, name: str, command: list, env: dict[str, str], **more) -> subprocess.Popen:
        return self._ends.enter_context(self.process(command, env, self._folder / f"{name}.log", **more))

    # Each service

    def database(self) -> subprocess.Popen:
        """As the image of PostgreSQL does it: made with the settings, begun, then the script; then the command."""
        told, data, port = self.told["database"], self.volume("database"), self.ports["database"]
        own = {"PGDATA": str(data), "PGHOST": "127.0.0.1", "PGPORT": str(port)}
        env = self.environment("database", **own, PGPASSWORD=SECRETS["DATABASE_PASSWORD"])
        password = self._folder / "password"
        password.write_text(env["POSTGRES_PASSWORD"])
        self.hand_over(password)
        arguments = env["POSTGRES_INITDB_ARGS"].split()
        self.run(["initdb", f"--username={env['POSTGRES_USER']}", f"--pwfile={password}", *arguments], env)
        begun = self.begin(
            "database", [*told["command"], "-c", f"unix_socket_directories={data}"], env, user=self._account
        )
        self.wait_for_server("database")
        self.run(["createdb", f"--username={env['POSTGRES_USER']}", env["POSTGRES_DB"]], env)
        script = next(each.split(":")[0] for each in told["volumes"] if "initdb.d" in each)
        self.run(["sh", self.copied(script)], env)
        return begun

    def replica(self) -> subprocess.Popen:
        told, data = self.told["replica"], self.volume("replica")
        script = next(each.split(":")[0] for each in told["volumes"] if each.endswith("replica.sh:ro"))
        own = {"PGDATA": str(data), "PRIMARY_HOST": "127.0.0.1", "PRIMARY_PORT": str(self.ports["database"])}
        env = self.environment("replica", **own)
        ours = ["-c", f"port={self.ports['replica']}", "-c", f"unix_socket_directories={data}"]
        begun = self.begin("replica", ["sh", self.copied(script), *told["command"], *ours], env, user=self._account)
        self.wait_for_server("replica")
        return begun

    def worker(self, name: str) -> subprocess.Popen:
        """By the image's command or its own; what differs is where things lie, and no TLS."""
        told, home = self.told[name], self.volume(name)
        address = told["environment"]["ATTENDANCE_HOME"]
        for server in ("database", "replica"):
            address = address.replace(f"{server}:5432", f"127.0.0.1:{self.ports[server]}")
        root = str(DEPLOY.parent)
        own = {
            "ATTENDANCE_FOLDER": str(home),
            "ATTENDANCE_HOME": address,
            "PYTHONPATH": root,
            "PYTHONWARNINGS": "ignore",
        }
        if "command" not in told:
            command = [sys.executable, "-m", "attendance", "serve", "--port", str(self.ports[name])]
        else:
            given = told["command"][-1].replace("$$", "$").replace("/first/", f"{self.volume('worker-1')}/")
            served = f"'{sys.executable}' -m attendance serve --port {self.ports[name]}"
            command = ["sh", "-c", re.sub(r"attendance serve .*", served, given)]
        begun = self.begin(name, command, self.environment(name, **own), stop=signal.SIGTERM)
        self.wait_until(lambda: 200 == self.ask(name, "/ready").status_code, name)
        return begun

    # Asking

    def copied(self, script: str) -> str:
        """Where the server's account may read it."""
        return str(self.hand_over(Path(shutil.copyfile(DEPLOY / script, self._folder / Path(script).name))))

    def ask(self, name: str, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=20)

    def sql(self, name: str, statement: str):
        """What a server answers; asked once more where it ends the connection, as while it changes its part."""
        import psycopg

        given = {"host": "127.0.0.1", "port": self.ports[name], "user": "attendance", "dbname": "attendance"}
        for last in (False, True):
            try:
                with psycopg.connect(**given, password=SECRETS["DATABASE_PASSWORD"], autocommit=True) as connection:
                    return connection.execute(statement).fetchone()[0]
            except psycopg.OperationalError:
                if last:
                    raise
                self.wait_for_server(name)
        return None

    def wait_for_server(self, name: str) -> None:
        ready = ["pg_isready", "--host", "127.0.0.1", "--port", str(self.ports[name])]
        env = self.environment(name)
        self.wait_until(lambda: 0 == subprocess.run(ready, env=env, capture_output=True, check=False).returncode, name)

    def wait_until(self, holds, name: str) -> None:
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            try:
                if holds():
                    return
            except (httpx.HTTPError, OSError):
                pass
            time.sleep(0.2)
        raise AssertionError(f"{name}: {(self._folder / f'{name}.log').read_text()[-3000:]}")


@pytest.fixture
def services():
    with servers.reachable("attendance-compose-") as folder, ExitStack() as ends:
        yield Services(folder, ends)


def test_two_workers_share_a_database_that_is_followed(services):
    """Both are ready and tell their numbers, the replica holds what they wrote, and goes on once it is promoted."""
    primary = services.database()
    services.replica()
    for name in ("worker-1", "worker-2"):
        services.worker(name)
        assert "attendance_ready 1.0" in services.ask(name, "/metrics").text
    entries = services.sql("database", "SELECT count(*) FROM event")
    services.wait_until(lambda: services.sql("replica", "SELECT count(*) FROM event") == entries, "replica")
    assert services.sql("replica", "SELECT pg_is_in_recovery()")

    primary.send_signal(signal.SIGQUIT)
    primary.wait(30)
    assert 503 == services.ask("worker-1", "/ready").status_code
    assert services.sql("replica", "SELECT CASE WHEN pg_is_in_recovery() THEN pg_promote() ELSE true END")
    for name in ("worker-1", "worker-2"):
        services.wait_until(lambda name=name: 200 == services.ask(name, "/ready").status_code, name)


def test_one_computer_needs_no_server():
    """Without a profile there is the one service with its home in a volume, as before."""
    told = _compose()
    assert ["attendance"] == [name for name, each in told.items() if "profiles" not in each]
    assert ["home:/var/lib/attendance/home"] == told["attendance"]["volumes"]
