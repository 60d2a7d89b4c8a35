"""Promises: of all processes at one database one watches a camera, and one that was only paused writes nothing late."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from attendance.access import Actor
from attendance.app import Attendance
from attendance.services import leases
from attendance.services.leases import camera_lease
from gallery import GalleryLocked, open_database

CHILD = Path(__file__).with_name("lease_child.py")
ADMIN = Actor("Ines", frozenset({"admin"}), "web")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this platform has no SIGSTOP"),
]


class Holder:
    """The process of `lease_child.py`."""

    def __init__(self, home, place, zone):
        environment = {**os.environ, "PYTHONPATH": str(CHILD.parents[2]), "TZ": zone}
        self.process = subprocess.Popen(
            [sys.executable, CHILD, str(home), str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout.readline() == "held\n"

    def mark(self, person):
        self.process.stdin.write(f"{person}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def send(self, told):
        self.process.send_signal(told)

    def close(self):
        self.send(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def home_of_two(home):
    """A home with a camera and two people; returns the number of its place."""
    with Attendance.open(home) as app:
        app.vault.prepare()
        for name in ("Ada", "Ben"):
            app.gallery.add_person(name, at=app.clock.utc(), by="test")
        app.session_book.open(app.actor, "door")
        return app.places.add(ADMIN, "Gate", "rtsp://10.0.0.8/live").place.id


@pytest.fixture
def holder(home, home_of_two, noon_zone):
    found = Holder(home, home_of_two, noon_zone)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Leases of one second, as the child has them."""
    monkeypatch.setattr(leases, "LASTS", timedelta(seconds=1))
    monkeypatch.setattr(leases, "RENEWED_S", 0.3)


def taken_within(app, place, seconds):
    """Try to take it over for so long; returns the lease, or None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = app.leases.take(camera_lease(place))
        if found is not None:
            return found
        time.sleep(0.05)
    return None


def pause(home, holder):
    """Stop it between two of its steps: one that is stopped within holds the lock of all writers."""
    while True:
        holder.send(signal.SIGSTOP)
        try:
            with open_database(home, busy_timeout_s=0.3) as store, store.atomic():
                return
        except GalleryLocked:
            holder.send(signal.SIGCONT)
            time.sleep(0.05)


def marked(app):
    return sorted(row.person.name for row in app.report(session="door") if row.status == "present")


def test_one_that_is_paused_writes_nothing_late(home, home_of_two, holder):
    """A process that was stopped while it held a camera records nothing once another has taken over."""
    with Attendance.open(home) as app:
        assert holder.mark("Ada") == "marked"
        assert taken_within(app, home_of_two, 2.0) is None  # it renews by itself
        pause(home, holder)
        assert taken_within(app, home_of_two, 10.0).epoch == 2
        holder.send(signal.SIGCONT)
        assert holder.mark("Ben") == "lost"
        assert marked(app) == ["Ada"]


def test_one_that_is_killed_is_followed(home, home_of_two, holder):
    """When the process that held a camera is killed another has it once the lease is over."""
    with Attendance.open(home) as app:
        holder.send(signal.SIGKILL)
        assert taken_within(app, home_of_two, 10.0).epoch == 2


def test_a_pause_that_nobody_used_loses_nothing(home, holder):
    """A process that was stopped for longer than its lease goes on where nobody has taken over."""
    with Attendance.open(home) as app:
        pause(home, holder)
        time.sleep(1.5)
        holder.send(signal.SIGCONT)
        assert holder.mark("Ben") == "marked"
        assert marked(app) == ["Ben"]
