"""Homes that cannot be used, lists that make no sense, films and cameras: one line, the right exit code, no harm."""

import csv
import io
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from attendance import Attendance
from attendance.cli import run


@pytest.fixture
def command(home, capsys, monkeypatch, pipeline):
    """Run a command in this process with the pipeline without models; returns exit code, stdout and stderr."""
    working = Attendance.open.__func__

    def opened(cls, *given, **named):
        return working(cls, *given, **{**named, "pipeline": pipeline, "preload": False})

    monkeypatch.setattr(Attendance, "open", classmethod(opened))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments), "--home", str(home)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return call


def outcomes(text: str) -> list[tuple[str, str]]:
    """Decision or outcome and name of each line, without a header."""
    rows = [(row[1], row[2]) for row in csv.reader(io.StringIO(text))]
    return [row for row in rows if row not in {("decision", "name"), ("outcome", "name")}]


def test_roster(command, draw, tmp_path):
    """A list enrols its people with ids and groups; a missing photo is refused alone."""
    for name, person in (("a", 1), ("b", 2)):
        draw(f"{name}.png", (person,))
    roster = tmp_path / "photos" / "list.csv"
    roster.write_text(
        "photo,name,id,group\na.png,Ada,E-1,7b\nnone.png,Nell,E-9,7b\nb.png,Bob,E-2,8a;choir\n", "utf-8-sig"
    )
    code, out, err = command("enroll", roster, "--group", "all")
    assert (1, [("enrolled", "Ada"), ("refused", "Nell"), ("enrolled", "Bob")]) == (code, outcomes(out))
    assert "error[photo.missing]" in err
    assert err.splitlines()[-1] == "enrolled 2, refused: photo.missing 1, total 3"
    _, out, _ = command("gallery", "list")
    assert [["E-1", "Ada", "7b; all"], ["E-2", "Bob", "8a; all; choir"]] == [
        [row[0], row[1], "; ".join(sorted(row[2].split("; "), key=["7b", "8a", "all", "choir"].index))]
        for row in list(csv.reader(io.StringIO(out)))[1:]
    ]


@pytest.mark.parametrize(
    ("content", "id_"),
    [
        (b'photo,name\na.png,"Ada\n', "roster.broken"),
        ("photo,name\na.png,Ada\n".encode("utf-16")[:-1], "roster.encoding"),
        (b"photo,name\na.png,Jos\xe9\n", "roster.encoding"),
        (b"picture,who\na.png,Ada\n", "roster.header"),
        (b"photo,name\n", "roster.empty"),
    ],
)
def test_senseless_roster(command, home, tmp_path, content, id_):
    """A list with an open quote, another encoding, no header or no rows is refused whole, before any work."""
    roster = tmp_path / "list.csv"
    roster.write_bytes(content)
    code, out, err = command("enroll", roster)
    assert (2, "", True) == (code, out, err.startswith(f"error[{id_}] "))
    assert not home.exists()


def test_a_list_with_doubled_ids(command, draw):
    """Rows whose id stands for two names are refused by their lines, everybody else is enrolled: exit code 1."""
    for name in ("a.png", "b.png", "c.png"):
        roster = draw(name, (ord(name[0]),)).parent / "list.csv"
    roster.write_text("photo,name,id\na.png,Ada,1\nb.png,Bob,1\nc.png,Eve,2\n")
    code, out, err = command("enroll", roster)
    assert (1, ["refused", "refused", "enrolled"]) == (code, [kind for kind, _ in outcomes(out)])
    assert ["line 2", "line 3"] == [line.split(": ")[1] for line in err.splitlines() if "roster.row]" in line]


def test_folder_given_as_a_photo(command, draw):
    """A folder with a photo's name is walked by a check; as a photo to enrol it is a usage error."""
    folder = draw("odd.jpg/a.png", (1,)).parent
    assert command("enroll", folder, "--name", "Ada")[0] == 2
    assert command("enroll", folder)[0] == 0
    assert command("check", folder)[0] == 0


def test_locked_home(command, home, draw, monkeypatch):
    """A home that another program is writing to: a bounded wait, one line, exit code 3, nothing changed."""
    import functools

    from gallery import Store

    command("enroll", draw("a.png", (1,)), "--name", "Ada")
    monkeypatch.setattr(Store, "open", functools.partial(Store.open, busy_timeout_s=0.1))
    with closing(sqlite3.connect(home / "attendance.db", isolation_level=None)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        code, _, err = command("enroll", draw("b.png", (2,)), "--name", "Bob")
        assert (3, True) == (code, err.splitlines()[-1].startswith("error[gallery.locked] "))
        assert command("gallery", "list")[0] == 0, "reading goes on"
    assert command("enroll", draw("b.png", (2,)), "--name", "Bob")[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_full_disk(command, home, draw):
    """A disk that fills up: one line, exit code 3, and the home works again when there is space."""
    command("enroll", draw("a.png", (1,)), "--name", "Ada")
    limited = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (33_000,) * 2)\n"  # room for SQLite's index, hardly for its log
        "from attendance.cli import run\nsys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "mark", "Ada", "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (3, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("error[gallery.")
    assert command("gallery", "verify")[0] == 0
    assert command("mark", "Ada")[0] == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the root account may write anywhere")
def test_read_only_home(command, home, draw):
    """A home that may not be written: writing exits with 3, reading works."""
    command("enroll", draw("a.png", (1,)), "--name", "Ada")
    home.chmod(0o555)
    try:
        code, _, err = command("mark", "Ada")
        assert (3, True) == (code, err.startswith("error[gallery.read_only] "))
        assert command("gallery", "list")[0] == 0
    finally:
        home.chmod(0o700)


def test_newer_home(command, home, draw):
    """A home of a newer version is refused and left as it is."""
    command("enroll", draw("a.png", (1,)), "--name", "Ada")
    with closing(sqlite3.connect(home / "attendance.db")) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    for arguments in (["check", draw("b.png", (1,))], ["gallery", "list"]):
        code, out, err = command(*arguments)
        assert (3, "", True) == (code, out, err.startswith("error[gallery.newer] "))


def test_sixteen_faces(command, draw):
    """A picture of a crowd: everybody enrolled is marked once, the others are unknown."""
    for person in range(1, 9):
        command("enroll", draw(f"{person}.png", (person,)), "--name", f"Person {person}")
    code, out, _ = command("check", draw("crowd.png", *((person, 90) for person in range(1, 17))))
    kinds = [kind for kind, _ in outcomes(out)]
    assert (0, 8, 8) == (code, kinds.count("present"), kinds.count("unknown"))


@pytest.fixture
def film(tmp_path, astronaut) -> Path:
    """Two seconds of the astronaut's portrait, as Motion JPEG."""
    import cv2

    path = tmp_path / "door.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (512, 512))
    for step in range(24):
        writer.write(np.roll(astronaut, step % 5, axis=1)[:, :, ::-1])
    writer.release()
    return path


def test_film_and_camera(home, portraits, film, capsys):
    """A film marks who is in it; the same film played as a camera finds them marked already, and both are noted."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments), "--home", str(home)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    for name in ("Eileen Collins", "Grace Hopper"):
        assert call("enroll", portraits / f"{name}.jpg", "--name", name)[0] == 0
    code, out, _ = call("check", film, "--annotate", film.with_name("seen.mp4"))
    assert (0, [("present", "Eileen Collins")]) == (code, outcomes(out))
    assert film.with_name("seen.mp4").stat().st_size > 1000
    assert call("session", "open", "Door")[0] == 0
    code, out, err = call("check", "--camera", film, "--no-window", "--session", "Door")
    assert (0, [("present", "Eileen Collins")]) == (code, outcomes(out)), err
    _, out, _ = call("session", "show", "Door")
    assert "camera" in out
    _, out, _ = call("report", "--session", "Door")
    assert ["present", "absent"] == [row["status"] for row in csv.DictReader(io.StringIO(out))]
