"""A process killed at any statement: what it acknowledged is there, and nothing is half there.

Each test tries some of the statements: the first, the last, and others that the seed of pytest-randomly tells.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("crash_child.py")
TRIES = {"sqlite": 12, "postgresql": 8}
"""How many: with a server each takes longer."""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture
def folder(tmp_path):
    """In memory where there is such a place: a kill, unlike a power cut, does not ask what reached the disk."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


@pytest.fixture
def runs(engine, homes, folder) -> Callable[[str], list[dict]]:
    """What became of runs killed at one step after the other."""

    def run(what: str) -> list[dict]:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}
        told = (what, homes.new(), folder, TRIES[engine], random.getrandbits(16))
        command = [sys.executable, str(CHILD), *map(str, told)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)
        assert (0, "") == (result.returncode, result.stderr)
        found = [json.loads(line) for line in result.stdout.splitlines()]
        assert TRIES[engine] + 1 == len(found)
        return found

    return run


def test_a_first_start_survives_kill_at_any_statement(runs):
    """Killed at any statement of making a home: the next start finds a whole home or makes one."""
    died = runs("start")

    assert [True] * (len(died) - 1) + [False] == [run["killed"] for run in died]
    assert {(True, 0)} == {(run.get("sound"), run.get("rows")) for run in died}
    assert {()} == {tuple(problem for problem in run["problems"] if problem != "gallery.leftover") for run in died}


def test_a_bulk_enrolment_survives_kill_at_any_statement(runs):
    """Killed at any statement of an enrolment: acknowledged people are there, each with template and crop."""
    died = runs("enrol")

    assert [True] * (len(died) - 1) + [False] == [run["killed"] for run in died]
    for run in died:
        assert (True, []) == (run.get("sound"), run.get("problems")), run
        assert set(run["acknowledged"]) <= set(run["people"]), run
        assert len(run["people"]) <= len(run["acknowledged"]) + 1, run
        assert ([1] * len(run["people"]), [["g"]] * len(run["people"])) == (run["whole"], run["groups"]), run
        assert {len(run["people"])} == {run["rows"], run["crops"], run["enrolments"]}, run
    assert [1, 2] == died[-1]["acknowledged"] == died[-1]["people"]
    assert {(), (1,), (1, 2)} == {tuple(run["acknowledged"]) for run in died}


def test_a_marking_run_survives_kill_at_any_statement(runs):
    """Killed at any statement of marking: marks equal events, news and deliveries; no acknowledged one is lost."""
    died = runs("mark")

    assert [True] * (len(died) - 1) + [False] == [run["killed"] for run in died]
    for run in died:
        assert (True, []) == (run.get("sound"), run.get("problems")), run
        assert set(run["acknowledged"]) <= set(run["marked"]), run
        assert len(run["marked"]) == len(set(run["marked"])) == run["mark_events"], run
        assert run["marked"] == run["told"] == run["due"], run
        assert len(run["marked"]) <= len(run["acknowledged"]) + 1, run
    assert [1, 2, 3] == died[-1]["acknowledged"] == died[-1]["marked"]
