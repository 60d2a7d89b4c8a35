"""One service for each home."""

import os
import signal
import subprocess
import sys

import pytest

from attendance.errors import OutputFailed
from attendance.service_errors import ServeRunning
from attendance.web.alone import FILE, alone

HOLDS = """import sys, time
from pathlib import Path
from attendance.web.alone import alone
with alone(Path(sys.argv[1])):
    print(flush=True)
    time.sleep(60)
"""


def test_a_second_service_of_a_home_is_refused(tmp_path):
    """It is told which process serves it; another home is served beside it, and this one when the first has ended."""
    (tmp_path / "other").mkdir()
    with alone(tmp_path), alone(tmp_path / "other"):
        with pytest.raises(ServeRunning) as refused, alone(tmp_path):
            pytest.fail("two serve one home")
        assert f"process {os.getpid()}" in str(refused.value)
    with alone(tmp_path):
        pass
    assert 0o600 == (tmp_path / FILE).stat().st_mode & 0o777


def test_a_service_that_was_killed_keeps_nobody_out(tmp_path):
    """Whatever it has left in the home."""
    with subprocess.Popen([sys.executable, "-c", HOLDS, tmp_path], stdout=subprocess.PIPE) as first:
        first.stdout.readline()
        with pytest.raises(ServeRunning), alone(tmp_path):
            pytest.fail("two serve one home")
        first.send_signal(signal.SIGKILL)
    with alone(tmp_path):
        pass


def test_what_cannot_be_locked_is_told(tmp_path):
    """In one line, as every other file that cannot be written."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(OutputFailed, match=FILE), alone(tmp_path):
        pytest.fail("it is served")
