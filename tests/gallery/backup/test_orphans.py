"""A backup that holds rows whose owner is gone: what a server and an upgrade make of them, and that each is told."""

import json

import pytest
import servers

from gallery import Gallery, history, open_database
from gallery.backup import backup, restore
from gallery.backup.content import written
from gallery.opening import engine_of

PLACE = """
INSERT INTO place (id, name, kind, group_id, created, active)
VALUES (1, 'door', 'camera', (SELECT id FROM "group" WHERE name = 'a'), '2026-03-02 08:00:00.000000', 1)
"""
"""A row that stands without the group that it refers to."""


@pytest.fixture
def old(tmp_path, enrol, now):
    """A home in a file in which somebody and a group are gone, and what was theirs is left: its folder and backup."""
    home = tmp_path / "old"
    with open_database(home) as store:
        gallery = Gallery(store, "test-1")
        enrol(gallery, "Ada", 1, groups=["a", "b"], crop=b"crop", external_id="E-1")
        enrol(gallery, "Bob", 2, groups=["a"], external_id="E-2")
        gallery.remember_lookalike("E-1", "E-2", 0.3, at=now, by="t")
    with servers.raw(home) as run:
        run(PLACE)
        run("DELETE FROM person WHERE external_id = 'E-1'")
        run("DELETE FROM \"group\" WHERE name = 'a'")
    with open_database(home) as store:
        backup(store, Gallery(store, "test-1").vault, tmp_path / "backup", at=now)
    return home


def lines(store) -> list[bytes]:
    """What a home holds, but for its log and facts."""
    found, table = [], ""
    with store.reading() as transaction:
        for line in written(store, transaction, {}):
            table = json.loads(line)["table"] if line.startswith(b'{"columns"') else table
            if table not in {"", "event", "meta"}:
                found.append(line)
    return found


def history_of(store) -> list[tuple[str, dict]]:
    """Row and table of each that the log says was put right."""
    with store.reading() as transaction:
        return [(each.subject, dict(each.details)) for each in history(transaction) if each.action == "repair.orphan"]


def test_a_server_takes_what_a_repair_leaves(old, tmp_path, postgres, now):
    """On a server the home is what the same backup in a folder is after its repair, and each row is told and logged."""
    beside = tmp_path / "beside"
    restore(engine_of(beside), tmp_path / "backup", beside, key=old / "key", at=now)
    with open_database(beside) as store:
        orphans = {(each.table, each.parent) for each in store.check().orphans}
        Gallery(store, "test-1").repair(at=now, by="t")
        repaired = lines(store)
    new = servers.Homes(tmp_path / "served", postgres)
    try:
        home = new.new("new")
        there = restore(engine_of(home), tmp_path / "backup", home, key=old / "key", at=now)
        with open_database(home) as store:
            assert [] == Gallery(store, "test-1").verify()
            assert repaired == lines(store)
            assert [(each.row, {"table": each.table}) for each in there.lost] == history_of(store)
    finally:
        new.close()
    assert {("template", "person"), ("membership", "group"), ("place", "group")} < orphans
    with_them = {("crop", "template")}  # a face goes with the template that is left out
    assert orphans | with_them == {(each.table, each.parent) for each in there.lost}
    assert [("place", "1", True)] == [(each.table, each.row, True) for each in there.lost if each.now is not None]


def test_in_a_folder_it_comes_back_as_it_was(old, tmp_path, now):
    """A file of today's schema holds what the backup holds, rows without an owner too: its repair names and deletes."""
    new = tmp_path / "new"
    there = restore(engine_of(new), tmp_path / "backup", new, key=old / "key", at=now)
    with open_database(old) as before, open_database(new) as store:
        assert ((), lines(before)) == (there.lost, lines(store))
