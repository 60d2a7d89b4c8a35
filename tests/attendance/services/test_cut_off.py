"""Three sites with a network of their own lose the database for an hour, and all of them come back."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from site_world import state

from attendance import Attendance
from gallery.locations import parsed, point_at, pointer

ROOT = Path(__file__).resolve().parents[3]
CHILD = Path(__file__).parents[1] / "site_child.py"
SITES = ("North", "South", "West")
BEGUN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
FLAGS = {"guard_people": 0, "time_zone": "UTC"}


class Relay:
    """Hands on what comes at an address to the server's socket, until it is cut: then nothing goes through."""

    def __init__(self, host: str, target: str) -> None:
        self.target, self.whole = target, True
        self._socket = socket.create_server((host, 0))
        self.port = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work, *given) -> None:
        self._pumps.append(threading.Thread(target=work, args=given, daemon=True))
        self._pumps[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._socket.accept()
                self._open.append(near)
                if not self.whole:
                    near.shutdown(socket.SHUT_RDWR)
                    continue
                far = socket.socket(socket.AF_UNIX)
                self._open.append(far)
                far.connect(self.target)
                for one, other in ((near, far), (far, near)):
                    self._start(self._pump, one, other)

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self.whole = False
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.whole = True

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for each in self._pumps:
            each.join(10)
        for each in (self._socket, *self._open):
            each.close()


class Wire:
    """A network of one site's own: a namespace with a cable to where the relay listens, pulled out to cut it."""

    def __init__(self, number: int, target: str) -> None:
        self.space, self.cable = f"att{os.getpid()}n{number}", f"att{os.getpid() % 100_000}v{number}"
        near, far = (f"10.213.{number}.{end}" for end in (1, 2))
        _ip("netns", "add", self.space)
        _ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        _ip("addr", "add", f"{near}/24", "dev", self.cable)
        _ip("link", "set", self.cable, "up")
        _ip("-n", self.space, "addr", "add", f"{far}/24", "dev", "eth0")
        _ip("-n", self.space, "link", "set", "eth0", "up")
        self.relay, self.host = Relay(near, target), near

    @property
    def before(self) -> list[str]:
        return ["ip", "netns", "exec", self.space]

    def cut(self) -> None:
        _ip("link", "set", self.cable, "down")

    def mend(self) -> None:
        _ip("link", "set", self.cable, "up")

    def close(self) -> None:
        self.relay.close()
        subprocess.run(["ip", "netns", "del", self.space], check=False, capture_output=True)


class Socket:
    """Where no namespace can be made, a relay on the loopback that is cut."""

    host, before = "127.0.0.1", ()

    def __init__(self, _number: int, target: str) -> None:
        self.relay = Relay(self.host, target)
        self.cut, self.mend, self.close = self.relay.cut, self.relay.mend, self.relay.close


def _ip(*what: str) -> None:
    subprocess.run(["ip", *what], check=True, capture_output=True)


def namespaces_work() -> bool:
    """Whether this account may make a network namespace and a cable into it."""
    if shutil.which("ip") is None:
        return False
    try:
        Wire(250, "").close()
    except (subprocess.CalledProcessError, OSError):
        subprocess.run(["ip", "netns", "del", f"att{os.getpid()}n250"], check=False, capture_output=True)
        return False
    return True


class Computer:
    """A site's process, at the end of its wire."""

    def __init__(self, central: Attendance, folder: Path, site: str, wire) -> None:
        folder.mkdir()
        shutil.copy2(central.home / "key", folder / "key")
        name = urlsplit(pointer(central.home).text).path
        user = urlsplit(pointer(central.home).text).username or "postgres"
        point_at(folder, parsed(f"postgresql://{quote(user)}@{wire.host}:{wire.relay.port}{name}"))
        self.wire, self.site = wire, site
        path = os.pathsep.join([str(ROOT), str(CHILD.parent)])
        self._process = subprocess.Popen(
            [*wire.before, sys.executable, str(CHILD), str(folder), site],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def do(self, at: datetime, what: str, *given: int):
        self._process.stdin.write(json.dumps({"at": at.isoformat(), "do": what, "with": given}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self.wire.close()


@pytest.fixture
def central(postgres, tmp_path, clock, pipeline, draw):
    """A home on the server, with three sites and six people."""
    import servers

    clock.now = BEGUN
    homes = servers.Homes(tmp_path, postgres)
    home = homes.new(filled=True)
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=FLAGS) as opened:
        for number in range(1, 7):
            opened.enroll(draw(f"{number}.png", (number,)), name=f"P {number}", external_id=f"P{number}")
        for site in SITES:
            opened.sites.add(opened.actor, site)
        for number, site in zip((1, 2, 3), SITES, strict=True):
            opened.sites.assign(opened.actor, f"P{number}", [site])
        yield opened
    homes.close()


@pytest.fixture
def computers(central, postgres, tmp_path):
    """Each site's computer, with its slice filled."""
    listens = socket_of(postgres)
    kind = Wire if namespaces_work() else Socket
    made = [Computer(central, tmp_path / site, site, kind(at, listens)) for at, site in enumerate(SITES, 1)]
    assert [{"kept": 0, "refused": 0, "people": 4}] * 3 == [each.do(BEGUN, "settle") for each in made]
    yield made
    for each in made:
        each.close()


def socket_of(postgres) -> str:
    """Where the server listens on this computer."""
    ((folder,),) = postgres.run("SHOW unix_socket_directories")
    ((port,),) = postgres.run("SHOW port")
    found = Path(folder.split(",")[0].strip()) / f".s.PGSQL.{port}"
    if not found.exists():
        pytest.skip("the server of the tests has no socket here that could be relayed")
    return str(found)


def test_an_hour_without_the_database(central, computers, clock, draw):
    """Sites mark on while they are cut off; back in any order, nobody is lost, twice there, or back from erasure."""
    chance = random.Random(1)  # noqa: S311  the same each time
    for each in computers:
        each.wire.cut()
    assert "unreachable" == chance.choice(computers).do(BEGUN, "settle")
    for minute in range(0, 60, 20):
        clock.now = BEGUN + timedelta(minutes=minute)
        for each in computers:
            each.do(clock.now, "check", chance.randint(1, 6), *(4, 5, 6)[: chance.randint(0, 3)])
        clock.forward(minutes=5)
        list(central.check(draw(f"c{minute}.png", (chance.randint(1, 5),))))
    central.people.remove(central.actor, "P6")
    assert all(each.do(clock.now, "waiting") for each in computers)

    clock.now = BEGUN + timedelta(hours=1)
    chance.shuffle(computers)
    for each in computers:
        each.wire.mend()
        assert "unreachable" != each.do(clock.now, "settle")
    assert 0 == sum(each.do(clock.now, "waiting") for each in computers)
    people = [person for _, person, _ in state(central)]
    assert len(set(people)) == len(people), "somebody is there twice"
    assert {"P4", "P5"} <= {each.person.id for each in central.report() if each.status == "present"}
    assert "P6" not in {each.person.id for each in central.report()}
