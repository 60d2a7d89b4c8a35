"""A home with something of everything, its backup, and where it is to be restored."""

import shutil
from pathlib import Path

import pytest

from gallery import Gallery
from gallery.backup import backup

ALONG = ("config.toml",)


@pytest.fixture
def full(gallery, enrol, now) -> Gallery:
    """Groups, crops, look-alikes, somebody who left, somebody without a template, and one who was removed last."""
    enrol(gallery, "Ada Lovelace", 1, groups=["a", "b"], crop=b"crop" * 500, external_id="E-1", note="n\n\x01")
    enrol(gallery, "Ada Lovelace", 2, external_id="E-1")
    enrol(gallery, "עדה 🙂", 3, groups=["a"])
    gallery.add_person("Left", at=now, by="t")
    gallery.set_active("Left", False, at=now, by="t")
    gallery.remember_lookalike("E-1", "עדה 🙂", 0.123456789, at=now, by="t")
    enrol(gallery, "Gone", 4)
    gallery.remove("Gone", at=now, by="t")
    (gallery.store.home / "config.toml").write_bytes(b'\xef\xbb\xbftarget_fpir = 0.01 # "\xc3\xa4"\r\n')
    return gallery


@pytest.fixture
def save(full, tmp_path, now):
    """Write a backup of the full home; returns its path."""

    def write(name: str = "backup") -> Path:
        backup(full.store, full.vault, tmp_path / name, at=now, along=ALONG)
        return tmp_path / name

    return write


@pytest.fixture
def key(full, tmp_path) -> Path:
    """A copy of the key of the full home."""
    return shutil.copy(full.store.home / "key", tmp_path / "key-copy")


@pytest.fixture
def new(tmp_path) -> Path:
    """Where no home is yet."""
    return tmp_path / "new"
