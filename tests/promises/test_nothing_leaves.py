"""Nothing leaves the machine, and nothing is left outside the home: no library reports to its vendor."""

import ast
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BARRED = Path(__file__).with_name("barred.py")
REPORTING = {"onnxruntime", "openvino", "openvino_telemetry"}
LATEST_CALL_S = 12  # a process that was not opted out looks up its vendor after 5 to 8 seconds

CHECK = f"""
import sys, time
from attendance import Attendance
with Attendance.open() as app:
    app.enroll(sys.argv[1], name="Eileen")
    print([decision.decision for decision in app.check(sys.argv[1])])
    time.sleep({LATEST_CALL_S})
"""


TIMETABLE = """
import sys
from datetime import date
from pathlib import Path

from attendance import Attendance
from attendance.cli import run
from attendance.timetable.ruleparts import Parts

here = Path(sys.argv[1])
with Attendance.open() as app:
    app.gallery.add_person("Ada", external_id="A", at=app.clock.utc(), by="x")
    lesson = Parts(rrule="FREQ=DAILY", begins="08:00", ends="08:45")
    app.timetables.add(app.actor, "Maths", lesson, first=date(2026, 3, 1))
(here / "in.ics").write_text(sys.argv[2])
(here / "marks.csv").write_text("person,at\\nA,2026-03-02 08:01\\n")
days = ("--from", "2026-03-01", "--to", "2026-03-06")
reports = [["report", *days, "-o", str(here / f"report.{form}")] for form in ("pdf", "xlsx", "csv", "json")]
codes = [
    run(words)
    for words in (
        ["roster", "marks", str(here / "marks.csv")],
        ["calendar", "holidays", "DE", "--subdivision", "BY", "--years", "2026..2027", "--yes"],
        ["calendar", "import", str(here / "in.ics"), "--yes"],
        *reports,
        ["report", *days, "--plot", str(here / "plot.png")],
        ["report", *days, "--format", "ics", "-o", str(here / "feed.ics")],
        ["export", "frappe", *days, "-o", str(here / "frappe.csv")],
    )
]
print(codes, file=sys.stderr)
"""
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//x//EN
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20260305
SUMMARY:Day off
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The user's HOME, empty; the attendance home lies beside it."""
    folder = tmp_path / "user"
    (folder / "tmp").mkdir(parents=True)
    return folder


@pytest.fixture
def photo(tmp_path: Path, astronaut: np.ndarray) -> Path:
    path = tmp_path / "eileen.png"
    Image.fromarray(astronaut).save(path)
    return path


def environment(user: Path, **more: str) -> dict[str, str]:
    """What a user's process gets: no variable that quiets a library, and every known place for files in `user`."""
    quieting = {"CI", "TF_BUILD", "JENKINS_URL", "GITHUB_ACTIONS", "GITLAB_CI", "DO_NOT_TRACK", "ORT_DISABLE_TELEMETRY"}
    kept = {key: value for key, value in os.environ.items() if key not in quieting and not key.startswith("XDG_")}
    return {
        **kept,
        "HOME": str(user),
        "TMPDIR": str(user / "tmp"),
        "ATTENDANCE_HOME": str(user.parent / "home"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


def python(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, **options)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bar a process from sockets")
def test_enrolling_and_checking_opens_no_socket_and_leaves_no_file_outside(outside: Path, photo: Path) -> None:
    """A process that enrols and checks from Python opens no socket and leaves no file outside the attendance home."""
    done = python(BARRED, CHECK, photo, env=environment(outside))

    assert (0, "['present']\n", "") == (done.returncode, done.stdout, done.stderr)
    assert [] == files(outside)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bar a process from sockets")
def test_reports_imports_and_holidays_stay_here(outside: Path, tmp_path: Path) -> None:
    """Reports of every form, imports and holidays open no socket, and leave no file but those that were asked for."""
    for library in ("holidays", "icalendar", "recurring_ical_events", "reportlab"):
        pytest.importorskip(library, reason="comes with the extra 'reports'")
    here = tmp_path / "asked for"
    here.mkdir()
    done = python(BARRED, TIMETABLE, here, CALENDAR, env=environment(outside))

    assert (0, str([0] * 10)) == (done.returncode, done.stderr.splitlines()[-1]), done.stderr
    made = {"report.pdf", "report.xlsx", "report.csv", "report.json", "plot.png", "feed.ics", "frappe.csv"}
    assert {"in.ics", "marks.csv", *made} == set(files(here))
    assert [] == files(outside)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bar a process from sockets")
def test_a_socket_would_have_been_noticed(outside: Path) -> None:
    """The test above fails where a process or a child of it opens a socket."""
    open_one = "import socket; socket.socket(socket.AF_UNIX).close(); print('local', flush=True); socket.socket()"
    done = python(BARRED, open_one, env=environment(outside))
    assert (-signal.SIGSYS, "local\n") == (done.returncode, done.stdout)


def test_commands_leave_no_file_outside(outside: Path, photo: Path) -> None:
    """The command line enrols and checks with an empty HOME, and that stays empty."""
    attendance = ("-m", "attendance")
    enrolled = python(*attendance, "enroll", photo, "--name", "Eileen", env=environment(outside))
    checked = python(*attendance, "check", photo, env=environment(outside))

    assert (0, 0) == (enrolled.returncode, checked.returncode), enrolled.stderr + checked.stderr
    assert [] == files(outside)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_home_that_cannot_be_written_is_no_matter(outside: Path, photo: Path) -> None:
    """Where HOME cannot be written a check goes on as ever: no library complains on stderr."""
    python("-m", "attendance", "enroll", photo, "--name", "Eileen", env=environment(outside))
    done = python("-m", "attendance", "check", photo, env=environment(outside, HOME="/proc"))

    assert 0 == done.returncode
    assert [] == [line for line in done.stderr.splitlines() if not line.startswith(("encoder ", "checked "))]


def test_reporting_libraries_are_imported_in_one_place() -> None:
    """No module imports a library that reports to its vendor but the one that throws its switch before."""
    found = {
        str(path.relative_to(ROOT))
        for package in ("attendance", "enroll", "gallery", "refusal", "train")
        for path in (ROOT / package).rglob("*.py")
        if any(name in path.read_text(encoding="utf-8") for name in REPORTING) and REPORTING & set(imported(path))
    }
    assert {"enroll/telemetry.py"} == found


def imported(path: Path) -> list[str]:
    """The top-level packages that a module imports when it runs."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module or "")
    return [name.partition(".")[0] for name in names]


@pytest.mark.parametrize("library", ["onnx_runtime", "open_vino"])
def test_importing_a_library_through_its_door_leaves_no_file(library: str, outside: Path) -> None:
    """ONNX Runtime and OpenVINO, imported as this project does, leave no file in an empty HOME and open no socket."""
    if library == "open_vino" and find_spec("openvino") is None:
        pytest.skip("OpenVINO comes with the extra 'train'")
    code = f"from enroll.telemetry import {library}; print({library}().__name__)"
    barred = (BARRED, code) if sys.platform == "linux" else ("-c", code)
    done = python(*barred, env=environment(outside))

    assert (0, "", []) == (done.returncode, done.stderr, files(outside))
