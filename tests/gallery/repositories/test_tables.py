"""Whole tables as JSON: every table and kind of column, in one order, and the same again when filled in."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import Boolean, DateTime, Float, Integer, LargeBinary, String, text
from sqlalchemy.dialects import postgresql

from gallery import BackupInvalid, GalleryDamaged, open_database
from gallery.repositories import tables
from gallery.schema import METADATA


@pytest.fixture
def people(store):
    """Three people, one of them beyond the plane of common letters, filed in no order."""
    with store.atomic() as session:
        query = text("INSERT INTO person VALUES (:id, :ref, :name, :note, '2026-03-02 07:58:11.204000', :active)")
        for number, name in ((7, "Ada"), (2, "עדה 🙂"), (5, 'O\'Neil "x"\n')):
            session.execute(
                query, {"id": number, "ref": f"E-{number}", "name": name, "note": "\x01\t", "active": number == 7}
            )
    return store


def _layout(session, name):
    return next(layout for layout in tables.layouts(session) if layout.name == name)


def test_every_table_of_the_models_is_in(store):
    """What the database holds is what the models say, each table after those that it refers to."""
    with store.reading() as session:
        found = [layout.name for layout in tables.layouts(session)]

    assert set(METADATA.tables) == set(found)
    for table in METADATA.tables.values():
        for key in table.foreign_keys:
            assert found.index(key.column.table.name) <= found.index(table.name), (table.name, key)


def test_every_column_of_the_models_is_of_a_kind_that_is_known(store):
    """No model has a column that a backup could not write."""
    known = (Boolean, DateTime, Float, Integer, LargeBinary, String)
    with store.reading() as session:
        for layout in tables.layouts(session):
            model = METADATA.tables[layout.name]
            assert sorted(column.name for column in model.columns) == layout.columns
            assert all(isinstance(column.type, known) for column in layout.table.columns)


def test_rows_come_in_the_order_of_their_key(people):
    """By number and not by filing; columns by name; instants in UTC with microseconds; text as it is."""
    with people.reading() as session:
        found = list(tables.rows(session, _layout(session, "person")))
        columns = _layout(session, "person").columns

    assert ["active", "created", "external_id", "id", "name", "note"] == columns
    assert [
        [False, "2026-03-02T07:58:11.204000Z", "E-2", 2, "עדה 🙂", "\x01\t"],
        [False, "2026-03-02T07:58:11.204000Z", "E-5", 5, 'O\'Neil "x"\n', "\x01\t"],
        [True, "2026-03-02T07:58:11.204000Z", "E-7", 7, "Ada", "\x01\t"],
    ] == found


def test_text_keys_sort_by_their_bytes(store):
    """A table whose key is text is in the order of its bytes, whatever an engine's own order of text is."""
    with store.atomic() as session:
        for key in ("b", "B", "é", "a_b", "aa", "z"):
            session.execute(text("INSERT INTO meta VALUES (:key, 'x')"), {"key": key})
        found = [row[0] for row in tables.rows(session, _layout(session, "meta"))]

    assert sorted(found, key=str.encode) == found
    assert {"b", "B", "é", "a_b", "aa", "z"} < set(found)


def test_text_keys_sort_alike_on_postgresql(store):
    """There, too, the order is asked for by bytes and not left to the language of the server."""
    with store.reading() as session:
        query = tables._query(_layout(session, "meta"), "postgresql")

    assert 'ORDER BY meta.key COLLATE "C"' in str(query.compile(dialect=postgresql.dialect()))


def test_what_is_to_be_erased_here_is_no_part_of_it(store):
    """The note that a removal still waits to be overwritten concerns this file alone."""
    store.set_meta("erasure_pending", "1")
    with store.reading() as session:
        kept = [row[0] for row in tables.rows(session, _layout(session, "meta"))]
    assert ["compatible", "generation", "home_id"] == kept


def test_rows_filled_in_are_the_same_rows(people, homes):
    """Through JSON and into an empty database of the same schema, every row is as it was stored."""
    kind = "typeof" if people.engine == "sqlite" else "pg_typeof"
    with open_database(homes.new("other")) as empty, people.reading() as session, empty.atomic() as other:
        layout = _layout(session, "person")
        told = json.loads(json.dumps(list(tables.rows(session, layout))))
        tables.fill(other, _layout(other, "person"), layout.columns, told)
        kinds = f"{kind}(created), {kind}(active)"
        query = text(f"SELECT id, name, note, created, active, {kinds} FROM person ORDER BY id")  # noqa: S608
        assert session.execute(query).all() == other.execute(query).all()
        assert told == list(tables.rows(other, _layout(other, "person")))


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        (["id", "name"], [1, "g", 3]),
        (["id", "name"], [1]),
        (["name", "id"], ["g", 1]),
        (["id", "name", "more"], [1, "g", 3]),
    ],
)
def test_rows_that_do_not_fit_are_refused(store, columns, row):
    """Other columns than the table's, or more or fewer values than those: refused."""
    with pytest.raises(BackupInvalid), store.atomic() as session:
        tables.fill(session, _layout(session, "group"), columns, [row])


@pytest.mark.sqlite_only("a column of a server holds values of its own kind alone")
@pytest.mark.parametrize("value", ["'yesterday'", "x'00'", "12.5"])
def test_a_value_of_another_kind_is_damage(people, value):
    """An instant that is none, as only damage or a stranger's hand leaves it, is told with the table's name."""
    with people.atomic() as session:
        session.execute(text(f"UPDATE person SET created = {value} WHERE id = 5"))  # noqa: S608
    with pytest.raises(GalleryDamaged, match="table person"), people.reading() as session:
        list(tables.rows(session, _layout(session, "person")))


def test_instants_are_those_that_the_models_store(store, gallery, now, enrol):
    """An instant that was filed through the models reads back as that instant."""
    enrol(gallery, "Ada", 1)
    with store.reading() as session:
        layout = _layout(session, "person")
        row = next(tables.rows(session, layout))

    assert now == datetime.fromisoformat(row[layout.columns.index("created")]).astimezone(UTC)
