"""Homes that cannot be used: one line, the right exit code, no harm."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from servers import Homes, contents, raw

from attendance import Attendance
from attendance.cli import run
from gallery import open_database


@pytest.mark.sqlite_only("the lock is that of its file")
def test_locked_home(command, home, draw, monkeypatch):
    """A home that another program is writing to: a bounded wait, one line, exit code 3, nothing changed."""
    command("enroll", draw("a.png", (1,)), "--name", "Ada")
    monkeypatch.setitem(open_database.__kwdefaults__, "busy_timeout_s", 0.1)
    with closing(sqlite3.connect(home / "attendance.db", isolation_level=None)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        code, _, err = command("enroll", draw("b.png", (2,)), "--name", "Bob")
        assert (3, True) == (code, err.splitlines()[-1].startswith("error[gallery.locked] "))
        assert command("gallery", "list")[0] == 0, "reading goes on"
    assert command("enroll", draw("b.png", (2,)), "--name", "Bob")[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
@pytest.mark.sqlite_only("where a file reaches its end is told to SQLite here")
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
    """A home of a newer version that lets no older one go on is refused and left as it is."""
    command("enroll", draw("a.png", (1,)), "--name", "Ada")
    with raw(home) as run:
        run("UPDATE alembic_version SET version_num = '9999'")
        run("UPDATE meta SET value = '9999' WHERE key = 'compatible'")
    for arguments in (["check", draw("b.png", (1,))], ["gallery", "list"]):
        code, out, err = command(*arguments)
        assert (3, "", True) == (code, out, err.startswith("error[gallery.newer] "))


def test_a_new_home_says_which_zone_it_keeps(command, tz):
    """The first command that makes a home says whose days are counted from now on; later ones do not."""
    tz("Asia/Tokyo")
    told = "days are those of Asia/Tokyo, told by TZ=Asia/Tokyo; 'attendance config set time_zone ZONE' sets another"
    assert told == command("session", "open", "Maths")[2].splitlines()[0]
    assert [] == [line for line in command("session", "open", "Physics")[2].splitlines() if line.startswith("days")]


def test_the_zone_of_a_server_is_kept_by_no_home(command, home):
    """UTC is hardly a site's: a new home does not keep it, and the command says what to set."""
    told = command("session", "open", "Maths")[2].splitlines()[0]
    assert told.startswith("days are those of UTC, as long as this computer's are: 'attendance config set time_zone ")
    assert not (home / "config.toml").exists()
    assert [] == [line for line in command("session", "open", "Physics")[2].splitlines() if line.startswith("days")]


def test_a_person_at_a_terminal_is_asked_for_the_zone(command, home, monkeypatch):
    """Whoever begins a home at a terminal names its zone; a slip is explained and asked again."""
    import io

    monkeypatch.setattr("attendance.cli.opening.at_terminal", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("Europe/Berln\nEurope/Berlin\n"))
    code, _, err = command("session", "open", "Maths")
    assert (0, 2, True) == (code, err.count("Time zone of the site"), "did you mean Europe/Berlin" in err)
    assert 'time_zone = "Europe/Berlin"\n' == (home / "config.toml").read_text()


def test_a_computer_without_the_key_of_a_server_writes_nothing(postgres, tmp_path, draw, pipeline, capsys):
    """Of a database that computers share: without the key one reads, and enters nothing that nobody can prove."""
    from gallery.vault.key import KEY

    with closing(Homes(tmp_path, postgres)) as homes:
        home = homes.new("served", filled=True)
        with Attendance.open(home, pipeline=pipeline) as app:
            app.enroll(draw("ada.png", (1,)), name="Ada")
        (home / KEY).rename(tmp_path / "kept")
        for words in (("gallery", "rename", "Ada", "Eve"), ("mark", "Ada"), ("site", "add", "North")):
            assert 3 == run([*words, "--home", str(home)])
            assert capsys.readouterr().err.startswith("error[gallery.key_missing] ")
        assert 0 == run(["gallery", "list", "--home", str(home)])
        assert "Ada" in capsys.readouterr().out
        (tmp_path / "kept").rename(home / KEY)
        assert 0 == run(["audit", "verify", "--home", str(home)])
        capsys.readouterr()
        (home / KEY).unlink()
        assert 0 == run(["key", "abandon", "--yes", "--home", str(home)])


@pytest.mark.parametrize(
    ("arguments", "code", "id_"),
    [
        (("report",), 3, "gallery.missing"),
        (("gallery", "rename", "a", "b"), 3, "gallery.missing"),
        (("check", "a.jpg", "--dry-run"), 3, "gallery.missing"),
        (("enroll", "list.csv"), 2, "roster.empty"),
        (("serve", "--host", "0.0.0.0"), 2, "serve.insecure"),  # noqa: S104
    ],
)
def test_what_is_refused_makes_no_table_on_a_server(postgres, tmp_path, monkeypatch, capsys, arguments, code, id_):
    """A command that needs a home, or is refused before its work, leaves an empty database empty, and says why."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text("photo,name\n")
    with closing(Homes(tmp_path, postgres)) as homes:
        home = homes.new("served")
        before = contents(home)
        assert code == run([*arguments, "--home", str(home)])
        assert capsys.readouterr().err.startswith(f"error[{id_}] ")
        assert before == contents(home)
