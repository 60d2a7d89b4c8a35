"""A whole home moved by `attendance backup` and `attendance restore`: nothing differs but the folder."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import contents

from attendance import Attendance
from attendance.cli import run
from attendance.services.backup import backup, restore
from gallery import GalleryMissing
from gallery.backup import Saved
from gallery.repositories.owners import Unowned
from gallery.schema import REVISIONS
from refusal import Refusal

ENTRY = [sys.executable, "-m", "attendance"]


@pytest.fixture
def lived(app, draw, home):
    """A home with settings, people, a session of a group, marks by file and by hand, and one that is void."""
    for person, name in ((7, "Ada Lovelace"), (8, "Bob"), (9, 'Cleo, "C"\n=x')):
        app.enroll(draw(f"{person}.png", (person,)), name=name.replace("\n", " "), groups=["7b"])
    app.sessions.open("Maths", group="7b", at=app.clock.utc())
    list(app.check(draw("door.png", (7,), (9,)), session="Maths"))
    list(app.check(draw("later.png", (8,))))
    app.enter("Bob", session="Maths", note="came late, “sorry”")
    app.void('Cleo, "C" =x', reason="a mask", session="Maths")
    (home / "config.toml").write_text('time_zone = "Asia/Tokyo"\n')
    return app


@pytest.fixture
def new(tmp_path) -> Path:
    return tmp_path / "new"


@pytest.fixture
def command(home, capsys):
    """Run a command in this process on this home, or another; returns exit code, stdout and stderr."""

    def call(*arguments: object, at: Path = home) -> tuple[int, str, str]:
        code = run([*map(str, arguments), "--home", str(at)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return call


def _reports(command, at: Path) -> list[str]:
    asked = (("--session", "Maths"), ("--from", "2026-03-01", "--to", "2026-03-03"))
    return [command("report", *which, "--format", "csv", at=at)[1] for which in asked]


def test_a_moved_home_is_the_same(lived, home, new, tmp_path, command, clock, pipeline, draw):
    """One digest, no defect, reports equal to the byte, everybody recognised, and a void mark stays void."""
    saved = backup(home, tmp_path / "b", clock)
    restore(tmp_path / "b", new, home / "key")

    assert saved.digest == backup(new, tmp_path / "again", clock).digest
    told = _reports(command, home)
    assert told == _reports(command, new)
    assert all("Ada Lovelace" in each for each in told)
    with Attendance.open(new, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as moved:
        assert ([], "Asia/Tokyo") == (moved.gallery.verify(), moved.zone)
        made = [list(each.check(draw("all.png", (7,), (8,), (9,)), session="Maths")) for each in (lived, moved)]
    assert [each.to_dict() for each in made[0]] == [each.to_dict() for each in made[1]]
    assert ["already", "already", "review"] == [each.decision for each in made[1]]


@pytest.mark.usefixtures("noon")
def test_a_home_of_two_portraits_is_moved(command, portraits, home, new, tmp_path):
    """With the shipped models: the doctor finds nothing, who was marked is known, and the report is the same."""
    for name in ("Eileen Collins", "Grace Hopper"):
        assert command("enroll", portraits / f"{name}.jpg", "--name", name)[0] == 0
    assert command("check", portraits / "Grace Hopper.jpg")[0] == 0
    digest = command("backup", tmp_path / "b")[1]
    assert digest == command("restore", tmp_path / "b", "--key", home / "key", at=new)[1]

    code, _, told = command("doctor", "--full", at=new)
    assert (0, "no problem found") == (code, told.splitlines()[-1])
    assert command("report") == command("report", at=new)
    _, out, _ = command("check", portraits / "more" / "both.jpg", "--json", at=new)
    assert ["already", "present"] == sorted(json.loads(line)["decision"] for line in out.splitlines())


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=6, max_size=30)


@settings(max_examples=10)
@given(
    st.lists(st.tuples(names, texts, names), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["Maths", "Art"]), texts, st.booleans()), max_size=8),
)
def test_whatever_happened_is_moved(people, visits):
    """Any names, groups, notes and reasons, sessions, marks and voids: one digest, and no name is in the file."""
    with tempfile.TemporaryDirectory() as place, Attendance.open(Path(place, "home")) as app:
        folder, refs = Path(place), []
        for name, note, group in people:
            with only_refused():
                filed = app.gallery.add_person(name, note=note, groups=[group], at=app.clock.utc(), by="t")
                refs.append(filed.external_id)
        for session in ("Maths", "Art"):
            app.sessions.open(session, at=app.clock.utc())
        for number, session, note, void in visits:
            _visit(app, refs[number % len(refs)] if refs else None, session, note, void=void)
        saved = backup(folder / "home", folder / "b", app.clock)
        restore(folder / "b", folder / "new", folder / "home" / "key")
        data = (folder / "b").read_bytes()
        assert saved.digest == backup(folder / "new", folder / "c", app.clock).digest
        assert [] == [name for name, *_ in people if name.encode() in data]


@contextmanager
def only_refused():
    """What the product refuses on purpose (a name twice, a mark that is void already) is no fault here."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, Refusal):
            raise


def _visit(app: Attendance, ref: str | None, session: str, note: str, *, void: bool) -> None:
    if ref is None:
        return
    with only_refused():
        app.enter(ref, session=session, note=note)
        if void:
            app.void(ref, session=session, reason=note or "x")


@pytest.mark.usefixtures("lived")
def test_both_commands_tell_one_digest(home, new, tmp_path, command):
    """Digest on stdout, what was written and where the key is on stderr; as JSON all facts on one line."""
    code, digest, told = command("backup", tmp_path / "b")
    assert (0, 71) == (code, len(digest.strip()))
    assert digest.startswith("sha256:")
    assert f"wrote {tmp_path / 'b'}, read it back and compared: " in told
    assert "person 3" in told
    assert f"only {home / 'key'} opens it" in told

    code, restored, told = command("restore", tmp_path / "b", "--key", home / "key", at=new)
    assert (0, digest) == (code, restored)
    assert f"restored {new} as it was at 20" in told

    code, out, _ = command("backup", tmp_path / "c", "--json", at=new)
    facts = json.loads(out)
    assert (0, digest.strip(), (tmp_path / "c").stat().st_size) == (code, facts["digest"], facts["bytes"])
    assert (3, 3, 1) == (facts["rows"]["person"], facts["rows"]["template"], facts["schema"])
    code, out, _ = command("restore", tmp_path / "c", "--json", "--key", home / "key", at=tmp_path / "third")
    again = json.loads(out)
    told = {
        name: value for name, value in again.items() if name not in ("file", "erased_again", "gone", "without_owner")
    }
    assert ({name: facts[name] for name in told}, {}, {}) == (told, again["erased_again"], again["gone"])
    assert [] == again["without_owner"]


def test_an_upgrade_is_told(new, tmp_path, command, monkeypatch):
    """Where a backup of an earlier schema was upgraded, the command says so: the digest will differ from now on."""
    old = Saved("home", "0000", datetime(2026, 3, 2, tzinfo=UTC), "00", {"person": 1})
    monkeypatch.setattr("attendance.services.backup.restore", lambda *_, **__: old)
    code, out, told = command("restore", tmp_path / "b", at=new)

    assert (0, "sha256:00\n") == (code, out)
    assert f"its schema 0000 was upgraded to {REVISIONS[-1]}: the next backup has another digest\n" in told


def test_each_row_without_its_owner_is_told(new, tmp_path, command, monkeypatch):
    """What a server has not taken of a backup has a line each, and with --json an object each."""
    lost = (Unowned("mark", "3f", "session", ["3f", 7], None), Unowned("place", "1", "group", [1, 7], [1, None]))
    done = Saved("h", REVISIONS[-1], datetime(2026, 3, 2, tzinfo=UTC), "d", {}, lost=lost)
    monkeypatch.setattr("attendance.services.backup.restore", lambda *_, **__: done)
    told = command("restore", tmp_path / "b", at=new)[2].splitlines()
    rows = json.loads(command("restore", tmp_path / "b", "--json", at=new)[1])["without_owner"]

    assert "left out: row 3f of mark, whose session is gone" in told
    assert "kept without it: row 1 of place, whose group is gone" in told
    assert "2 rows had lost their owner: the next backup has another digest" in told
    assert [
        {"table": "mark", "row": "3f", "owner": "session", "kept": False},
        {"table": "place", "row": "1", "owner": "group", "kept": True},
    ] == rows


@pytest.mark.usefixtures("lived")
def test_what_is_refused_is_one_line(home, new, tmp_path, command):
    """No home, a file that is there, no key, the wrong key, a used home, no backup: an id, and nothing is touched."""
    assert command("backup", tmp_path / "b")[0] == 0
    (tmp_path / "wrong").write_text("ab" * 32)
    before = contents(home)
    cases = [
        (command("backup", tmp_path / "x", at=tmp_path / "none"), 3, "gallery.missing"),
        (command("backup", tmp_path / "b"), 1, "gallery.not_empty"),
        (command("backup", tmp_path / "no" / "where"), 3, "gallery.read_only"),
        (command("restore", tmp_path / "b", at=new), 3, "gallery.key_missing"),
        (command("restore", tmp_path / "b", "--key", tmp_path / "wrong", at=new), 3, "gallery.key_wrong"),
        (command("restore", tmp_path / "b", "--key", home / "key"), 1, "gallery.not_empty"),
        (command("restore", tmp_path / "wrong", "--key", home / "key", at=new), 1, "gallery.backup_invalid"),
        (command("restore", tmp_path / "absent", "--key", home / "key", at=new), 1, "gallery.backup_invalid"),
    ]
    for (code, out, told), expected, id_ in cases:
        assert (expected, "", 1) == (code, out, told.count("\n")), told
        assert told.startswith(f"error[{id_}] "), told

    assert not new.exists()
    assert not (tmp_path / "none").exists()
    assert before == contents(home)


@pytest.mark.usefixtures("lived")
def test_settings_that_cannot_be_read_are_saved_as_they_are(home, new, tmp_path, clock):
    """A settings file with a mistake keeps nobody from a backup, and comes back with its mistake."""
    (home / "config.toml").write_bytes(b"target_fpir = \xff")
    backup(home, tmp_path / "b", clock)
    restore(tmp_path / "b", new, home / "key")

    assert b"target_fpir = \xff" == (new / "config.toml").read_bytes()


def test_the_old_command_is_gone(command):
    """`gallery backup` copied the database alone, with readable names."""
    assert 2 == command("gallery", "backup", "x")[0]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit for the size of files")
def test_a_disk_that_fills_up_leaves_no_part(lived, home, new, tmp_path):
    """Where no file may grow beyond some size: gallery.full, no part of a backup and no part of a home."""
    lived.close()
    shutil.copy(home / "key", tmp_path / "key")
    small = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000)); "
    start = [
        sys.executable,
        "-c",
        small + "sys.argv[0] = 'attendance'; runpy.run_module('attendance', run_name='__main__')",
    ]
    (home / "config.toml").write_bytes(os.urandom(60_000))
    backup(home, tmp_path / "good", lived.clock)
    before = sorted(path.name for path in tmp_path.iterdir())
    calls = (
        [*start, "backup", str(tmp_path / "b"), "--home", str(home)],
        [*start, "restore", str(tmp_path / "good"), "--key", str(tmp_path / "key"), "--home", str(new)],
    )
    for call in calls:
        done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=120)
        assert (3, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n")), done.stderr
        assert done.stderr.startswith("error[gallery.full] "), done.stderr
    assert before == sorted(path.name for path in tmp_path.iterdir())


def test_a_home_is_not_made_by_a_backup(tmp_path, clock):
    """Where there is no home, there is none afterwards."""
    with pytest.raises(GalleryMissing):
        backup(tmp_path / "none", tmp_path / "b", clock)

    assert [] == list(tmp_path.iterdir())
    assert datetime.now(UTC) > clock.utc()
