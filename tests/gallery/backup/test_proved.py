"""A backup is read back before it gets its name, and no damage to it goes unseen."""

import os
import shutil
from pathlib import Path

import pytest

from gallery import BackupInvalid, GalleryError, GalleryFailed, Store, open_database
from gallery.backup import backup, restore
from gallery.backup import saving as backup_saving
from gallery.opening import engine_of, is_there
from gallery.vault.chunks import ChunkWriter
from gallery.vault.recovery import new_pair

FILES = Path(__file__).parent / "files"
SIXTEENTHS = range(16)


@pytest.fixture(params=["the home's key alone", "a recovery key, too"])
def whole(full, tmp_path, now, request) -> bytes:
    """A backup of either version."""
    public = new_pair()[0] if "recovery" in request.param else None
    backup(full.store, full.vault, tmp_path / "whole", at=now, recovery=public)
    return (tmp_path / "whole").read_bytes()


def _refused(data: bytes, new: Path, key: Path) -> None:
    new.with_name("damaged").write_bytes(data)
    with pytest.raises(GalleryError) as refused:
        restore(engine_of(new), new.with_name("damaged"), new, key=key)
    assert not is_there(new)
    assert refused.value.id in ("gallery.backup_invalid", "gallery.newer", "gallery.key_wrong")


def test_a_backup_cut_at_each_sixteenth_restores_nothing(whole, key, new):
    """Whatever share of the file is there: refused by id, and no folder is made."""
    for part in SIXTEENTHS:
        _refused(whole[: len(whole) * part // 16], new, key)
    _refused(whole[:-1], new, key)


def test_a_backup_with_a_byte_flipped_at_each_sixteenth_restores_nothing(whole, key, new):
    """One bit anywhere: refused by id, and no folder is made."""
    for part in SIXTEENTHS:
        data = bytearray(whole)
        data[len(whole) * part // 16] ^= 1
        _refused(bytes(data), new, key)


@pytest.mark.sqlite_only("of an engine is what is written, and not the file")
@pytest.mark.parametrize("part", [0, 5, 11, 15])
def test_what_does_not_read_back_is_no_backup(full, tmp_path, now, monkeypatch, part):
    """A disk that does not keep what was written: told by id, and neither the file nor a part of it is left."""
    before = {path.name for path in tmp_path.iterdir()}

    def rot(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) * part // 16] ^= 1
        path.write_bytes(data)

    monkeypatch.setattr(backup_saving, "_forget_cached", rot)
    with pytest.raises(GalleryFailed, match="does not read back"):
        backup(full.store, full.vault, tmp_path / "b", at=now)
    assert before == {path.name for path in tmp_path.iterdir()}


def test_a_backup_that_holds_something_else_is_none(full, tmp_path, now, monkeypatch):
    """Genuine to the last byte, but not what was read from the home: it is refused as well."""
    compress = backup_saving._compress
    monkeypatch.setattr(
        backup_saving, "_compress", lambda lines, sealed: compress((x for x in lines if b"Ada" not in x), sealed)
    )
    with pytest.raises(GalleryFailed, match="does not read back"):
        backup(full.store, full.vault, tmp_path / "b", at=now)
    assert not (tmp_path / "b").exists()


def test_it_is_read_from_the_file_system_after_it_was_synced(full, tmp_path, now, monkeypatch):
    """The bytes are forced to the disk before they are read back."""
    done = []
    sync, writer = os.fsync, ChunkWriter.__exit__
    monkeypatch.setattr(os, "fsync", lambda number: (done.append("sync"), sync(number))[1])
    monkeypatch.setattr(ChunkWriter, "__exit__", lambda *given: (done.append("written"), writer(*given))[1])
    chunks = backup_saving.Source.lines
    monkeypatch.setattr(backup_saving.Source, "lines", lambda *given: (done.append("read"), chunks(*given))[1])
    backup(full.store, full.vault, tmp_path / "b", at=now)

    assert ["written", "sync", "read"] == done[:3]


@pytest.mark.skipif(os.name != "posix", reason="needs modes of files")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277, 0o777])
def test_a_backup_is_private_whatever_the_umask(full, key, new, tmp_path, now, mask):
    """Mode 0600 with every umask, and so are the files of a home that is made of it."""
    backup(full.store, full.vault, tmp_path / "first", at=now)
    before = os.umask(mask)
    try:
        backup(full.store, full.vault, tmp_path / "b", at=now, along=("config.toml",))
    finally:
        os.umask(before)
    os.umask(0o000)
    try:
        restore(engine_of(new), tmp_path / "b", new, key=key, along=("config.toml",))
    finally:
        os.umask(before)

    assert 0o600 == (tmp_path / "b").stat().st_mode & 0o7777
    assert {0o600} == {path.stat().st_mode & 0o7777 for path in new.iterdir()}
    assert 0o700 == new.stat().st_mode & 0o7777


def test_a_backup_of_the_first_form_is_restored(tmp_path):
    """A file that the program before recovery keys wrote, of schema 0004, opens with its key as ever."""
    (tmp_path / "key").write_text("5e" * 32 + "\n")
    made = restore(Store, FILES / "version1.backup", tmp_path / "new", key=tmp_path / "key", along=("config.toml",))
    with open_database(tmp_path / "new") as store:
        from gallery import Gallery

        there = Gallery(store, "test-1")
        assert ["Ada Lovelace", "Grace Hopper"] == [each.name for each in there.people()]
        assert (2, []) == (len(there.load().ids), there.verify())

    assert ("0004", "e1a4f6a762ce728f5b133b55e6f8ff9671db1c457732fa233f5274282d8400bc") == (made.revision, made.digest)


def test_a_folder_that_goes_while_it_is_written_is_told(full, tmp_path, now, monkeypatch):
    """The folder is taken away half-way: told by id, and the home goes on."""
    place = tmp_path / "stick"
    place.mkdir()
    written = backup_saving._written

    def pulled(*given: object) -> object:
        found = written(*given)
        shutil.rmtree(place)
        return found

    monkeypatch.setattr(backup_saving, "_written", pulled)
    with pytest.raises(GalleryError) as refused:
        backup(full.store, full.vault, place / "b", at=now)
    assert "gallery.read_only" == refused.value.id
    assert BackupInvalid is not type(refused.value)
