"""A home that cannot be used is told apart from others, and its bytes stay as they are."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import servers

from gallery import (
    Gallery,
    GalleryDamaged,
    GalleryMissing,
    GalleryNewer,
    NotADatabase,
    Store,
)
from gallery.locations import DATABASE

ROOT = Path(__file__).resolve().parents[3]


def _digests(home: Path) -> dict[str, str]:
    """Every file of the home but SQLite's index of the log, by digest."""
    files = [path for path in sorted(home.iterdir()) if path.is_file() and not path.name.endswith("-shm")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _run(code: str, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **options)


def _garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def _cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def _header_changed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)


def _foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE other (x)")


def _of_revision(path: Path, revision: str | None) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DELETE FROM alembic_version")
        if revision is not None:
            raw.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
            raw.execute("UPDATE meta SET value = ? WHERE key = 'compatible'", (revision,))


BROKEN = {
    "garbage": (_garbage, NotADatabase),
    "text": (lambda path: path.write_text("name,photo\n"), NotADatabase),
    "header changed": (_header_changed, NotADatabase),
    "empty": (lambda path: path.write_bytes(b""), GalleryDamaged),
    "cut to 1/16": (lambda path: _cut(path, 1 / 16), GalleryDamaged),
    "cut to half": (lambda path: _cut(path, 1 / 2), GalleryDamaged),
    "cut to 15/16": (lambda path: _cut(path, 15 / 16), GalleryDamaged),
    "another program's": (_foreign, NotADatabase),
    "newer": (lambda path: _of_revision(path, "9999"), GalleryNewer),
    "of no revision": (lambda path: _of_revision(path, None), GalleryNewer),
}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("defect", BROKEN)
def test_a_broken_database_is_refused_and_untouched(home, defect, read_only):
    """Garbage, cut, foreign, empty, newer: its own error, the file's bytes as before, no fresh database."""
    Store.open(home).close()
    breaks, expected = BROKEN[defect]
    breaks(home / DATABASE)
    before = _digests(home)

    with pytest.raises(expected) as caught:
        Store.open(home, read_only=read_only)

    assert before == _digests(home)
    assert (3, str(home / DATABASE)) == (caught.value.exit_code, caught.value.where)


def test_a_folder_in_the_databases_place_is_refused(home):
    """A folder called attendance.db is not a database."""
    (home / DATABASE).mkdir(parents=True)
    with pytest.raises(NotADatabase):
        Store.open(home)


def test_a_damaged_page_is_found_when_read(home, enrol):
    """A page of garbage inside the file ends in gallery.damaged when it is met, and the file is as before."""
    with Store.open(home) as store:
        for seed in range(60):
            enrol(Gallery(store, "e"), f"p{seed}", seed)
    path = home / DATABASE
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xee" * 64
    path.write_bytes(data)
    before = _digests(home)
    with pytest.raises(GalleryDamaged), Store.open(home) as store:
        Gallery(store, "e").people()

    assert before == _digests(home)


def test_a_home_under_a_file_is_refused(tmp_path):
    """A home below a regular file cannot exist: gallery.missing, and the file is as before."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(GalleryMissing) as caught:
        Store.open(tmp_path / "file" / "home")

    assert "file" in str(caught.value)
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("options", [{"create": False}, {"read_only": True}])
def test_a_missing_home_stays_missing(home, options):
    """Without leave to create, nothing is created."""
    with pytest.raises(GalleryMissing):
        Store.open(home, **options)

    assert not home.exists()


AS_NOBODY = """
import os, sys
from pathlib import Path
from gallery import Gallery, GalleryError, GalleryIndex, Store
import gallery.gallery, gallery.sqlite.upgrade, sqlite3, faiss  # before the rights are gone
home, read_only = Path(sys.argv[1]), sys.argv[2] == "read"
os.setegid(65534); os.seteuid(65534)
try:
    with Store.open(home, read_only=read_only) as store:
        found = Gallery(store, "test-1")
        print([person.name for person in found.people()], found.stats().templates)
        store.set_meta("fact", "x")
except GalleryError as error:
    print(error.id, error.where)
"""


def _as_nobody(home: Path, how: str, *, folder: int, file: int) -> list[str]:
    """What an account without rights sees of a home with these modes."""
    if os.geteuid() != 0:
        pytest.skip("needs root to drop the rights of a child process")
    for path in home.iterdir():
        path.chmod(file)
    home.chmod(folder)
    result = _run(AS_NOBODY, str(home), how)
    assert result.stderr == ""
    return result.stdout.splitlines()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an account without rights reaches."""
    with servers.reachable("attendance-home-") as folder:
        yield folder


@pytest.fixture
def quiet_home(open_folder, enrol) -> Path:
    """A home with one person, properly closed."""
    home = open_folder / "home"
    with Store.open(home) as store:
        enrol(Gallery(store, "test-1"), "Ada", 1)
    return home


def test_a_read_only_home_is_refused_for_writing(quiet_home):
    """A folder without the right to write: gallery.read_only at the start, and it names the folder."""
    seen = _as_nobody(quiet_home, "write", folder=0o555, file=0o666)

    assert [f"gallery.read_only {quiet_home}"] == seen


def test_a_read_only_file_is_refused_for_writing(quiet_home):
    """A database without the right to write: gallery.read_only at the start, and it names the file."""
    seen = _as_nobody(quiet_home, "write", folder=0o777, file=0o444)

    assert [f"gallery.read_only {quiet_home / DATABASE}"] == seen


def test_a_read_only_home_can_be_read(quiet_home):
    """Reports work on a home that may not be written to; writing there is refused, nothing changed."""
    before = _digests(quiet_home)
    seen = _as_nobody(quiet_home, "read", folder=0o555, file=0o444)

    assert ["['Ada'] 1", f"gallery.read_only {quiet_home / DATABASE}"] == seen
    assert before == _digests(quiet_home)


def test_a_read_only_home_with_an_open_log_can_be_read(quiet_home):
    """While its owner is writing, another account that may only read still sees what was committed."""
    with Store.open(quiet_home) as store:
        store.set_meta("fact", "in the log")
        seen = _as_nobody(quiet_home, "read", folder=0o555, file=0o444)
        quiet_home.chmod(0o700)

    assert ["['Ada'] 1", f"gallery.read_only {quiet_home / DATABASE}"] == seen


def test_a_read_only_home_that_was_not_closed_is_refused(quiet_home, open_folder):
    """A log without its index cannot be read without writing: gallery.read_only, and the log is as before."""
    torn = open_folder / "torn"
    torn.mkdir()
    with Store.open(quiet_home) as store:
        store.set_meta("fact", "in the log")
        for name in (DATABASE, f"{DATABASE}-wal"):
            (torn / name).write_bytes((quiet_home / name).read_bytes())
    before = _digests(torn)
    seen = _as_nobody(torn, "read", folder=0o555, file=0o444)

    assert [f"gallery.read_only {torn / DATABASE}"] == seen
    assert before == _digests(torn)


def test_a_home_that_cannot_be_made_is_told(open_folder):
    """No right to create the home: gallery.read_only, which names it."""
    locked = open_folder / "locked"
    locked.mkdir()
    seen = _as_nobody(locked, "write", folder=0o555, file=0o444)
    assert [f"gallery.read_only {locked}"] == seen

    result = _run(AS_NOBODY, str(locked / "home"), "write")
    assert [f"gallery.read_only {locked / 'home'}"] == result.stdout.splitlines()
