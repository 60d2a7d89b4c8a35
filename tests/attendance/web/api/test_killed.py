"""The service is killed while programs mark: what it has acknowledged is there, and nothing is there twice."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from attendance import Attendance
from attendance.access import Actor

PEOPLE, ASKED, KILLED_AFTER = 24, 120, 40


class Service:
    """`attendance serve` in a process of its own, on a free port; what it says goes to a file."""

    def __init__(self, home, said) -> None:
        command = [sys.executable, "-m", "attendance", "serve", "--port", "0", "--home", str(home)]
        with said.open("w") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        self.url = self._url(said)

    def _url(self, said) -> str:
        for _ in range(600):
            found = re.search(r"http://127\.0\.0\.1:\d+", said.read_text())
            if found:
                return found[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail(f"the service did not begin: {said.read_text()}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def served(home, tmp_path):
    """Begin the service over the home: ``served()``; at the end all are killed."""
    begun = []

    def begin() -> Service:
        begun.append(Service(home, tmp_path / f"said {len(begun)}"))
        return begun[-1]

    yield begin
    for each in begun:
        if each.process.poll() is None:
            each.kill()


@pytest.fixture
def secret(home, noon_zone) -> str:
    """The token of a program, in a home with people."""
    with Attendance.open(home, zone=noon_zone) as app:
        for number in range(PEOPLE):
            app.edits.add(Actor("tests"), f"Person {number}", external_id=f"P{number}")
        return app.tokens.add(Actor("tests"), "HR", ["marks:write", "marks:read"]).secret


def marks_of(home) -> list:
    with Attendance.open(home, read_only=True) as app:
        return [each for session in app.session_book.all() for each in app.session_book.marks(session.session.name)]


def a_connection_each() -> httpx.Client:
    """A client whose every request has a connection of its own, and all of them what is known of certificates."""
    return httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(served, secret, home):
    """Killed during 120 marks, every acknowledged mark is there; asked again under their keys none is made twice."""
    bearer = {"Authorization": f"Bearer {secret}"}
    requests = [(f"key-{number}", {"person": f"P{number % PEOPLE}", "note": str(number)}) for number in range(ASKED)]
    told: dict[str, tuple[int, bytes]] = {}
    service, client = served(), a_connection_each()

    def ask(url: str, key: str, body: dict, answers: dict) -> None:
        try:
            headers = {**bearer, "Idempotency-Key": key}
            found = client.post(f"{url}/api/v1/marks", json=body, headers=headers)
        except httpx.HTTPError:
            return
        answers[key] = (found.status_code, found.content)
        if answers is told and len(answers) >= KILLED_AFTER and service.process.poll() is None:
            os.kill(service.process.pid, signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        for key, body in requests:
            pool.submit(ask, service.url, key, body, told)
    assert service.process.wait(10) == -signal.SIGKILL
    assert KILLED_AFTER <= len(told) < ASKED
    assert {200, 201} == {status for status, _ in told.values()}

    kept = {each.mark.id for each in marks_of(home)}
    assert {re.search(rb'"id": "(\w+)"', body)[1].decode() for _, body in told.values()} <= kept

    service, again = served(), {}
    with ThreadPoolExecutor(8) as pool:
        for key, body in requests:
            pool.submit(ask, service.url, key, body, again)
    service.kill()
    client.close()

    assert ASKED == len(again)
    assert told == {key: again[key] for key in told}
    made = [each.person.external_id for each in marks_of(home) if each.mark.valid]
    assert sorted(f"P{number}" for number in range(PEOPLE)) == sorted(made)
