"""Promises: crowds of processes never double a mark nor lose one, and what was reported survives a kill.

Of the statements at which a run is killed the first is tried, the last, and others that pytest-randomly's seed tells;
that seed tells, too, in which order a crowd does what it does.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CREW = Path(__file__).with_name("marking_crew.py")
PEOPLE = 2
TRIES = 10
"""At how many statements of a run it is killed."""
DECISIONS = 16
"""At how many where one decision comes after the other."""
KILLED = -signal.SIGKILL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the victims are forks, which this platform lacks"),
]


@pytest.fixture
def photos(tmp_path) -> Path:
    """One picture each of two people, for the pipeline without models."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for person in range(1, PEOPLE + 1):
        pixels = np.random.default_rng(person).integers(0, 255, (64, 64, 3), np.uint8)
        pixels[0] = 0
        pixels[0, 0] = (person, 100, 0)
        Image.fromarray(pixels).save(folder / f"{person}.png")
    return folder


@pytest.fixture
def crew(noon_zone) -> Callable[..., dict]:
    """Run the crew; returns what it found. Its day does not end on the way."""
    environment = {**os.environ, "PYTHONPATH": str(CREW.parents[2]), "OMP_NUM_THREADS": "1", "TZ": noon_zone}

    def run(*arguments: object) -> dict:
        done = subprocess.run(
            [sys.executable, CREW, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def drawn() -> int:
    return random.getrandbits(16)


def test_eight_processes_mark_the_same_people(crew, home, photos):
    """Eight processes marking two people at once make two marks, two events, one session."""
    found = crew("crowd", home, photos, drawn())
    expected = {
        "codes": [0] * 8,
        "people": PEOPLE,
        "sessions": 1,
        "opened": 1,
        "marks": PEOPLE,
        "told": PEOPLE,
        "checks": 8,
        "problems": [],
    }
    assert expected == found


@pytest.mark.parametrize("what", ["marks", "enrols"])
def test_killed_at_any_statement(crew, home, photos, what):
    """Killed at any statement or commit, what was reported is there, nothing is half there, a rerun completes."""
    found = crew(what, home, photos, TRIES, drawn())
    assert ([KILLED] * TRIES, [], PEOPLE) == (found["codes"], found["faults"], found["acknowledged"])
    assert found["steps"] > 10 * PEOPLE


def test_decisions_killed_at_any_statement(crew, home, photos):
    """Rules, days off, excuses, approvals, coverage, imports, who left, closed months: each is there whole or not."""
    found = crew("decisions", home, photos, DECISIONS, drawn())
    assert ([KILLED] * DECISIONS, [], 11) == (found["codes"], found["faults"], found["acknowledged"])
    assert found["steps"] > 150


def test_eight_clerks_decide_the_same(crew, home, photos):
    """Eight processes change one rule, approve one excuse, import one list, close one month and mark in it at once."""
    found = crew("clerks", home, photos, drawn())
    expected = {
        "codes": [0] * 8,
        "versions": 9,
        "approvals": [1, 1],
        "months": [1, 1],
        "imported": 20,
        "marks equal events": True,
        "same": True,
        "problems": [],
    }
    assert expected == found
