"""The vault of a home: a new key takes the old one's place whole or not at all, whoever is at work meanwhile."""

import json
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from servers import contents
from sqlalchemy import Engine, event

from gallery import Gallery, GalleryIndex, GalleryLocked, GalleryReadOnly, TemplateAltered, history, open_database
from gallery.schema import Template
from gallery.vault import filevault, key

PEOPLE = 3
AUDIT = 1
"""The secret that links the entries of the log is sealed, too."""


@pytest.fixture
def full(gallery, enrol) -> Gallery:
    """People with crops under this encoder and one more template under another."""
    for seed in range(1, PEOPLE + 1):
        enrol(gallery, f"p{seed}", seed, crop=bytes([seed]) * 100)
    enrol(Gallery(gallery.store, "other"), "p1", 9)
    return gallery


def _key(home: Path) -> str:
    return (home / "key").read_text()


def _content(home: Path, **options) -> tuple:
    """Everything sealed in a home, opened by a program that has just started."""
    with open_database(home, **options) as store:
        gallery = Gallery(store, "test-1")
        found, other = gallery.load(), Gallery(store, "other").load()
        crops = [gallery.crop(each) for each in found.ids.tolist()]
        return found.vectors.tolist(), other.vectors.tolist(), crops, gallery.verify()


def test_a_new_key_opens_everything(full, home, now):
    """After a rotation the key is another one, and every template and crop of every encoder opens as before."""
    before, old = _content(home), _key(home)
    count = full.vault.rotate(at=now, by="t")

    assert 2 * PEOPLE + 1 + AUDIT == count
    assert old != _key(home)
    assert before == _content(home) == _content(home, read_only=True)
    assert [] == before[-1]
    assert (0o600, False) == ((home / "key").stat().st_mode & 0o777, (home / "key.new").exists())


def test_the_old_key_opens_nothing(full, home, now):
    """No value that the old key opens is left, in the rows or in any byte of the home's files."""
    with full.store.reading() as session:
        sealed = [bytes(row.vector) for row in session.query(Template)]
    full.vault.rotate(at=now, by="t")
    files = b"".join(contents(home).values())

    assert not [each for each in sealed if each in files]


def test_it_is_recorded(full, now):
    """The event log tells when, by whom and of how many values, and the generation rises."""
    before = full.store.generation()
    full.vault.rotate(at=now, by="the owner")
    with full.store.reading() as session:
        (told,) = history(session, action=filevault.ROTATED)

    assert (now, "the owner", {"values": 7 + AUDIT}) == (told.at, told.by, told.details)
    assert before < full.store.generation()


def test_many_values(gallery, enrol, home, now, monkeypatch):
    """More values than are taken at a time are sealed anew all the same."""
    monkeypatch.setattr("gallery.repositories.resealing.A_BATCH", 3)
    for seed in range(10):
        enrol(gallery, f"p{seed}", seed, crop=b"crop")

    assert 20 + AUDIT == gallery.vault.rotate(at=now, by="t")
    assert (10, []) == (len(_content(home)[0]), _content(home)[-1])


def test_an_empty_home(gallery, home, now):
    """Where nothing is sealed there is a new key all the same."""
    assert AUDIT == gallery.vault.rotate(at=now, by="t")
    first = _key(home)
    assert AUDIT == gallery.vault.rotate(at=now, by="t")
    assert first != _key(home)


# Who is at work meanwhile


def test_programs_that_run_go_on(full, home, enrol, now, vector):
    """A program that had the old key in memory searches, enrols and is read by others after a rotation elsewhere."""
    index = GalleryIndex(full)
    index.refresh()
    with open_database(home) as other:
        Gallery(other, "test-1").vault.rotate(at=now, by="t")
    enrol(full, "new", 20, crop=b"new")
    index.refresh()
    (hits,) = index.search(vector(20)[np.newaxis], [0.25])

    assert full.find("new").id == hits[0].person_id
    assert (PEOPLE + 1, []) == (len(_content(home)[0]), _content(home)[-1])


def test_a_view_from_before_is_read_with_the_old_key(full, home, now):
    """Who is in `reading()` while somebody rotates the key opens what is in that view, and afterwards the new."""
    with full.store.reading():
        before = full.load().vectors.tolist()
        with open_database(home, busy_timeout_s=0.5) as other:  # the log cannot be emptied before this view ends
            Gallery(other, "test-1").vault.rotate(at=now, by="t")
        assert before == full.load().vectors.tolist()

    assert before == full.load().vectors.tolist()


@pytest.mark.usefixtures("full")
def test_rotations_and_enrolments_at_once(home, enrol, now):
    """Two programs that rotate and one that enrols, all at the same time: everybody's templates open in the end."""
    failed: list[BaseException] = []

    def act(work) -> None:
        try:
            with open_database(home, busy_timeout_s=60) as store:
                for number in range(6):
                    work(Gallery(store, "test-1"), number)
        except BaseException as error:  # noqa: BLE001  told below
            failed.append(error)

    works = [
        lambda gallery, _: gallery.vault.rotate(at=now, by="t"),
        lambda gallery, _: gallery.vault.rotate(at=now, by="t"),
        lambda gallery, number: enrol(gallery, f"new{number}", 100 + number, crop=b"crop"),
    ]
    threads = [threading.Thread(target=act, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failed
    assert (PEOPLE + 6, []) == (len(_content(home)[0]), _content(home)[-1])


# What stops it


def test_a_value_that_does_not_open_stops_it(full, home, now):
    """An altered template refuses the rotation as a whole: the old key stays, and all else opens."""
    with full.store.atomic() as session:
        row = session.get(Template, 2)
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])
    before = _key(home)
    with pytest.raises(TemplateAltered):
        full.vault.rotate(at=now, by="t")

    assert before == _key(home)
    assert (2,) == full.load().altered
    assert ["gallery.template_altered"] == [problem.id for problem in full.verify()]


def test_not_inside_another_step(full, home, now):
    """Inside another step, which might be taken back, no key is rotated."""
    before = _key(home)
    for door in (full.store.atomic, full.store.reading):
        with door(), pytest.raises(RuntimeError, match="step of its own"):
            full.vault.rotate(at=now, by="t")

    assert before == _key(home)


@pytest.mark.usefixtures("full")
def test_not_for_readers(home, now):
    """A home opened for reading only keeps its key."""
    before = _key(home)
    with open_database(home, read_only=True) as store, pytest.raises(GalleryReadOnly):
        Gallery(store, "test-1").vault.rotate(at=now, by="t")

    assert (before, False) == (_key(home), (home / "key.new").exists())


@pytest.fixture
def unsettled(full, now, monkeypatch) -> Gallery:
    """A home whose key was rotated while another program wrote just when the keys would have changed places."""
    settle = filevault.FileVault._settle_if_free

    def refuse() -> None:
        raise GalleryLocked("attendance.db", "database is locked")

    def settle_while_locked(vault) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(full.store, "atomic", refuse)
            settle(vault)

    with monkeypatch.context() as patch:
        patch.setattr(filevault.FileVault, "_settle_if_free", settle_while_locked)
        full.vault.rotate(at=now, by="t")
        full.load()  # has the new key in memory from here on, still without a chance to put it in place
    return full


def test_the_places_are_changed_later(unsettled, home):
    """A new key that could not take its place opens all from where it lies, and takes it at the next writing start."""
    before, waiting = unsettled.load().vectors.tolist(), (home / "key.new").read_text()

    assert before == _content(home, read_only=True)[0]
    assert waiting == (home / "key.new").read_text() != _key(home)
    assert before == _content(home)[0]
    assert (waiting, False) == (_key(home), (home / "key.new").exists())


def test_a_new_key_is_never_written_over_before_it_is_in_place(unsettled, home, now, monkeypatch):
    """A second rotation that breaks off loses no key that the first one left waiting."""
    before = unsettled.load().vectors.tolist()
    monkeypatch.setattr(filevault.resealing, "reseal_all", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        unsettled.vault.rotate(at=now, by="t")

    assert (before, []) == (_content(home)[0], _content(home)[-1])


def test_a_waiting_key_that_opens_nothing_is_written_over(full, home, now):
    """What a rotation that was broken off left beside the key is never used, and the next rotation replaces it."""
    for left in ("ab" * 32 + "\n", "half"):
        (home / "key.new").write_text(left)
        (home / "key.new").chmod(0o600)
        before = _key(home)
        assert [] == _content(home)[-1]
        assert before == _key(home)
        full.vault.rotate(at=now, by="t")
        assert ([], False) == (_content(home)[-1], (home / "key.new").exists())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_killed_at_any_point(full, home, homes, now, drawn):
    """Killed before any statement, commit or change of places, one of the two keys opens everything, for all.

    The steps are counted once; tried are the first, the last, those around the changes of files, and some between.
    """
    before, keys, killed = _content(home), set(), []
    full.store.close()
    for steps in [*drawn(*_counted(homes.copy(home, "counted"), now)), 0]:
        pid = os.fork()
        if pid == 0:
            try:
                _rotate_and_die(home, steps, now)
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        assert (steps, before[:-1]) == (steps, _content(home, read_only=True)[:-1])  # what goes may still wait to
        assert (steps, before) == (steps, _content(home))
        keys.add(_key(home))
        killed.append(os.WIFSIGNALED(status))

    assert 8 <= sum(killed)
    assert not killed[-1]
    assert len(keys) > 2


def _counted(home: Path, now) -> tuple[int, tuple[int, ...]]:
    """How many steps a rotation takes, and which are before and after changes of files."""
    pid = os.fork()
    if pid == 0:
        try:
            (home / "steps").write_text(json.dumps(_rotate_and_die(home, 0, now)))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    count, named = json.loads((home / "steps").read_text())
    return count, tuple(named)


def _rotate_and_die(home: Path, steps: int, now) -> tuple[int, list[int]]:
    taken, named = 0, []

    def step(*_: object) -> None:
        nonlocal taken
        taken += 1
        if taken == steps:
            os.kill(os.getpid(), signal.SIGKILL)

    def file_step() -> None:
        named.append(taken + 1)
        step()

    def placed(folder: Path, put=key.put_in_place) -> None:
        file_step()
        put(folder)
        file_step()

    def written(folder: Path, data: bytes, write=key.write_waiting) -> None:
        file_step()
        write(folder, data)
        file_step()

    with open_database(home) as store:
        for name in ("before_cursor_execute", "commit"):
            event.listen(Engine, name, step)
        filevault.put_in_place = placed
        filevault.write_waiting = written
        Gallery(store, "test-1").vault.rotate(at=now, by="t")
    return taken, named
