"""Machines are upgraded one after the other: programs of two versions work with one database, as far as it allows."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

import gallery as package
from gallery import Gallery, GalleryNewer, open_database
from gallery.backup.saving import backup
from gallery.repositories import chain, chaincheck, events, news, secrets
from gallery.schema import OLDEST, REVISIONS, EventRow, Meta
from gallery.servicetables import NewsRow
from gallery.steps import COMPATIBLE

NEXT = f"{int(REVISIONS[-1]) + 1:04d}"
EACH = 30
STEP = '''"""A later step, made up for the tests."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("novelty", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("told", sa.Text()))
    op.add_column("news", sa.Column("mood", sa.Text(), nullable=True))
    op.execute("UPDATE meta SET value = '{compatible}' WHERE key = 'compatible'")
'''
PROGRAM = """
import sys
from datetime import UTC, datetime
from sqlalchemy import text
from gallery import Gallery, open_database
from gallery.repositories import events, news

with open_database(sys.argv[1]) as store:
    Gallery(store, "test-1")
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[2])):
        with store.atomic() as step:
            step.execute(text("INSERT INTO novelty VALUES (:id, 'new')"), {"id": number})
            news.add(step, [news.New(datetime.now(UTC), news.REVIEW_WAITING, str(number))])
            step.execute(text("UPDATE news SET mood = 'good' WHERE id = (SELECT max(id) FROM news)"))
            events.record(step, at=datetime.now(UTC), by="new", action="mark.add", subject=str(number))
    print("done", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def next_version(tmp_path) -> Callable[..., Path]:
    """A folder with this program as a later version of it will be, which knows one more step of the schema."""

    def make(compatible: str) -> Path:
        root = tmp_path / "next"
        shutil.copytree(Path(package.__file__).parent, root / "gallery", ignore=shutil.ignore_patterns("__pycache__"))
        schema = root / "gallery" / "schema.py"
        told = schema.read_text().replace(f'"{REVISIONS[-1]}")', f'"{REVISIONS[-1]}", "{NEXT}")')
        schema.write_text(told.replace(f'OLDEST = "{OLDEST}"', f'OLDEST = "{compatible}"'))
        step = STEP.format(revision=NEXT, before=REVISIONS[-1], compatible=compatible)
        (root / "gallery" / "migrations" / "versions" / f"rev_{NEXT}_later.py").write_text(step)
        (root / "program.py").write_text(PROGRAM)
        return root

    return make


@contextmanager
def _running(root: Path, home: Path, count: int = EACH) -> Iterator[subprocess.Popen]:
    """The later version at work with a home: it has opened it, and goes on when it is told to."""
    command = [sys.executable, str(root / "program.py"), str(home), str(count)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=_environment(root), **pipes) as process:
        try:
            assert "ready\n" == process.stdout.readline()
            yield process
        finally:
            process.stdin.close()
            process.wait(30)


def _environment(root: Path) -> dict[str, str]:
    path = os.pathsep.join([str(root), str(Path(package.__file__).parents[1])])
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


def _go_on(process: subprocess.Popen) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def _act(store, at, number: int) -> None:
    """What this version writes: news, and an entry of the log."""
    with store.atomic() as step:
        news.add(step, [news.New(at, news.REVIEW_WAITING, str(number))])
        events.record(step, at=at, by="old", action="mark.add", subject=str(number))


def _undone(store, at) -> None:
    with store.atomic() as step:
        events.record(step, at=at, by="old", action="mark.add", subject="undone")
        raise RuntimeError


def _revision(store) -> str:
    with store.reading() as view:
        return view.scalar(text("SELECT version_num FROM alembic_version"))


def test_old_and_new_work_side_by_side(home, now, next_version):
    """Each goes on writing while the other does; nothing is lost, the log holds, nobody takes the schema back."""
    with open_database(home) as store:
        gallery = Gallery(store, "test-1")
        with _running(next_version(OLDEST), home) as process:
            _go_on(process)
            for number in range(EACH):
                _act(store, now, number)
            assert "done\n" == process.stdout.readline()
        with store.reading() as view:
            found = chaincheck.verify(view, secrets.stored(view, gallery.sealer, chain.PURPOSE))
            writers = dict(view.execute(select(EventRow.by, func.count()).group_by(EventRow.by)).all())
            moods = view.execute(text("SELECT mood, count(*) FROM news GROUP BY mood")).all()

    assert (True, {"old": EACH, "new": EACH}) == (found.sound, writers)
    assert {("good", EACH), (None, EACH)} == set(map(tuple, moods))
    with open_database(home) as store:  # this version comes once more
        assert (NEXT, NEXT) == (_revision(store), store.schema_version)
        _act(store, now, EACH)


def test_an_old_program_stops_where_the_schema_leaves_it_behind(home, now, next_version):
    """Once an upgrade says that programs of before cannot go on, they write nothing more, and open nothing."""
    with ExitStack() as ends:
        store = ends.enter_context(open_database(home))
        Gallery(store, "test-1")
        _act(store, now, 1)
        ends.enter_context(_running(next_version(NEXT), home))
        with pytest.raises(GalleryNewer) as refused:
            _act(store, now, 2)
        with store.reading() as view:
            assert ["1"] == list(view.scalars(select(NewsRow.subject)))
        assert NEXT in str(refused.value)

        with pytest.raises(GalleryNewer):
            open_database(home)
        with pytest.raises(GalleryNewer):
            open_database(home, read_only=True)


def test_an_old_program_backs_up_nothing_that_it_does_not_know(home, now, next_version, tmp_path):
    """A backup by an older version would leave out what a later one keeps: it is refused, and no file is left."""
    with open_database(home) as store:
        gallery = Gallery(store, "test-1")
        with _running(next_version(OLDEST), home):
            target = tmp_path / "backup"
            with pytest.raises(GalleryNewer, match=NEXT):
                backup(store, gallery.vault, target, at=now)
    assert not target.exists()


def test_a_new_home_says_which_programs_may_use_it(store):
    """The oldest revision whose programs may go on stands in the home; see `gallery.schema.OLDEST`."""
    with store.reading() as view:
        assert OLDEST == view.scalar(select(Meta.value).where(Meta.key == COMPATIBLE))


@pytest.mark.parametrize("revision", ["seven", "0099x", "", "12345"])
def test_a_revision_that_is_none_is_refused(home, revision):
    """Whatever stands where the schema's revision should, only one that may follow ours is gone on with."""
    with open_database(home) as store, store.atomic() as step:
        step.execute(text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    with pytest.raises(GalleryNewer):
        open_database(home)


def test_a_step_that_is_taken_back_leaves_the_log_whole(gallery, store, now):
    """An entry after one that was undone within the same step is linked to the one before both."""
    _act(store, now, 1)
    with store.atomic() as step:
        with pytest.raises(RuntimeError):
            _undone(store, now)
        events.record(step, at=now, by="old", action="mark.add", subject="2")
    with store.reading() as view:
        found = chaincheck.verify(view, secrets.stored(view, gallery.sealer, chain.PURPOSE))
        told = list(view.scalars(select(EventRow.subject).order_by(EventRow.seq)))

    assert (True, ["1", "2"]) == (found.sound, told)
