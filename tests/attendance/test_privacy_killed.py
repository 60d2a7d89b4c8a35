"""An erasure or a purge killed at any statement: it has not begun, or it is complete after the next opening.

Of the statements that write twelve are tried: the first, the last, and others that the seed of pytest-randomly tells.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("privacy_child.py")
TRIES = 12
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture
def runs(tmp_path):
    """What was found after each of the runs, the last of which got through."""

    def all_runs(what: str) -> list[dict]:
        folder = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else tmp_path  # noqa: S108  a kill is no power cut
        folder /= f"attendance-{os.getpid()}-{what}"
        folder.mkdir()
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, str(CHILD), what, str(folder), str(TRIES), str(random.getrandbits(16))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=900)
        finally:
            subprocess.run(["rm", "-rf", str(folder)], check=True)
        assert (0, "") == (done.returncode, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return all_runs


def whole(found: list[dict]) -> None:
    """All were killed but the last, and each home is sound, with a log that is whole."""
    assert TRIES + 1 == len(found)
    assert [True] * (len(found) - 1) + [False] == [run["killed"] for run in found]
    assert {("ok", (), True)} == {(run["integrity"], tuple(run["problems"]), run["log"]) for run in found}


@pytest.mark.slow
def test_an_erasure_survives_kill_at_any_statement(runs):
    """The person is there with all of theirs, or no byte of them is; no receipt is there before all is done."""
    found = runs("erase")
    whole(found)
    for run in found:
        here = len(run["people"]) == 2
        assert {(True, 0, 6, True), (False, 1, 3, False)} >= {
            (here, run["removals"], run["counts"]["marks"], run["bytes"])
        }, run
        assert not (here and (run["proof"] or run["proofs"])), run
        assert not (run["proof"] and not run["proofs"]), run
    assert (["Bob"], 1, True) == (found[-1]["people"], found[-1]["proofs"], found[-1]["proof"])


@pytest.mark.slow
def test_a_purge_survives_kill_at_any_statement(runs):
    """What has gone is what the receipts in the log count, and the next run takes the rest."""
    found = runs("purge")
    whole(found)
    before = found[0]["counts"]
    for run in found:
        for kind in ("marks", "sightings", "sessions"):
            told = sum(each.get(kind, 0) for each in run["receipts"])
            assert before[kind] - run["counts"][kind] == told, run
            assert run["counts"][kind] == run["again"].get(kind, 0), run
    assert (0, {}) == (found[-1]["counts"]["marks"], found[-1]["again"])
