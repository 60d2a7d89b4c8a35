"""The wheel that users install, and the ground rules of the packages."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
RUN_TIME = ("attendance", "enroll", "gallery", "refusal")
PAGES = (ROOT / "attendance" / "web" / "templates", ROOT / "attendance" / "web" / "static")


def run(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command, text in and out, without raising."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_all_packages_are_built(wheel: Path, tmp_path: Path) -> None:
    """The wheel holds the packages and no other, the source distribution each of them: every module, every page."""
    built = run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, cwd=ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    (source,) = tmp_path.glob("*.tar.gz")
    modules = {str(path.relative_to(ROOT)) for name in (*RUN_TIME, "train") for path in (ROOT / name).rglob("*.py")}
    pages = {str(path.relative_to(ROOT)) for each in PAGES for path in each.rglob("*") if path.is_file()}
    assert {".html", ".css", ".js", ".svg"} == {Path(name).suffix for name in pages}
    with zipfile.ZipFile(wheel) as archive:
        installed = {name for name in archive.namelist() if ".dist-info/" not in name}
    with tarfile.open(source) as archive:
        shipped = {name.partition("/")[2] for name in archive.getnames()}
    assert {*RUN_TIME, "train"} == {name.partition("/")[0] for name in installed}
    assert (set(), set()) == ((modules | pages) - installed, (modules | pages) - shipped)


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the wheel and what it needs, nothing else, not even what installed it."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    if run(*pip, "download", "--quiet", "--no-deps", "-d", home / "probe", "tzdata").returncode:
        pytest.skip("no package registry within reach: cannot install the wheel's dependencies")
    installed = run(*pip, "install", "--quiet", "--no-compile", wheel)  # most of it is never imported here
    assert installed.returncode == 0, installed.stderr
    return python


def test_the_wheel_alone_checks_a_photo_without_torch(bare_python: Path, tmp_path: Path, astronaut: np.ndarray) -> None:
    """Installed from the wheel in a fresh environment without torch, the command enrols and recognises a person."""
    photo = tmp_path / "eileen.png"
    Image.fromarray(astronaut).save(photo)
    command = (bare_python.parent / "attendance", "--home", tmp_path / "home")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "ATTENDANCE"))}

    enrolled = run(command[0], "enroll", photo, "--name", "Eileen Collins", *command[1:], env=environment, cwd=tmp_path)
    checked = run(command[0], "check", photo, "--json", *command[1:], env=environment, cwd=tmp_path)

    assert enrolled.returncode == 0, enrolled.stderr
    assert checked.returncode == 0, checked.stderr
    (line,) = checked.stdout.splitlines()
    decision = json.loads(line)
    assert ("present", "Eileen Collins") == (decision["decision"], decision["person"]["name"])
    without_torch = run(bare_python, "-c", "import torch", cwd=tmp_path)
    assert without_torch.returncode != 0


COMMANDS = """
import contextlib, io, json, sys
from attendance.cli import run
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""
"""Runs commands one after the other, in one process, and prints what each came to."""


def told_at_once(python: Path, folder: Path, *commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Exit code, stdout and stderr of each command for the home in `folder`, where they run, in one process."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "ATTENDANCE"))}
    words = json.dumps([[*each, "--home", str(folder / "home")] for each in commands])
    done = run(python, "-c", COMMANDS, input=words, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_without_the_extra_reports_one_line_says_what_to_install(bare_python: Path, tmp_path: Path) -> None:
    """Without the extra everything else works; what needs it is refused in one line, and nothing is written."""
    lesson = (
        "--weekly",
        "MO",
        "--begins",
        "08:00",
        "--ends",
        "08:45",
        "--from",
        "2026-03-02",
        "--zone",
        "Europe/Berlin",
    )
    days = ("report", "--by", "timetable", "--from", "2026-03-02", "--to", "2026-03-06")
    names = ("a.csv", "a.xlsx", "a.json", "a.txt")
    works = [("timetable", "add", "Maths", *lesson), *((*days, "-o", name) for name in names)]
    (tmp_path / "days.ics").write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n")
    needs = (
        (*days, "-o", "a.pdf"),
        (*days, "-o", "a.ics"),
        ("calendar", "holidays", "DE", "--years", "2026", "--yes"),
        ("calendar", "import", "days.ics"),
        ("timetable", "import", "days.ics"),
    )
    told = told_at_once(bare_python, tmp_path, *works, *needs)
    for words, (code, _, err) in zip((*works, *needs), told, strict=True):
        expected = (3, True) if words in needs else (0, False)
        assert expected == (code, "error[reports.missing] " in err), (words, err)
    assert [True] * len(names) == [(tmp_path / name).exists() for name in names]
    assert [] == [name for name in ("a.pdf", "a.ics") if (tmp_path / name).exists()]


def test_without_the_extra_web_one_line_says_what_to_install(bare_python: Path, tmp_path: Path) -> None:
    """Without the extra the service, passwords and PINs are refused in one line; its other commands work."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "ATTENDANCE"))}
    home = ("--home", tmp_path / "home")

    def told(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
        return run(bare_python.parent / "attendance", *words, *home, env=environment, cwd=tmp_path, **options)

    refused = told("serve")
    assert (3, True) == (refused.returncode, "error[web.missing] " in refused.stderr), refused.stderr
    assert not home[1].exists()
    made = told("token", "add", "bus", "--scope", "people:read")
    assert (0, True) == (made.returncode, made.stdout.startswith("att_")), made.stderr
    lists = [(kind, "list") for kind in ("account", "credential", "job", "receiver", "token")]
    for words, (code, _, err) in zip(lists, told_at_once(bare_python, tmp_path, *lists), strict=True):
        assert 0 == code, (words, err)
    for words in (("account", "add", "Grace", "--role", "admin"), ("credential", "pin", "Ada")):
        refused = told(*words, input="a long enough password\n")
        assert (3, True) == (refused.returncode, "error[web.missing] " in refused.stderr), (words, refused.stderr)


@pytest.mark.parametrize("package", RUN_TIME)
def test_run_time_packages_import_with_torch_blocked(package: str) -> None:
    """No module of the run-time packages needs torch, timm or anything else of the training extra."""
    program = f"""
import importlib, pkgutil, sys
for name in ("torch", "torchvision", "timm", "pytorch_metric_learning", "sklearn", "openvino"):
    sys.modules[name] = None
package = importlib.import_module("{package}")
for module in pkgutil.walk_packages(package.__path__, "{package}."):
    if ".migrations" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
    done = run(sys.executable, "-c", program, cwd=ROOT)
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("package", [*RUN_TIME, "train"])
def test_every_public_name_is_listed_and_importable(package: str) -> None:
    """`__all__` of each package has no doubles, and every name in it can be imported."""
    program = f"""
import {package}
names = {package}.__all__
assert len(set(names)) == len(names), names
for name in names:
    getattr({package}, name)
"""
    done = run(sys.executable, "-c", program, cwd=ROOT)
    assert (0, "") == (done.returncode, done.stderr)


def test_importing_the_packages_loads_no_heavy_library() -> None:
    """Importing the packages alone loads neither OpenCV, FAISS, ONNX Runtime, SQLAlchemy nor SciPy."""
    program = """
import sys
import attendance, enroll, gallery, refusal
print(sorted({"cv2", "faiss", "onnxruntime", "sqlalchemy", "alembic", "scipy", "torch"} & set(sys.modules)))
"""
    done = run(sys.executable, "-c", program, cwd=ROOT)
    assert (0, "[]\n") == (done.returncode, done.stdout)
