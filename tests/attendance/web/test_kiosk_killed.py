"""A service that is killed while a kiosk sends: what was acknowledged is there, and what was not comes again."""

import base64
import re
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from kiosk_world import Page

from attendance import Attendance
from attendance.access import Actor
from attendance.clock import SystemClock

CLERK = Actor("clerk")
PEOPLE = 120


class Remote(Page):
    """The page of a kiosk whose service runs in a process of its own, at ``url``."""

    def __init__(self, token, secret: str, url: str) -> None:
        super().__init__(None, token, SystemClock())
        self.cookies = {"kiosk": secret}
        self.asking = None
        self.reach(url)

    def reach(self, url: str) -> None:
        """Ask another process from now on."""
        self.leave()
        self.asking = httpx.Client(
            base_url=url, cookies=self.cookies, headers={"Accept": "application/json"}, timeout=60
        )

    def leave(self) -> None:
        """Ask nobody any more."""
        if self.asking is not None:
            self.asking.close()

    def ask(self) -> None:
        """Speak to the service, and have it know the key."""
        self.facts = self.asking.get("/kiosk/state").raise_for_status().json() | {"ticket_claimed": self.claimed}
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        told = {"public_key": base64.b64encode(public).decode()}
        self.asking.post("/kiosk/key", json=told).raise_for_status()

    def send(self, *posted) -> list[dict]:
        """Send what is kept; the answers."""
        entries = [{"body": each.body, "signature": each.signature} for each in posted]
        told = {"page": self.page, "seconds": self.seconds, "entries": entries}
        return self.asking.post("/kiosk/entries", json=told).raise_for_status().json()["answers"]


@contextmanager
def serving(home):
    """The service in a process of its own: its address, and the process."""
    command = [sys.executable, "-m", "attendance", "serve", "--port", "0", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found[0], process
                return
        pytest.fail("the service did not begin")
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def ready(home, noon):  # noqa: ARG001 - a day that does not end meanwhile
    """A home of 120 people with badges and a kiosk; the kiosk's token and its secret."""
    with Attendance.open(home) as app, app.store.atomic():
        app.places.add(CLERK, "Hall", kind="kiosk")
        for number in range(PEOPLE):
            app.gallery.add_person(f"Person {number}", external_id=f"P{number}", at=app.clock.utc(), by="clerk")
            app.credentials.give_badge(CLERK, f"P{number}", f"badge {number}")
        return app.tokens.add_kiosk(CLERK, "Hall")


def sent(page, kept, answered, killer) -> None:
    """Send two at a time, as long as the service lives."""
    for first in range(0, len(kept), 2):
        answered |= {told["counter"]: told for told in page.send(*kept[first : first + 2])}
        if first == 40:
            killer.start()


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill_and_nothing_is_marked_twice(home, ready):
    """Killed amid its answers; the kiosk sends again what was not answered, and each is there once."""
    answered: dict[int, dict] = {}
    with serving(home) as (url, process):
        page = Remote(ready.token, ready.secret, url)
        page.ask()
        kept = [page.entry("badge", f"badge {number}") for number in range(PEOPLE)]
        killer = threading.Timer(0.05, process.kill)
        with pytest.raises(httpx.TransportError):
            sent(page, kept, answered, killer)
        killer.join()
    with Attendance.open(home) as app:
        session = app.sessions.known(app.sessions.of_day(app.clock.utc()).name)
        there = {each.id for each in app.marks.of_session(session.id)}
    assert {told["mark"] for told in answered.values()} <= there
    with serving(home) as (url, _process):
        page.reach(url)
        again = {
            told["counter"]: told for first in range(0, PEOPLE, 50) for told in page.send(*kept[first : first + 50])
        }
        page.leave()
    assert {"present"} == {told["state"] for told in again.values()}
    assert {counter: told["mark"] for counter, told in answered.items()} == {c: again[c]["mark"] for c in answered}
    with Attendance.open(home) as app:
        assert (PEOPLE, set()) == (
            len(app.marks.of_session(session.id)),
            there - {told["mark"] for told in again.values()},
        )
