"""A home copied to another place, on either engine: the same to the last row, or nothing."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gallery import Gallery, GalleryDamaged, GalleryError, KeyMissing, NotEmpty, open_database
from gallery.backup import backup, copy, copying, restore
from gallery.opening import engine_of, is_there
from gallery.repositories import chain, chaincheck, secrets

ALONG = ("config.toml",)
PASSING = {"lease", "sign_in", "template_change", "worker"}
"""Tables of what is of one moment alone: no copy has their rows."""


@pytest.fixture
def lived(gallery, enrol, now, decided, served) -> Gallery:
    """A home with something of everything, somebody who was removed last, and settings."""
    enrol(gallery, "Ada Lovelace", 1, groups=["a", "b"], crop=b"crop" * 500, external_id="E-1", note="n\n\u200f")
    enrol(gallery, "עדה 🙂", 3, groups=["a"])
    decided.decide(gallery, gallery.find("E-1").id, now)
    served.serve(gallery, gallery.find("E-1").id, now, group="7b")
    served.hold(gallery, gallery.find("E-1").id, now)
    served.share(gallery, gallery.find("E-1").id, now)
    enrol(gallery, "Gone", 4)
    gallery.remove("Gone", at=now, by="t")
    (gallery.store.home / "config.toml").write_bytes(b'\xef\xbb\xbftarget_fpir = 0.01 # "\xc3\xa4"\r\n')
    return gallery


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request, tmp_path, postgres) -> Path:
    """Where no home is yet, on each engine; with a server, whatever the home that is copied is on."""
    from servers import Homes

    return Homes(tmp_path, postgres if request.param == "postgresql" else None).new("other")


def copied(gallery: Gallery, home: Path, now):
    """Copy the home that is open."""
    return copy(gallery.store, gallery.vault, engine_of(home), home, at=now, along=ALONG)


def _digest(home: Path, folder: Path, now) -> str:
    with open_database(home, create=False) as store:
        return backup(store, Gallery(store, "test-1").vault, folder / f"{home.name}.backup", at=now, along=ALONG).digest


def test_a_copy_holds_the_same(lived, other, tmp_path, now):
    """On whichever engine either is: every row and counter, the log, settings and key; every seal opens there."""
    done = copied(lived, other, now)
    with open_database(other, create=False) as store:
        there = Gallery(store, "test-1")
        assert [] == [each for each in there.verify() if each.id != "gallery.no_template"]
        assert lived.people(active=None) == there.people(active=None)
        assert (b"crop" * 500, lived.store.generation()) == (there.crop(1), store.generation())
        with store.reading() as ours, lived.store.reading() as theirs:
            key = secrets.stored(ours, there.sealer, chain.PURPOSE)
            told = [chaincheck.verify(view, key) for view in (ours, theirs)]
            counters = [store.counters(ours), lived.store.counters(theirs)]
    names = ("key", *ALONG)

    assert {done.saved.digest} == {_digest(home, tmp_path, now) for home in (other, lived.store.home)}
    assert (told[1], counters[1], True, False) == (told[0], counters[0], told[0].sound, done.went_on)
    assert [(lived.store.home / name).read_bytes() for name in names] == [(other / name).read_bytes() for name in names]
    assert {0o600} == {(other / name).stat().st_mode & 0o777 for name in names}
    assert dict.fromkeys(PASSING, 0).items() <= done.saved.rows.items()


def test_there_and_back_again(lived, other, homes, now):
    """Copied from an engine to another, and back to the first: the digest stays."""
    back = homes.new("back")
    there = copied(lived, other, now)
    with open_database(other, create=False) as store:
        again = copied(Gallery(store, "test-1"), back, now)

    assert there.saved == again.saved


def test_ids_go_on_after_a_copy(lived, other, enrol, now):
    """Whoever comes next gets the same number in both homes, and never that of somebody removed before."""
    copied(lived, other, now)
    here = enrol(lived, "Next", 9)
    with open_database(other, create=False) as store:
        there = enrol(Gallery(store, "test-1"), "Next", 9)

    assert here == there


def test_a_backup_is_of_no_engine(lived, other, tmp_path, now):
    """Written on an engine and restored on another, a home has the digest of its backup."""
    saved = backup(lived.store, lived.vault, tmp_path / "b", at=now, along=ALONG)
    restore(engine_of(other), tmp_path / "b", other, key=lived.store.home / "key", along=ALONG)

    assert saved.digest == _digest(other, tmp_path, now)


def test_nothing_is_copied_over_a_home(lived, other, now):
    """Where a home is already, also an empty one, it stays as it is."""
    open_database(other).close()
    before = {path.name: path.read_bytes() for path in other.iterdir()}
    with pytest.raises(NotEmpty):
        copied(lived, other, now)

    assert before == {path.name: path.read_bytes() for path in other.iterdir()}


def test_another_key_that_lies_there_is_refused(lived, other, now):
    """A folder in which another key lies gets no home: what is sealed would not open there."""
    other.mkdir(exist_ok=True)
    (other / "key").write_text("another")
    with pytest.raises(NotEmpty, match="another"):
        copied(lived, other, now)

    assert (False, "another") == (is_there(other), (other / "key").read_text())


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_copy_that_fails_leaves_nothing(lived, other, monkeypatch, now, share):
    """Wherever it fails on the way, no home is there, and no key of one; tried again, it is whole."""
    with lived.store.reading() as view:
        count = sum(1 for _ in copying.written(lived.store, view, {}))

    def broken(*given: object):
        for number, each in enumerate(written(*given)):
            if number >= share * (count - 1):
                raise OSError("the cable")
            yield each

    written = copying.written
    with monkeypatch.context() as patch:
        patch.setattr(copying, "written", broken)
        with pytest.raises((OSError, GalleryError)):
            copied(lived, other, now)
    left = {path.name for path in other.iterdir()} if other.exists() else set()

    assert (False, set()) == (is_there(other), left - {"database"})
    assert lived.store.meta("home_id") == copied(lived, other, now).saved.home_id


def test_what_is_done_meanwhile_is_told(lived, other, enrol, monkeypatch, now):
    """Somebody who is enrolled while the home is copied is not in the copy, and the copy says so."""

    def meanwhile(*given: object):
        for number, each in enumerate(written(*given)):
            if number == 1:
                with open_database(lived.store.home) as again:
                    enrol(Gallery(again, "test-1"), "Late", 8)
            yield each

    written = copying.written
    monkeypatch.setattr(copying, "written", meanwhile)
    done = copied(lived, other, now)
    with open_database(other, create=False) as store:
        names = {each.name for each in Gallery(store, "test-1").people()}

    assert (True, False) == (done.went_on, "Late" in names)


def test_without_its_key_nothing_is_copied(lived, other, now):
    """A home whose key is lost is not copied: what is sealed would be lost in both."""
    home = lived.store.home
    shutil.move(home / "key", home.parent / "away")
    with open_database(home) as store, pytest.raises(KeyMissing):
        copied(Gallery(store, "test-1"), other, now)

    assert not is_there(other)


@pytest.mark.sqlite_only("a server lets no row lose its owner")
def test_rows_without_their_owner_are_not_copied(lived, other, now):
    """Rows whose owner is gone are told before anything is copied: no server would take them."""
    with closing(sqlite3.connect(lived.store.home / "attendance.db")) as raw, raw:
        raw.execute("INSERT INTO membership (person_id, group_id) VALUES (999, 1)")
    with pytest.raises(GalleryDamaged, match="repair"):
        copied(lived, other, now)

    assert not is_there(other)
