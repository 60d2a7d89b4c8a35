"""The server's end: streams are told, what is under way is answered, and nothing keeps it longer than five seconds."""

import contextlib
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.service_errors import ServePort
from attendance.web import addresses

CHILD = Path(__file__).with_name("serving_child.py")
LONGEST_S = 20
"""What a loaded computer may take beyond the five seconds in which the service promises to be gone."""


@pytest.fixture
def child(home):
    """Start services of a home: ``child()`` is a process and its address."""
    running = []

    def start() -> tuple[subprocess.Popen, str]:
        process = subprocess.Popen(
            [sys.executable, CHILD, home], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen) -> tuple[int, str]:
    """Exit code and what it said on standard error."""
    _, said = process.communicate(timeout=LONGEST_S)
    return process.returncode, said


@pytest.mark.parametrize(("told", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_ends_when_it_is_told(child, told, code):
    """Asked to by 0, interrupted by 130; it says nothing of itself."""
    process, url = child()
    assert {"state": "alive"} == httpx.get(f"{url}/alive").json()
    process.send_signal(told)
    assert (code, "") == ended(process)


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="the system does not tell limits of a process")
def test_a_breakdown_leaves_no_core(child):
    """What the service holds in memory, its key too, is never written to the disk by the system."""
    process, _ = child()
    limits = Path(f"/proc/{process.pid}/limits").read_text(encoding="ascii")
    (core,) = [each.split()[4:6] for each in limits.splitlines() if each.startswith("Max core file size")]

    assert ["0", "0"] == core


def test_streams_end_in_good_order(child):
    """They are not cut off, and do not keep the service."""
    process, url = child()
    with httpx.stream("GET", f"{url}/test/stream", timeout=LONGEST_S) as answer:
        lines = answer.iter_lines()
        assert "data: still there" == next(lines)
        process.send_signal(signal.SIGTERM)
        assert "data: good-bye" == [each for each in lines if each][-1]
    assert (0, "") == ended(process)


def test_what_is_under_way_is_answered(child):
    """A mark that is being made is made, and told."""
    process, url = child()
    told = []
    asking = threading.Thread(target=lambda: told.append(httpx.get(f"{url}/test/slow", timeout=LONGEST_S).text))
    asking.start()
    _until_busy(url)
    process.send_signal(signal.SIGTERM)
    asking.join(LONGEST_S)
    assert ['"done"'] == told
    assert 0 == ended(process)[0]


def _until_busy(url: str) -> None:
    """The request sent before this one is surely there when this one is answered."""
    for _ in range(3):
        httpx.get(f"{url}/alive")


def test_what_is_stuck_does_not_keep_it(child):
    """It is gone all the same."""
    process, url = child()
    asking = threading.Thread(target=_ask_in_vain, args=(f"{url}/test/stuck",))
    asking.start()
    _until_busy(url)
    process.send_signal(signal.SIGTERM)
    assert 0 == ended(process)[0]
    asking.join(LONGEST_S)


def _ask_in_vain(url: str) -> None:
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(url, timeout=LONGEST_S)


def test_who_is_signed_in_stays_so_when_it_was_killed(child, home):
    """What was answered is on the disk; so are the tries that were in vain."""
    with Attendance.open(home) as app:
        app.accounts.add(Actor("tests"), "Ada", "correct horse battery", "admin")
    process, url = child()
    fields = {"name": "Ada", "password": "correct horse battery"}
    cookies = dict(httpx.post(f"{url}/sign-in", data=fields).cookies)
    for _ in range(11):
        httpx.post(f"{url}/sign-in", data={**fields, "password": "wrong wrong wrong"})
    process.kill()
    process.wait()
    _again, url = child()
    assert 200 == httpx.get(f"{url}/account", cookies=cookies).status_code
    assert 429 == httpx.post(f"{url}/sign-in", data=fields).status_code


def test_a_port_that_is_taken_is_refused():
    """With its own error, before anything else is done."""
    with addresses.bound("127.0.0.1", 0) as taken, pytest.raises(ServePort, match="cannot listen"):
        addresses.bound("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(ServePort):
        addresses.bound("no.such.host.invalid", 0)
