"""A whole home in one sealed file: complete, private, refused when anything is wrong, and restored whole or not."""

import base64
import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import KEPT, contents, raw
from sqlalchemy import text

from gallery import (
    BackupInvalid,
    Database,
    Gallery,
    GalleryError,
    GalleryFull,
    GalleryMissing,
    GalleryNewer,
    GalleryReadOnly,
    KeyExposed,
    KeyMissing,
    KeyWrong,
    NotEmpty,
    Sealer,
    open_database,
)
from gallery import steps as gallery_steps
from gallery.backup import backup, erased, restore
from gallery.backup import restoring as backup_restoring
from gallery.backup.head import Head
from gallery.locations import DATABASE, POINTER
from gallery.migrations.running import MIGRATIONS, run_migrations
from gallery.opening import engine_of, is_there
from gallery.repositories import (
    accounts,
    answers,
    attempts,
    consents,
    credentials,
    deliveries,
    jobs,
    receivers,
    secrets,
    sign_ins,
    tokens,
    watches,
)
from gallery.schema import REVISIONS
from gallery.sqlite import home as gallery_home
from gallery.sqlite import restoring as sqlite_restoring
from gallery.vault.chunks import CHUNK, TAG, ChunkWriter
from gallery.vault.key import load_key
from gallery.vault.recovery import new_pair

ALONG = ("config.toml",)
ROOT = Path(__file__).resolve().parents[3]
CHILD = Path(__file__).parents[1] / "restore_child.py"
TRIES = "6"
"""How many steps of a restoration are tried beside those around each change of place."""


def make(source: Path, home: Path, **more):
    """Restore into a home on whichever engine it is to be."""
    return restore(engine_of(home), source, home, along=ALONG, **more)


def _digest(home: Path, folder: Path, now) -> str:
    with open_database(home) as store:
        return backup(store, Gallery(store, "e").vault, folder / os.urandom(4).hex(), at=now, along=ALONG).digest


def _base(home: Path) -> str:
    """The file of a home that is, or names, its database."""
    return POINTER if (home / POINTER).exists() else DATABASE


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


# What is in it


def test_a_restored_home_is_the_home(full, key, new, tmp_path, now):
    """Every row, the settings, the home's number and its generation are there, and every seal opens."""
    saved = backup(full.store, full.vault, tmp_path / "b", at=now, along=ALONG)
    made = make(tmp_path / "b", new, key=key)

    assert saved == made
    assert (now, "0001" if len(REVISIONS) == 1 else REVISIONS[-1]) == (made.created, made.revision)
    assert {"person": 3, "template": 3, "crop": 1, "group": 2, "membership": 3, "lookalike": 1}.items() <= (
        made.rows.items()
    )
    with open_database(new) as store:
        there = Gallery(store, "test-1")
        assert [] == there.verify()
        assert full.people(active=None) == there.people(active=None)
        np.testing.assert_array_equal(full.load().vectors, there.load().vectors)
        assert (b"crop" * 500, full.store.generation()) == (there.crop(1), store.generation())
        assert full.store.meta("home_id") == store.meta("home_id")
        assert saved.digest == backup(store, there.vault, tmp_path / "c", at=now, along=ALONG).digest
    assert (full.store.home / "config.toml").read_bytes() == (new / "config.toml").read_bytes()
    assert {_base(new), "config.toml", "key"} == {path.name for path in new.iterdir()}
    assert {0o600} == {path.stat().st_mode & 0o777 for path in new.iterdir()}


def test_what_was_decided_travels(full, key, new, tmp_path, now, decided, served):
    """Timetable, calendar, excuses, approvals, months, coverage, memberships, ids elsewhere: all comes back.

    So does what the service keeps, row by row, but for the browsers that are signed in, and what data protection does.
    """
    decided.decide(full, full.find("E-1").id, now)
    served.serve(full, full.find("E-1").id, now, group="7b")
    served.hold(full, full.find("E-1").id, now)
    served.share(full, full.find("E-1").id, now)
    saved = backup(full.store, full.vault, tmp_path / "b", at=now)
    make(tmp_path / "b", new, key=key)
    assert {name for name, count in saved.rows.items() if not count} <= {
        "alias",
        "correction",
        "lease",
        "sighting",
        "sighting_crop",
        "sign_in",
        "template_change",
        "worker",
    }
    with open_database(new) as store:
        there = Gallery(store, "test-1")
        assert saved.digest == backup(store, there.vault, tmp_path / "c", at=now).digest
        assert [] == [each for each in there.verify() if each.id != "gallery.no_template"]
        with store.atomic() as session:
            highest = store.counters(session)
    assert {"rule": 2, "rule_version": 4, "excuse": 3, "approval": 2, "month": 2}.items() <= highest.items()


def test_nobody_is_signed_in_by_a_restoration(full, save, key, new, now, served):
    """What lets somebody in at the moment of a backup is not in it: no browser, no setup link; the rest works on."""
    ada = full.find("E-1").id
    served.serve(full, ada, now, group="a", called="office")
    make(save(), new, key=key)
    here = _of_the_service(full.store, ada, now)
    with open_database(new) as store:
        there = _of_the_service(store, ada, now)

    assert None not in here[0]
    assert [here[0][0], None] == there[0]
    assert ("office", None) == (here[1].account.name, there[1])
    assert here[2:] == there[2:]


def _of_the_service(store: Database, person: int, now) -> list:
    """What a home keeps: first what lets somebody in, then the rest."""
    with store.reading() as view:
        cipher = Gallery(store, "test-1").sealer
        return [
            [tokens.found(view, f"office {kind}") for kind in ("kiosk", "setup")],
            sign_ins.found(view, "office cookie"),
            accounts.all_accounts(view),
            credentials.of_person(view, person),
            secrets.stored(view, cipher, "for office"),
            receivers.secret(view, cipher, 1),
            answers.found(view, cipher, 1, "office"),
            deliveries.due(view, now),
            watches.all_watches(view),
            jobs.all_jobs(view),
            attempts.of(view, "pin office"),
        ]


def test_ids_go_on_from_where_they_were(full, save, key, new, enrol):
    """Whoever comes after the restoration never gets the number of somebody who was removed before the backup."""
    make(save(), new, key=key)
    with open_database(new) as store:
        there = enrol(Gallery(store, "test-1"), "Next", 9)
    here = enrol(full, "Next", 9)

    assert here.person.id == there.person.id == 5


def test_the_key_is_apart(full, save):
    """Neither the key nor anything that was filed can be read in the file, and two backups are unlike."""
    first, second = save("one").read_bytes(), save("two").read_bytes()
    head, _, rest = first.partition(b"\n")
    secret = (full.store.home / "key").read_text().strip()

    assert ["format", "version", "schema", "created", "home", "salt", "key"] == list(json.loads(head))
    assert full.store.meta("home_id") == json.loads(head)["home"]
    for trace in (secret.encode(), bytes.fromhex(secret), b"Lovelace", b"E-1", "עדה".encode(), b"target_fpir", b"crop"):
        assert trace not in first
        assert trace not in zlib.compress(rest, 0)
    assert not {rest[at : at + 16] for at in range(0, 400, 16)} & {second[at : at + 16] for at in range(len(second))}
    assert secret[:32] not in json.loads(head).values()


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"]), min_size=6, max_size=40)


@settings(max_examples=8)
@given(
    st.lists(st.tuples(names, st.text(KEPT, max_size=30), st.lists(names, max_size=2), st.booleans()), max_size=6),
    st.sets(st.integers(0, 5), max_size=2),
)
def test_whatever_is_filed_comes_back(people, gone):
    """Any names, notes and groups, somebody removed or not: the digest is the same, and no name is in the file."""
    at, who = datetime(2026, 3, 2, tzinfo=UTC), {"by": "t"}
    with tempfile.TemporaryDirectory() as place, open_database(Path(place, "home")) as store:
        gallery, folder, filed = Gallery(store, "e"), Path(place), []
        for name, note, groups, active in people:
            with suppress(GalleryError):
                ref = gallery.add_person(name, note=note, groups=groups, at=at, **who).external_id
                gallery.set_active(ref, active, at=at, **who)
                filed.append(ref)
        for number in gone & set(range(len(filed))):
            gallery.remove(filed[number], at=at, **who)
        saved = backup(store, gallery.vault, folder / "b", at=at)
        make(folder / "b", folder / "new", key=folder / "home" / "key")
        with open_database(folder / "new") as there:
            shown = [gallery.people(active=None), Gallery(there, "e").people(active=None)]
        assert (saved.digest, shown[0]) == (_digest(folder / "new", folder, at), shown[1])
        data = (folder / "b").read_bytes()
        assert not [person.name for person in shown[0] if person.name.encode() in data]


def test_a_home_without_a_key_gets_one(store, home, tmp_path, now, new, enrol):
    """Nobody is enrolled yet: the backup makes the key that opens it, and that of the home ever after."""
    saved = backup(store, Gallery(store, "e").vault, tmp_path / "b", at=now)
    enrol(Gallery(store, "e"), "Ada", 1)
    make(tmp_path / "b", new, key=home / "key")

    assert (saved.digest, (home / "key").read_text()) == (_digest(new, tmp_path, now), (new / "key").read_text())
    assert not (new / "config.toml").exists()


def test_a_backup_from_before_a_new_key_opens_with_the_old_one(full, save, key, new, now):
    """A key that was rotated since does not open it; the copy of the old one does, also for what is enrolled later."""
    old = save()
    full.vault.rotate(at=now, by="t")
    with pytest.raises(KeyWrong, match="of home"):
        make(old, new, key=full.store.home / "key")
    make(old, new, key=key)
    make(save("later"), new.with_name("second"), key=full.store.home / "key")

    for place in (new, new.with_name("second")):
        with open_database(place) as store:
            assert 3 == len(Gallery(store, "test-1").load().ids)


@pytest.mark.sqlite_only("a server lets no row be without its owner")
def test_rows_without_their_owner_come_back_as_they_were(full, key, new, tmp_path, now):
    """A home with a defect can be backed up and restored, and the defect can be mended there."""
    with full.store.atomic() as session:
        session.execute(text("INSERT INTO meta VALUES ('odd', 'x')"))
    with raw(full.store.home) as run:
        run("DELETE FROM person WHERE external_id = 'E-1'")
    saved = backup(full.store, full.vault, tmp_path / "b", at=now)
    make(tmp_path / "b", new, key=key)

    with open_database(new) as store:
        there = Gallery(store, "test-1")
        assert saved.digest == backup(store, there.vault, tmp_path / "c", at=now).digest
        assert "gallery.orphan" in {problem.id for problem in there.verify()}
        assert "gallery.orphan" not in {problem.id for problem in there.repair(at=now, by="t")}


# Writing


def test_a_backup_is_private_and_replaces_nothing(save, tmp_path):
    """Mode 0600; a file, a folder or a link that leads nowhere is left as it is."""
    path = save()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    before = path.read_bytes()
    for name in ("backup", "folder", "link"):
        with pytest.raises(NotEmpty):
            save(name)

    assert (0o600, before) == (path.stat().st_mode & 0o777, path.read_bytes())
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_a_place_that_cannot_be_written_is_told(save):
    """A folder that is not there is gallery.read_only with the path."""
    with pytest.raises(GalleryReadOnly, match="nowhere"):
        save("nowhere/backup")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_leaves_no_file(save, tmp_path, monkeypatch, number):
    """Where the disk is full half-way: gallery.full, and neither the file nor a part of it is there."""
    before = _names(tmp_path)

    def no_room(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(ChunkWriter, "_put", no_room)
    with pytest.raises(GalleryFull, match="backup"):
        save()

    assert before == _names(tmp_path)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_home_that_may_only_be_read_can_be_backed_up(full, tmp_path, now):
    """Opened for reading only, a home with a key gives the same backup as when it may be written to."""
    backup(full.store, full.vault, tmp_path / "first", at=now)
    with open_database(full.store.home, read_only=True) as store:
        read = backup(store, Gallery(store, "e").vault, tmp_path / "a", at=now)

    assert read.digest == backup(full.store, full.vault, tmp_path / "b", at=now).digest


BACKUPS, AT_ONCE = 8, 10


def test_a_backup_while_others_write_is_of_one_moment(home, enrol, tmp_path, now):
    """Backups taken during enrolments: each restores to a sound home that holds whole enrolments only.

    Some ten begin with each backup, and go on while it is taken: a home that grew as fast as it can would cost more.
    """
    wanted = threading.Semaphore(0)

    def write() -> None:
        with open_database(home) as store:
            for seed in range(BACKUPS * AT_ONCE):
                wanted.acquire()
                enrol(Gallery(store, "test-1"), f"p{seed}", seed, crop=os.urandom(3000))

    writer = threading.Thread(target=write)
    with open_database(home) as store:
        writer.start()
        for number in range(BACKUPS):
            wanted.release(AT_ONCE)
            backup(store, Gallery(store, "test-1").vault, tmp_path / f"b{number}", at=now)
    writer.join()
    counts = []
    for number in range(BACKUPS):
        make(tmp_path / f"b{number}", tmp_path / f"h{number}", key=home / "key")
        with open_database(tmp_path / f"h{number}") as copy:
            found = Gallery(copy, "test-1")
            counts.append(len(found.people()))
            assert [] == found.verify()
            assert counts[-1] == found.stats().templates == found.stats().crops

    assert sorted(counts) == counts
    assert 0 < counts[-1] <= BACKUPS * AT_ONCE


# Refusing


def _refused(
    path: Path, new: Path, key: Path | None, kind: type[GalleryError] = BackupInvalid, match: str | None = None
) -> None:
    before, there = _bytes(new), is_there(new)
    with pytest.raises(kind, match=match):
        make(path, new, key=key)
    assert (before, there) == (_bytes(new), is_there(new))
    assert new.exists() == bool(before)


@pytest.fixture
def long(full, save, enrol) -> bytes:
    """A backup of several chunks, the last of them short."""
    for seed in range(20, 24):
        enrol(full, f"p{seed}", seed, crop=os.urandom(CHUNK))
    return save("long").read_bytes()


def _some(places: range, count: int) -> list[int]:
    return np.random.default_rng(1).choice(places, count, replace=False).tolist()


def test_a_cut_backup_is_refused(long, key, new, tmp_path):
    """Cut at the end of its head, of every chunk, beside them, and at random bytes: refused, nothing is written."""
    start = long.index(b"\n") + 1
    ends = {end + step for end in range(start, len(long), CHUNK + TAG) for step in (-1, 0, 1)}
    ends |= set(_some(range(len(long)), 20)) | {0, len(long) - 1}
    for end in sorted(ends - {len(long)}):
        (tmp_path / "cut").write_bytes(long[:end])
        _refused(tmp_path / "cut", new, key)


def test_nothing_is_begun_before_all_is_proved(long, key, new, tmp_path, monkeypatch):
    """A backup whose last byte alone is wrong is refused before any database, folder or file is made."""
    (tmp_path / "wrong").write_bytes(long[:-1] + bytes([long[-1] ^ 1]))
    monkeypatch.setattr(engine_of(new), "building", None)
    _refused(tmp_path / "wrong", new, key)


def test_a_changed_backup_is_refused(long, key, new, tmp_path, engine):
    """A byte changed in the head or anywhere after it, or bytes added: refused, nothing is written.

    On a server, which takes long to be asked what is there, some bytes of the head stand for it, others in each run.
    """
    start, rest = long.index(b"\n") + 1, 60 if engine == "sqlite" else 8
    head = range(start) if engine == "sqlite" else {0, start - 1, *random.sample(range(start), 16)}
    for place in [*head, *_some(range(start, len(long)), rest), len(long) - 1]:
        for change in (1, 128):
            data = bytearray(long)
            data[place] ^= change
            changed = tmp_path / f"changed at {place} by {change}"
            changed.write_bytes(data)
            _refused(changed, new, key, GalleryError)
            changed.unlink()
    (tmp_path / "more").write_bytes(long + b"\0")
    _refused(tmp_path / "more", new, key)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{}\n", b"[]\n", b"SQLite format 3\x00", b"PK\x03\x04", None, "folder"]
)
def test_what_is_no_backup_is_refused(key, new, tmp_path, content):
    """Empty, another program's file, no file at all, a folder: gallery.backup_invalid."""
    path = tmp_path / "file"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    _refused(path, new, key)


def test_a_later_one_is_refused(save, key, new, tmp_path):
    """A backup of a schema or a form that this version does not know is gallery.newer, with what it is."""
    head, _, rest = save().read_bytes().partition(b"\n")
    for change in ({"schema": "9999"}, {"version": 3}):
        (tmp_path / "later").write_bytes(json.dumps(json.loads(head) | change).encode() + b"\n" + rest)
        _refused(tmp_path / "later", new, key, GalleryNewer, str(next(iter(change.values()))))


def test_the_wrong_key_opens_nothing(full, save, key, new, tmp_path):
    """Another home's key, no key, what is no key: refused, and the message tells whose key is needed."""
    path, home_id = save(), full.store.meta("home_id")
    other, none = tmp_path / "other-key", tmp_path / "none"
    other.write_text("ab" * 32)
    (tmp_path / "bad").write_text("not a key")
    _refused(path, new, other, KeyWrong, home_id)
    _refused(path, new, None, KeyMissing, home_id)
    _refused(path, new, none, KeyMissing)
    _refused(path, new, tmp_path / "bad", KeyWrong)

    new.mkdir(exist_ok=True)
    shutil.copy(other, new / "key")
    (new / "key").chmod(0o600)
    _refused(path, new, None, KeyWrong, home_id)
    _refused(path, new, key, NotEmpty, "another key")


def test_a_key_that_lies_in_the_folder_is_taken(save, key, new, tmp_path, now):
    """Where only the key file lies in the folder, it opens the backup; one that others may read is refused."""
    path = save()
    new.mkdir(exist_ok=True)
    shutil.copy(key, new / "key")
    (new / "key").chmod(0o644)
    _refused(path, new, None, KeyExposed)
    (new / "key").chmod(0o600)
    made = make(path, new)

    assert made.digest == _digest(new, tmp_path, now)


USED = [
    "attendance.db",
    "attendance.db-wal",
    "attendance.db-journal",
    "attendance.db.0001-x.bak",
    "key.new",
    "config.toml",
]


@pytest.mark.sqlite_only("what is refused are files that it has")
@pytest.mark.parametrize("name", USED)
def test_a_home_that_was_used_is_refused(save, key, new, name):
    """A database, what is left of one, a key in waiting, other settings: refused by name, nothing is touched."""
    path = save()
    new.mkdir(exist_ok=True)
    (new / name).write_bytes(b"something")
    _refused(path, new, key, NotEmpty, name)


def test_settings_that_are_the_same_may_lie_there(full, save, key, new):
    """The settings of the backup itself, as a killed restoration leaves them, are no obstacle; nor are notes."""
    path = save()
    new.mkdir(exist_ok=True)
    shutil.copy(full.store.home / "config.toml", new)
    (new / "notes.txt").write_text("mine")
    make(path, new, key=key)

    assert {_base(new), "config.toml", "key", "notes.txt"} == _names(new)


@pytest.mark.sqlite_only("a home on a server has a folder that names it")
def test_a_file_where_the_folder_should_be_is_refused(save, key, new):
    """A file in the place of the home is told, and stays."""
    path = save()
    new.write_text("mine")
    with pytest.raises(GalleryMissing, match="a file stands"):
        make(path, new, key=key)
    assert "mine" == new.read_text()


@pytest.mark.sqlite_only("on a server nobody begins a home while one is restored: both need the lock")
def test_a_home_that_appears_meanwhile_stays(save, key, new, monkeypatch):
    """Somebody makes a home in the same place while one is restored: theirs stays as it is."""
    path = save()
    before = {}

    def meanwhile(*given: object, **how: object) -> tuple:
        found = filled(*given, **how)
        open_database(new).close()
        before.update(contents(new))
        return found

    filled = backup_restoring.filled
    monkeypatch.setattr(backup_restoring, "filled", meanwhile)
    with pytest.raises(NotEmpty, match="meanwhile"):
        make(path, new, key=key)

    half_done = (".attendance.",)
    assert {each: before[each] for each in before if not each.startswith(half_done)} == contents(new)


@pytest.mark.sqlite_only("where a file reaches its end is told to SQLite here")
def test_a_full_disk_restores_nothing(save, key, new, monkeypatch):
    """Where the disk is full half-way: gallery.full, and the folder is gone again."""
    path, connect = save(), gallery_home._connect_unsynced

    def small(place: Path):
        raw = connect(place)
        raw.execute("PRAGMA max_page_count = 30")
        return raw

    monkeypatch.setattr(gallery_home, "_connect_unsynced", small)
    _refused(path, new, key, GalleryFull)


def _forged(path: Path, full: Gallery, now, *lines: bytes, revision: str = REVISIONS[-1]) -> Path:
    """A backup with these lines in it, by somebody who has the key."""
    cipher = Sealer(load_key(full.store.home, create=False), full.store.meta("home_id"))
    head = Head.new(full.store.meta("home_id"), revision, now, cipher)
    with path.open("wb") as file:
        file.write(head.line)
        with ChunkWriter(file, head.sealing_key(cipher), head.line) as sealed:
            sealed.write(zlib.compress(b"".join(line + b"\n" for line in lines)))
    return path


NONSENSE = [
    b"[1]",
    b"1",
    b"{",
    b"{}",
    b'{"columns":[],"table":"nowhere"}',
    b'{"columns":["name"],"table":"group"}\n[1]',
    b'{"columns":["id","name"],"table":"group"}\n[1]',
    b'{"columns":["id","name"],"table":"group"}\n1',
    b'{"bytes":"","file":"../outside"}',
    b'{"bytes":"","file":"key"}',
    b'{"bytes":1,"file":"config.toml"}',
    b'{"counters":[]}',
    b'{"counters":{"person":"x"}}',
]


def test_lines_that_make_no_sense_are_refused(full, key, new, tmp_path, now):
    """Sealed with the right key, but not as a backup is: refused, and nothing is written, least of all outside."""
    for number, line in enumerate(NONSENSE):
        _refused(_forged(tmp_path / f"forged {number}", full, now, line), new, key)
        assert not (tmp_path / "outside").exists()


def test_what_is_sealed_must_unpack(full, key, new, tmp_path, now, monkeypatch):
    """Sealed bytes that are not compressed lines are refused."""
    monkeypatch.setattr(zlib, "compress", lambda data: data)
    _refused(_forged(tmp_path / "forged", full, now, b"{}"), new, key, match="unpacked")


# Older schemas

STEP = '''"""A later step, made up for the tests."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("person", recreate="always", table_kwargs={{"sqlite_autoincrement": True}}) as table:
        table.add_column(sa.Column("badge", sa.Text(), nullable=False, server_default="none"))
    {more}
'''


@pytest.fixture
def later(tmp_path, monkeypatch):
    """Make this version one that knows a later schema; returns how to give its step one more line."""

    def make_later(more: str = "") -> None:
        steps = tmp_path / "migrations"
        shutil.copytree(MIGRATIONS, steps, ignore=shutil.ignore_patterns("__pycache__"))
        (steps / "versions" / "rev_9999_later.py").write_text(STEP.format(before=REVISIONS[-1], more=more))
        known = (*REVISIONS, "9999")
        for module in (gallery_home, gallery_steps, sqlite_restoring, backup_restoring):
            monkeypatch.setattr(module, "REVISIONS", known)
        monkeypatch.setattr(sqlite_restoring, "run_migrations", partial(run_migrations, migrations=steps))

    return make_later


@pytest.mark.sqlite_only("the later schema is made known to its upgrade")
def test_an_older_backup_is_upgraded(save, key, new, later):
    """A backup of an earlier schema is restored in that schema and upgraded; no copy is left, no id is used again."""
    path = save()
    later()
    make(path, new, key=key)
    with open_database(new) as store, store.atomic() as session:
        assert {"none"} == set(session.scalars(text("SELECT badge FROM person")))
        assert ("9999", 4) == (
            session.scalar(text("SELECT version_num FROM alembic_version")),
            store.counters(session)["person"],
        )
        assert 3 == len(Gallery(store, "test-1").load().ids)
    assert {"attendance.db", "config.toml", "key"} == _names(new)


FIRST = {
    "event": "action at by details seq subject",
    "group": "id name",
    "meta": "key value",
    "person": "active created external_id id name note",
    "lookalike": "created first_id score second_id",
    "membership": "group_id person_id",
    "session": "closes day group_id id kind name opens zone",
    "template": "created encoder_id id person_id quality source source_sha256 vector",
    "crop": "picture template_id",
    "mark": "at evidence how id person_id session_id void_reason voided_at voided_by",
}
"""The tables of schema 0001 in the order of a backup, each with its columns."""


def _first(full: Gallery) -> list[bytes]:
    """The lines of a home of schema 0001: two people, one template, a mark and one that is void."""
    at, good, bad = "2026-03-02T07:58:11.204000Z", "a" * 32, "b" * 32
    with full.store.reading() as session:
        sealed = session.execute(text("SELECT vector FROM template WHERE id = 1 AND person_id = 1")).scalar_one()
    facts = {name: full.store.meta(name) for name in ("home_id", "key_check")}
    told = enumerate((("mark.add", good), ("mark.add", bad), ("mark.void", bad)), 1)
    held = {
        "event": [[action, at, "t", "{}", number, mark] for number, (action, mark) in told],
        "meta": [["generation", "7"], *([name, value] for name, value in facts.items())],
        "person": [[True, at, f"E-{n}", n, f"p{n}", ""] for n in (1, 2)],
        "session": [[None, None, None, 1, "named", "Maths", at, "UTC"]],
        "template": [[at, "test-1", 1, 1, "{}", "x.jpg", "s", base64.b64encode(sealed).decode()]],
        "mark": [[at, "{}", "file", good, 1, 1, None, None, None], [at, "{}", "file", bad, 2, 1, "r", at, "t"]],
    }
    values = [{"counters": {"event": 3, "person": 9, "session": 1, "template": 1}}]
    for table, columns in FIRST.items():
        values += [{"columns": columns.split(), "table": table}, *held.get(table, [])]
    return [json.dumps(value, separators=(",", ":"), sort_keys=True).encode() for value in values]


def test_a_backup_of_the_first_schema_is_restored(full, key, new, tmp_path, now):
    """Rows as schema 0001 had them, a mark and one that is void among them, come back whole, whatever is newest."""
    path = _forged(tmp_path / "first", full, now, *_first(full), revision="0001")
    made = make(path, new, key=key)

    assert ("0001", 2, 2) == (made.revision, made.rows["person"], made.rows["mark"])
    with open_database(new) as store, store.reading() as session:
        there = Gallery(store, "test-1")
        assert {"p1": 1, "p2": 0} == {each.name: each.templates for each in there.people()}
        assert ([1], 7) == (there.load().people.tolist(), store.generation())
        assert (2, 9) == (session.scalar(text("SELECT count(*) FROM mark")), store.counters(session)["person"])
        assert ["gallery.no_template"] == [problem.id for problem in there.verify()]


def test_an_older_backup_leaves_out_rows_without_their_owner(full, key, new, tmp_path, now):
    """Marks of a session that is not there keep nobody from the upgrade: each is told, and all else is there."""
    whole = _first(full)
    parts = [line for line in whole if b'"Maths"' not in line]
    made = make(_forged(tmp_path / "first", full, now, *parts, revision="0001"), new, key=key)

    assert len(whole) - 1 == len(parts)
    assert [("mark", mark * 32, "session", None) for mark in "ab"] == [
        (each.table, each.row, each.parent, each.now) for each in made.lost
    ]
    with open_database(new) as store, store.reading() as session:
        assert ["p1", "p2"] == [each.name for each in Gallery(store, "test-1").people()]
        assert (0, ()) == (session.scalar(text("SELECT count(*) FROM mark")), store.check().orphans)


@pytest.mark.sqlite_only("the later schema is made known to its upgrade")
@pytest.mark.parametrize("more", ["op.execute('DELETE FROM person')", "op.execute('SELECT * FROM nowhere')"])
def test_an_upgrade_that_fails_restores_nothing(save, key, new, later, more):
    """Where the upgrade would lose an owner or fails, there is no home, as before."""
    path = save()
    later(more)
    _refused(path, new, key, GalleryError)


# Kills


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.slow
@pytest.mark.sqlite_only("on a server all of it is one step")
@pytest.mark.parametrize("way", ["as it was", "erased since", "by a recovery key"])
def test_a_killed_restoration_leaves_an_empty_home_or_the_whole(full, key, tmp_path, now, way):
    """Killed at any change of a file and between statements: no home or all of it, and the next try goes through.

    All of it is also without whom was erased since: there is no moment at which they are there again. The steps are
    counted; tried are the first, the last, those around each change of place, and some between, other ones in each run
    of the tests.
    """
    public, private = new_pair()
    (tmp_path / "private").write_text(private)
    recovery = public if way == "by a recovery key" else None
    backup(full.store, full.vault, tmp_path / "b", at=now, along=ALONG, recovery=recovery)
    if way != "as it was":
        full.remove("E-1", at=now, by="t")
        with full.store.atomic() as step:
            consents.drop_face(step, full.find("עדה 🙂").id, now)
        erased.publish(full.store, full.vault, [tmp_path])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(CHILD), str(tmp_path / "b"), str(key), str(tmp_path / "runs")]
    command += ["41" if way == "as it was" else "150", TRIES, str(random.getrandbits(16))]
    command += [str(tmp_path / "private")] if recovery else []
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=600)
    assert (0, "") == (result.returncode, result.stderr)
    runs = [json.loads(line) for line in result.stdout.splitlines()]

    assert len(runs) > 10
    assert [True] * (len(runs) - 1) + [False] == [run["killed"] for run in runs]
    assert {"none", "whole"} == {run["found"] for run in runs}
    assert {("whole", "attendance.db config.toml key")} == {(run["again"], run["names"]) for run in runs}
