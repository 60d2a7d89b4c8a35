"""The kept corpus of every fuzz target is tried again, also where atheris is not installed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FUZZ = ROOT / "fuzz"
TARGETS = sorted(path.stem for path in FUZZ.glob("*.py") if path.stem != "begin")


def tried(target: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run a target over files alone, which needs no atheris."""
    words = [sys.executable, str(FUZZ / f"{target}.py"), *map(str, files)]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_is_taken_or_refused(target: str) -> None:
    """Every kept file of a target, an empty one and one of zeros is read, or refused as it should be."""
    if target == "api_bodies":
        pytest.importorskip("fastapi", reason="comes with the extra 'web'")
    if target == "ics":
        pytest.importorskip("icalendar", reason="comes with the extra 'reports'")
    files = sorted((FUZZ / "corpus" / target).iterdir())
    done = tried(target, Path("/dev/null"), *files)
    assert (0, True) == (done.returncode, len(files) > 2), done.stderr


def test_a_target_can_fail(tmp_path: Path) -> None:
    """What a target raises beyond refusals ends its process with an error: here a fault that is put in."""
    broken = tmp_path / "broken.py"
    broken.write_text(
        f"import sys; sys.path.insert(0, {str(FUZZ)!r})\n"
        "from begin import fuzz\n"
        "def target(data):\n    raise KeyError(data[:1])\n"
        "fuzz('broken', lambda: target, [])\n"
    )
    done = subprocess.run(
        [sys.executable, broken, FUZZ / "corpus" / "photo" / "a.bmp"], capture_output=True, text=True, check=False
    )
    assert (1, True) == (done.returncode, "KeyError" in done.stderr)


def test_every_target_is_run_by_make() -> None:
    """`make fuzz` runs each target there is."""
    (line,) = re.findall(r"^FUZZ\s*:=\s*(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert TARGETS == sorted(line.split())
