"""What was removed leaves the tables of a server, and a search looks through all of them."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from sqlalchemy import text

from gallery import open_database
from gallery.backup import backup, erased, restore
from gallery.locations import pointer
from gallery.opening import engine_of
from gallery.postgres import erasing
from gallery.traces import of_bytes, of_text, of_vector

NAME = "Needle Lovelace"


@pytest.fixture
def places(tmp_path, postgres) -> Iterator:
    """Homes on a server, whichever engine other tests use."""
    from servers import Homes

    with closing(Homes(tmp_path, postgres)) as made:
        yield made


@pytest.fixture
def home(places) -> Path:
    """A folder that names the database of a home that nobody has used yet."""
    return places.new(filled=True)


@pytest.fixture
def look(postgres):
    """In which files of the server's data, but for its log, some bytes stand; skips where they are out of reach."""
    folder = Path(postgres.run("SHOW data_directory")[0][0])
    if not folder.is_dir():
        pytest.skip("the files of this server are on another computer, or another account's")

    def found(home: Path, *wanted: bytes) -> list[str]:
        numbers = dict(postgres.run("SELECT datname, oid FROM pg_database"))
        postgres.run("CHECKPOINT")
        database = folder / "base" / str(numbers[urlsplit(pointer(home).text).path.strip("/")])
        files = [path for path in database.rglob("*") if path.is_file()]
        return [path.name for path in files if any(each in path.read_bytes() for each in wanted)]

    return found


def _hits(store, *needles) -> dict[str, int]:
    return {each.path: sum(each.hits.values()) for each in store.scan([*needles]) if each.hits}


def _filed(gallery, enrol, count: int = 5) -> None:
    enrol(gallery, NAME, 1, external_id="Needle-1", crop=bytes(range(256)) * 9, note="a note on Needle Lovelace")
    for number in range(2, count + 2):
        enrol(gallery, f"p{number}", number)


def _sealed(gallery) -> bytes:
    with gallery.store.reading() as view:
        return view.scalars(text("SELECT vector FROM template ORDER BY id")).first()


def test_removed_and_written_anew_no_file_holds_a_byte(gallery, enrol, look, now):
    """Of somebody removed neither name, id nor sealed template is in a file of the database once it is compacted."""
    _filed(gallery, enrol)
    store, wanted = gallery.store, (NAME.encode(), b"Needle-1", _sealed(gallery)[20:52])
    before = look(store.home, *wanted)
    gone = gallery.remove("Needle-1", at=now, by="t")

    assert (True, True, None) == (gone.erased, store.compact(), store.unerased())
    assert (True, []) == (bool(before), look(store.home, *wanted))
    assert ({}, 5) == (_hits(store, *of_text("name", NAME)), len(gallery.people()))


def test_statistics_forget_them_too(gallery, enrol):
    """What the server has kept of names to plan its searches goes with who had them."""
    _filed(gallery, enrol)
    store, needles = gallery.store, of_text("name", NAME)
    with erasing._alone(store._writer) as connection:
        connection.exec_driver_sql("ANALYZE")
    before = _hits(store, *needles)
    with store.atomic() as session:
        session.execute(text("DELETE FROM person WHERE external_id = 'Needle-1'"))
        store.plan_erasure()
    between = _hits(store, *needles)
    finished = store.finish_erasure()

    assert {"table pg_stats", "table public.person"} <= before.keys()
    assert {"table pg_stats"} == between.keys()
    assert (True, {}) == (finished, _hits(store, *needles))


def test_who_reads_from_before_is_waited_for(gallery, enrol, now):
    """While somebody reads an older state the rows stay, and that is told; afterwards they go."""
    _filed(gallery, enrol)
    with open_database(gallery.store.home, read_only=True) as other, other.reading() as view:
        assert 6 == view.scalar(text("SELECT count(*) FROM person"))
        began = time.monotonic()
        gone = gallery.remove("Needle-1", at=now, by="t")
        waited = time.monotonic() - began
        told = gallery.store.unerased()
        assert 6 == view.scalar(text("SELECT count(*) FROM person"))

    assert (False, True) == (gone.erased, waited >= erasing.WAIT_S)
    assert "read it from before" in told
    assert (True, None) == (gallery.store.finish_erasure(), gallery.store.unerased())


def test_who_reads_only_what_came_after_is_not_waited_for(gallery, enrol):
    """A view from after the removal keeps nobody from overwriting."""
    _filed(gallery, enrol)
    store = gallery.store
    with store.atomic():
        store.plan_erasure()
    with open_database(store.home, read_only=True) as other, other.reading() as view:
        view.scalar(text("SELECT count(*) FROM person"))
        assert store.finish_erasure()


def test_the_next_start_finishes_what_waits(gallery, enrol):
    """What was removed while somebody read from before goes when the home is opened for writing the next time."""
    _filed(gallery, enrol)
    store = gallery.store
    with store.atomic():
        store.plan_erasure()
    with open_database(store.home, read_only=True) as reader:
        assert (False, True) == (reader.finish_erasure(), reader.unerased() is not None)
    with open_database(store.home) as writer:
        assert writer.unerased() is None


def test_nothing_is_overwritten_inside_a_step(gallery):
    """Inside a step or a view nobody can tell yet: neither is anything done there."""
    store = gallery.store
    with store.atomic():
        store.plan_erasure()
        assert (False, False) == (store.finish_erasure(), store.compact())
    with store.reading():
        assert not store.compact()


def test_a_table_in_use_is_not_written_anew(gallery, enrol, monkeypatch):
    """Where somebody reads a table, it is not waited for long to write it anew, and nothing is lost."""
    monkeypatch.setattr(erasing, "_LOCK", "50ms")
    _filed(gallery, enrol)
    with open_database(gallery.store.home, read_only=True) as other, other.reading() as view:
        view.scalar(text("SELECT count(*) FROM person"))
        assert not gallery.store.compact()

    assert (True, 6) == (gallery.store.compact(), len(gallery.people()))


@pytest.mark.parametrize(
    "plant",
    [
        ("person", "note = '{}'"),
        ("event", "details = '{}'"),
        ("template", "source = '{}'"),
        ("template", "vector = decode('{}', 'escape')"),
        ("crop", "picture = decode('{}', 'escape')"),
    ],
)
def test_every_planted_trace_is_found(gallery, enrol, plant):
    """A name that stands in whichever table and column is found, with the name of the table."""
    enrol(gallery, "Somebody", 2, crop=b"c" * 3000)
    table, setting = plant
    with gallery.store.atomic() as session:
        session.execute(text(f"UPDATE {table} SET {setting.format(NAME)}"))  # noqa: S608

    assert f"table public.{table}" in _hits(gallery.store, *of_text("name", NAME))


def test_vectors_and_pictures_are_found_as_they_are(gallery, vector):
    """A template in plain text form of its bytes, and a picture, are found in a table that is not the gallery's."""
    picture = np.random.default_rng(1).bytes(4000)
    with gallery.store.atomic() as session:
        session.execute(text("CREATE TABLE somebodys (a bytea, b bytea)"))
        session.execute(text("INSERT INTO somebodys VALUES (:a, :b)"), {"a": vector(1).tobytes(), "b": picture})

    assert {"table public.somebodys"} == _hits(gallery.store, *of_vector("template", vector(1))).keys()
    assert {"table public.somebodys"} == _hits(gallery.store, *of_bytes("face", picture)).keys()


def test_restored_to_a_server_no_byte_of_who_was_erased_since_is_there(gallery, enrol, places, look, tmp_path, now):
    """Whoever was erased after the backup is in no table and in no file of the database that it is restored to."""
    _filed(gallery, enrol)
    store, wanted = gallery.store, (NAME.encode(), b"Needle-1", _sealed(gallery)[20:52])
    backup(store, gallery.vault, tmp_path / "b", at=now)
    gallery.remove("Needle-1", at=now, by="t")
    erased.publish(store, gallery.vault, [tmp_path])
    new = places.new("new")
    made = restore(engine_of(new), tmp_path / "b", new, key=store.home / "key", at=now)
    with open_database(new, create=False) as there:
        assert {} == _hits(there, *of_text("name", NAME))

    assert (1, []) == (made.erased["people"], look(new, *wanted))


def test_what_is_beyond_reach_is_told(gallery, postgres):
    """The log of the server, and followers that nobody hears of, are named; no erasure reaches them."""
    before = gallery.store.beyond_reach()
    postgres.run("SELECT pg_create_physical_replication_slot('attendance_test_slot')")
    try:
        after = gallery.store.beyond_reach()
    finally:
        postgres.run("SELECT pg_drop_replication_slot('attendance_test_slot')")

    assert ("pg_wal" in before[0], len(before) + 1) == (True, len(after))
    assert ["1 replication slot of the server that nobody follows"] == [
        each.partition(":")[0] for each in after if each not in before
    ]


def test_what_a_server_is(gallery, postgres):
    """Version, account and way are told, and that the server writes values to its log, where it does."""
    store, name = gallery.store, urlsplit(pointer(gallery.store.home).text).path.strip("/")
    quiet = store.server()
    postgres.run(f"ALTER DATABASE {name} SET log_statement = 'all'")
    with open_database(store.home, read_only=True) as again:
        loud = again.server()

    assert (True, True) == (quiet.version.startswith("PostgreSQL "), quiet.local)
    assert (False, True) == (quiet.logs_values, loud.logs_values)
