"""The homes of the tests are what the gallery makes."""

import sqlite3
from contextlib import closing

import pytest

from gallery import open_database
from gallery.errors import GalleryError
from gallery.locations import DATABASE


def contents(path):
    """What lies in a database, its id aside, how it is kept, and whose its file is."""
    with closing(sqlite3.connect(path)) as connection:
        told = {name: connection.execute(f"PRAGMA {name}").fetchall() for name in ("journal_mode", "page_size")}
        told["integrity"] = connection.execute("PRAGMA integrity_check").fetchall()
        rows = [line for line in connection.iterdump() if "'home_id'" not in line]
    return rows, told, path.stat().st_mode, path.read_bytes()[:100], sorted(each.name for each in path.parent.iterdir())


def test_a_copy_is_what_is_made(copies, tmp_path):
    """Every table, index and row, how it is kept, and who may read it: but for the id nothing tells them apart."""
    for name, make in (("made", copies.make), ("copied", copies)):
        (tmp_path / name).mkdir()
        make(tmp_path / name / DATABASE)
    assert contents(tmp_path / "made" / DATABASE) == contents(tmp_path / "copied" / DATABASE)


def test_each_has_an_id_of_its_own(tmp_path):
    """No two homes are taken for one another."""
    found = set()
    for number in range(3):
        with open_database(tmp_path / str(number)) as store:
            found.add(store.meta("home_id"))
    assert [32] * 3 == [len(each) for each in found]


def test_a_database_that_is_there_stays(copies, tmp_path):
    """Who comes second leaves what is there, as where two programs begin a home at once."""
    copies(tmp_path / DATABASE)
    before = (tmp_path / DATABASE).read_bytes()
    copies(tmp_path / DATABASE)
    assert (before, [DATABASE]) == ((tmp_path / DATABASE).read_bytes(), [each.name for each in tmp_path.iterdir()])


def test_what_the_gallery_refuses_is_refused_alike(copies, tmp_path):
    """Where nothing can be written the error is that of the gallery."""
    told = []
    for make in (copies.make, copies):
        with pytest.raises(GalleryError) as refused:
            make(tmp_path / "nowhere" / DATABASE)
        told.append((type(refused.value), str(refused.value)))
    assert told[0] == told[1]
