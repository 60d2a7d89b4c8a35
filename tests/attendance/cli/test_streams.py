"""Standard streams that take nothing, or are not there: one clear line, or the work goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attendance import Attendance

ENTRY = [sys.executable, "-m", "attendance"]
FULL = Path("/dev/full")

needs_full = pytest.mark.skipif(not FULL.exists(), reason="/dev/full is Linux's")


@pytest.fixture
def environment(home) -> dict[str, str]:
    """That of a process with an empty home."""
    Attendance.open(home).close()
    return {**os.environ, "ATTENDANCE_HOME": str(home)}


@needs_full
@pytest.mark.parametrize("arguments", [["--help"], ["gallery", "list"], ["config", "show"], ["gallery", "stats"]])
def test_a_full_disk_behind_stdout(environment, arguments):
    """Where standard output takes nothing any more, one line says so; it is no unforeseen error."""
    with FULL.open("w") as full:
        done = subprocess.run(
            [*ENTRY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False
        )
    assert 1 == done.returncode
    assert done.stderr.splitlines()[-1].startswith("error[output.failed] standard output: No space left on device.")


@needs_full
def test_a_full_disk_behind_stderr(environment):
    """Where messages can no longer be written, the work goes on."""
    with FULL.open("w") as full:
        command = [*ENTRY, "config", "show"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, env=environment, check=False)
    assert (0, "setting,value,origin,meaning") == (done.returncode, done.stdout.splitlines()[0])


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are closed by a shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", ["gallery list", "gallery remove nobody", "config show"])
def test_closed_streams(environment, closed, arguments):
    """Streams closed before the start, as some services do it, are no reason for a traceback."""
    words = f"'{sys.executable}' -m attendance {arguments} {closed}"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, env=environment, check=False)
    assert ("remove" in arguments) == bool(done.returncode)
    assert "Traceback" not in done.stderr
    assert "internal.failed" not in done.stderr
