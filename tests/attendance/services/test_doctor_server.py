"""Doctor's look at a database server: what it is, what is wrong with it, and what no erasure reaches there."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from attendance import Attendance
from attendance.services.doctor import FINDINGS, Doctor
from attendance.services.doctor_server import SLACK, server_findings
from gallery.values import Server

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
FAR = Server("PostgreSQL 18.4", "as school, at 10.0.0.7 port 5432", local=False, encrypted=True, logs_values=False)
CLOCK = SimpleNamespace(utc=lambda: NOW)


class Stand:
    """A database on a server, as far as doctor looks."""

    def __init__(self, server: Server | None, ahead: timedelta = timedelta()) -> None:
        self._server, self._ahead = server, ahead

    def server(self) -> Server | None:
        return self._server

    def reading(self):
        return nullcontext()

    def server_time(self, _view):
        return NOW + self._ahead

    def beyond_reach(self) -> list[str]:
        return ["its log"]


def test_of_a_file_nothing_is_said():
    """A home in a folder has no server."""
    assert [] == list(server_findings(Stand(None), CLOCK))


@pytest.mark.parametrize(
    ("server", "ahead", "found"),
    [
        (FAR, timedelta(), []),
        (FAR, SLACK, []),
        (FAR, SLACK + timedelta(seconds=1), ["clock.server"]),
        (FAR, -SLACK - timedelta(seconds=1), ["clock.server"]),
        (replace(FAR, encrypted=False), timedelta(), ["server.plain"]),
        (replace(FAR, encrypted=False, local=True), timedelta(), []),
        (replace(FAR, logs_values=True), timedelta(), ["server.logs"]),
    ],
)
def test_each_defect_is_found_alone(server, ahead, found):
    """A clock that differs, plain text over the network, and values in the text log are each told, with a repair."""
    told = list(server_findings(Stand(server, ahead), CLOCK))

    assert [None, *found, None] == [each.id for each in told]
    assert all(each.repair and not each.ok for each in told if each.id)
    assert set(found) <= FINDINGS.keys()


def test_what_no_erasure_reaches_is_told():
    """What the server keeps beside its tables is told as something to know, and no problem."""
    (*_, last) = server_findings(Stand(FAR), CLOCK)

    assert ("its log", True) == (last.detail, last.ok)


def test_doctor_looks_at_the_server(tmp_path, postgres, clock, pipeline):
    """Of a home on a server its version, the way to it, and its write-ahead log are told, and nothing fails."""
    from servers import Homes

    places = Homes(tmp_path, postgres)
    try:
        home = places.new("home")
        clock.now = datetime.now(UTC)
        Attendance.open(home, clock=clock, pipeline=pipeline).close()
        told = [each for each in Doctor(home, clock).examine(full=True) if each.check not in {"versions", "clock"}]
    finally:
        places.close()
    by_check = {each.check: each for each in told}

    assert "PostgreSQL" in by_check["server"].detail
    assert any("pg_wal" in each.detail for each in told if each.check == "erasure")
    assert [] == [(each.id, each.detail) for each in told if not each.ok]
