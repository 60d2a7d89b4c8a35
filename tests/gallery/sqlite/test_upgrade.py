"""Upgrades: an older home is brought up to date after a private copy, whole or not at all."""

import os
import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from gallery import Gallery, GalleryDamaged, GalleryReadOnly, Store
from gallery import steps as gallery_steps
from gallery.migrations.running import MIGRATIONS, run_migrations
from gallery.schema import REVISIONS
from gallery.sqlite import home as gallery_home
from gallery.sqlite import store as gallery_store
from gallery.sqlite.upgrade import upgrade

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
PRESENT = REVISIONS[-1]
NEXT = f"{int(PRESENT) + 1:04d}"
BACKUP = f"attendance.db.{PRESENT}-20260504T030201Z.bak"
STEP = '''"""A later step, made up for the tests."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("person") as table:
        table.add_column(sa.Column("emblem", sa.Text(), nullable=False, server_default="none"))
    {more}
'''


@pytest.fixture
def older(home, enrol) -> Path:
    """A home of the present schema with people, crops and groups."""
    with Store.open(home) as store:
        for seed in range(3):
            enrol(Gallery(store, "e"), f"p{seed}", seed, crop=b"crop", groups=["g"])
    return home


@pytest.fixture
def later(tmp_path, monkeypatch):
    """Make this version one that knows a further schema; returns how to give its step one more line."""

    def make(more: str = "") -> None:
        steps = tmp_path / "migrations"
        shutil.rmtree(steps, ignore_errors=True)
        shutil.copytree(MIGRATIONS, steps, ignore=shutil.ignore_patterns("__pycache__"))
        step = STEP.format(revision=NEXT, before=PRESENT, more=more)
        (steps / "versions" / f"rev_{NEXT}_later.py").write_text(step)
        for module in (gallery_home, gallery_steps):
            monkeypatch.setattr(module, "REVISIONS", (*REVISIONS, NEXT))
        migrate = partial(run_migrations, migrations=steps)
        monkeypatch.setattr(gallery_store, "upgrade", partial(upgrade, migrate=migrate))

    return make


def _rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(query).fetchall()


def test_an_older_home_is_upgraded_after_a_copy(older, later):
    """Nothing is lost, the new column is there, the dated copy of the old schema is private and complete."""
    later()
    with Store.open(older, at=AT) as store:
        gallery = Gallery(store, "e")
        assert ([1, 1, 1], []) == ([person.templates for person in gallery.people()], gallery.verify())
    copy = older / BACKUP

    assert [("none",)] * 3 == _rows(older / "attendance.db", "SELECT emblem FROM person")
    assert ([(NEXT,)], [(PRESENT,)]) == tuple(
        _rows(path, "SELECT version_num FROM alembic_version") for path in (older / "attendance.db", copy)
    )
    assert (0o600, [(3, 3)]) == (
        copy.stat().st_mode & 0o777,
        _rows(copy, "SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM crop)"),
    )


def test_an_upgraded_home_is_left_alone(older, later):
    """The next start upgrades nothing and makes no further copy."""
    later()
    for _ in range(2):
        Store.open(older, at=AT).close()

    assert [BACKUP] == [path.name for path in older.iterdir() if path.suffix == ".bak"]


def test_a_reader_does_not_upgrade(older, later):
    """Opened for reading only, an older home is refused and not changed."""
    later()
    before = (older / "attendance.db").read_bytes()
    with pytest.raises(GalleryReadOnly, match="upgraded") as refused:
        Store.open(older, read_only=True)
    assert ("gallery.older", True) == (refused.value.id, "writes upgrades it" in refused.value.help)

    assert before == (older / "attendance.db").read_bytes()


@pytest.mark.parametrize("fault", ["raise RuntimeError('made up')", "op.execute('SELECT * FROM nowhere')"])
def test_a_failed_upgrade_changes_nothing(older, later, fault):
    """A step that fails half-way is taken back as a whole; mended, the next start goes through."""
    later(fault)
    with pytest.raises(Exception, match=r"made up|nowhere"):
        Store.open(older, at=AT)
    assert [(PRESENT,)] == _rows(older / "attendance.db", "SELECT version_num FROM alembic_version")
    assert "emblem" not in str(_rows(older / "attendance.db", "SELECT sql FROM sqlite_master"))

    later()
    with Store.open(older, at=AT) as store:
        assert [] == Gallery(store, "e").verify()


def test_an_upgrade_that_loses_an_owner_is_refused(older, later):
    """A step that would leave templates without their person is taken back."""
    later("op.execute('DELETE FROM person')")
    with pytest.raises(GalleryDamaged, match="without an owner"):
        Store.open(older, at=AT)

    assert [(3,)] == _rows(older / "attendance.db", "SELECT count(*) FROM person")


@pytest.mark.parametrize("gone", [["p2"], ["p0", "p1", "p2"]])
def test_an_upgrade_gives_no_id_a_second_time(older, later, gone):
    """A step that rebuilds the table of people does not forget the ids of those who were removed last, or all."""
    with Store.open(older) as store:
        for name in gone:
            Gallery(store, "e").remove(name, at=AT, by="t")
    kept = "recreate='always', table_kwargs={'sqlite_autoincrement': True}"
    later(f"with op.batch_alter_table('person', {kept}) as table: table.alter_column('note', nullable=True)")
    with Store.open(older, at=AT) as store, store.atomic() as session:
        assert 3 == session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'person'"))
        row = "'x', 'x', '', '2026-01-01 00:00:00.000000', 1"
        session.execute(text(f"INSERT INTO person (external_id, name, note, created, active) VALUES ({row})"))  # noqa: S608
        assert 4 == session.scalar(text("SELECT id FROM person WHERE name = 'x'"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_killed_upgrade_is_done_at_the_next_start(older, later):
    """Killed in the middle of a step, the home is as before, and the next start upgrades it."""
    later("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    pid = os.fork()
    if pid == 0:
        try:
            Store.open(older, at=AT)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert signal.SIGKILL == os.WTERMSIG(status)
    assert [(PRESENT,)] == _rows(older / "attendance.db", "SELECT version_num FROM alembic_version")

    later()
    with Store.open(older, at=AT) as store:
        assert [] == Gallery(store, "e").verify()


def test_two_starts_upgrade_once(older, later):
    """Of two starts at the same moment one upgrades, the other waits and goes on."""
    later()
    seen = []

    def start() -> None:
        with Store.open(older, at=AT, busy_timeout_s=30) as store:
            seen.append(len(Gallery(store, "e").people()))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [3, 3] == seen
    assert [(NEXT,)] == _rows(older / "attendance.db", "SELECT version_num FROM alembic_version")
