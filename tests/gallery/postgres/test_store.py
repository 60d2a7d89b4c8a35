"""The database of a home on a server: how it is begun, counted, sorted, checked, and what it refuses."""

import re
import threading

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from gallery import (
    Conflict,
    GalleryDamaged,
    GalleryError,
    GalleryFailed,
    GalleryFull,
    GalleryLocked,
    GalleryReadOnly,
    GalleryUnreachable,
    NotEmpty,
    TextInvalid,
    open_database,
)
from gallery.errors import GalleryMissing, ServerUnfit
from gallery.locations import parsed, point_at
from gallery.opening import engine_of
from gallery.repositories import events
from gallery.schema import METADATA, REVISIONS, EventRow, Group, Meta, Person

psycopg = pytest.importorskip("psycopg")


@pytest.fixture
def named(postgres, tmp_path):
    """Makes homes on the tests' server: ``named()`` is a folder that names a new database; each goes with the test."""
    made = []

    def make(options: str = "", name: str | None = None):
        made.append(name or postgres.create())
        folder = tmp_path / f"home{len(made)}"
        address = postgres.address(made[-1])
        point_at(folder, parsed(address + (("&" if "?" in address else "?") + options if options else "")))
        return folder

    make.made = made
    yield make
    for each in made:
        postgres.drop(each)


@pytest.fixture
def opened(named):
    with open_database(named()) as store:
        yield store


def _told(check) -> tuple[object, ...]:
    """The name of a rule, and its words without the kinds that the server adds as it writes it anew."""
    return check["name"], re.sub(r"::\w+( varying)?(\[\])?|[()\s]", "", check["sqltext"])


def _shape(store) -> dict[str, object]:
    """Columns, keys, rules and indexes of every table, as the server tells them."""
    query = (
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, collation_name "
        "FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2"
    )
    with store.reading() as view:
        found = inspect(view.connection())
        names = sorted(set(found.get_table_names()) - {"alembic_version"})  # that one is Alembic's
        return {
            "columns": [tuple(row) for row in view.execute(text(query))],
            "checks": {name: sorted(map(_told, found.get_check_constraints(name))) for name in names},
            "foreign": {name: sorted(map(str, found.get_foreign_keys(name))) for name in names},
            "unique": {name: sorted(map(str, found.get_unique_constraints(name))) for name in names},
            "indexes": {name: sorted(map(str, found.get_indexes(name))) for name in names},
            "keys": {name: str(found.get_pk_constraint(name)) for name in names},
        }


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_the_history_leads_to_the_same_tables(named, opened, revision):
    """A home built at an older revision and upgraded has the tables, rules and indexes of one that is new."""
    home = named()
    with engine_of(home).building(home, revision):
        pass
    with open_database(home, create=False) as store:
        assert _shape(opened) == _shape(store)


def test_a_home_is_not_built_over_another(named):
    """Where a gallery is, none is built, and what is there stays."""
    home = named()
    with open_database(home) as store:
        known = store.meta("home_id")
    with pytest.raises(NotEmpty), engine_of(home).building(home, REVISIONS[-1]):
        pass
    with open_database(home) as store:
        assert known == store.meta("home_id")


def test_the_log_has_no_gap_where_a_step_was_undone(opened, now):
    """An entry that was undone takes its number back with it, in a step and in one inside another."""
    told = {"at": now, "by": "t", "action": "x", "subject": "s"}

    def undone() -> None:
        with opened.atomic() as step:
            events.record(step, **told)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        undone()
    with opened.atomic() as step:
        events.record(step, **told)
        with pytest.raises(InterruptedError):
            undone()
        events.record(step, **told)
    with opened.reading() as view:
        count = len(view.scalars(select(EventRow.seq)).all())
        assert list(range(1, count + 1)) == list(view.scalars(select(EventRow.seq).order_by(EventRow.seq)))
        assert count == opened.counters(view)["event"]


def test_ids_go_on_from_where_they_are_told_to(opened, now):
    """Counters come back as they were set; a table never goes on from an id that a row has."""
    with opened.atomic() as step:
        step.add(Group(id=7, name="g"))
        step.flush()
        opened.set_counters(step, {"person": 41, "event": 5})
        found = opened.counters(step)
        person, group = Person(external_id="p", name="p", created=now), Group(name="h")
        step.add_all([person, group])
        step.flush()

        assert ({"person": 41, "event": 5}, 42, 8) == (found, person.id, group.id)


def test_text_sorts_by_its_bytes(postgres, named, tmp_path):
    """Whatever language a database was made for, text comes in the order in which a file gives it."""
    name = f"sorted_{tmp_path.name[-20:].replace('-', '_')}"
    postgres.run(
        f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
    )
    with open_database(named(name=name)) as store, store.atomic() as step:
        step.add_all([Group(name=each) for each in ("é", "b", "Z", "_", "a b", "ab")])
        step.flush()

        assert ["Z", "_", "a b", "ab", "b", "é"] == list(step.scalars(select(Group.name).order_by(Group.name)))
        told = step.scalars(
            text(
                "SELECT DISTINCT collation_name FROM information_schema.columns "
                "WHERE table_schema = current_schema() AND table_name = ANY(:names) AND data_type LIKE '%char%'"
            ),
            {"names": list(METADATA.tables)},
        )
        assert ["C"] == list(told)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("08006", GalleryUnreachable),
        ("22001", TextInvalid),
        ("22003", GalleryFailed),
        ("23505", Conflict),
        ("25006", GalleryReadOnly),
        ("25P03", GalleryUnreachable),
        ("28P01", GalleryUnreachable),
        ("3D000", GalleryUnreachable),
        ("40001", GalleryLocked),
        ("40P01", GalleryLocked),
        ("42501", GalleryReadOnly),
        ("42P01", GalleryDamaged),
        ("53100", GalleryFull),
        ("53200", GalleryFailed),
        ("53300", GalleryUnreachable),
        ("55P03", GalleryLocked),
        ("57014", GalleryLocked),
        ("57P01", GalleryUnreachable),
        ("57P02", GalleryUnreachable),
        ("57P03", GalleryUnreachable),
        ("58030", GalleryFailed),
        ("XX000", GalleryFailed),
        ("XX001", GalleryDamaged),
        ("XX002", GalleryDamaged),
        ("P0001", GalleryFailed),
    ],
)
def test_what_a_server_raises_comes_out_as_the_gallerys_error(opened, state, error):
    """Each of the server's codes has an error of the gallery's, which says the first line and no value of a row."""
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{state}', DETAIL = 'Key (name)=(Ada)'; END $$"
    with pytest.raises(GalleryError) as caught, opened.atomic() as step:
        step.execute(text(raising))

    assert (error, "told") == (type(caught.value), caught.value.detail)


def test_a_step_that_must_wait_too_long_says_so(named):
    """Two programs at one database: the second writer gives up after its patience, and the first goes on."""
    home = named()
    with open_database(home) as one, open_database(home, busy_timeout_s=0.2) as other, one.atomic():
        with pytest.raises(GalleryLocked), other.atomic():
            pass
        one.set_meta("fact", "kept")
        assert other.meta("fact") is None


def test_readers_that_write_do_not_wait_for_each_other(opened):
    """Many threads that each write within a view of their own all come through."""
    ready, wrong = threading.Barrier(12), []

    def work() -> None:
        try:
            with opened.reading():
                opened.meta("fact")
                ready.wait(30)
                opened.set_meta("fact", "x")
        except Exception as error:  # noqa: BLE001  shown by the test
            wrong.append(error)

    crew = [threading.Thread(target=work) for _ in range(12)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()

    assert [] == wrong


def test_a_dead_connection_is_replaced_before_a_step(postgres, opened, named):
    """Connections that were cut while nobody used them are made anew, for reading and writing alike."""
    opened.set_meta("fact", "1")
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{named.made[0]}'"  # noqa: S608
    postgres.run(cut)
    opened.set_meta("fact", "2")
    postgres.run(cut)

    assert "2" == opened.meta("fact")


def test_reading_only_writes_nothing(named):
    """What is opened for reading refuses a step, and makes no tables where there are none."""
    home = named()
    with pytest.raises(GalleryMissing):
        open_database(home, read_only=True)
    open_database(home).close()
    with open_database(home, read_only=True) as store, pytest.raises(GalleryReadOnly), store.atomic():
        pass


def test_a_database_in_another_encoding_is_refused(postgres, named):
    """A database that cannot keep every text is refused in one line, before a table is made."""
    postgres.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(ServerUnfit, match="keeps text in LATIN1, not in UTF8"):
        open_database(named(name="latin"))


def test_a_schema_that_is_not_there_is_told(named):
    """An address whose search_path names no schema is refused: writers would have nothing to hold."""
    with pytest.raises(GalleryMissing, match="search_path"):
        open_database(named("options=-csearch_path%3Dnowhere"))


def test_nobody_who_may_not_sign_in_gets_further(named, postgres):
    """A user or a database that is not there is a server out of reach, told in the server's own words."""
    home = named()
    (home / "database").write_text(postgres.address("not_there") + "\n", encoding="utf-8")
    with pytest.raises(GalleryUnreachable, match='database "not_there" does not exist'):
        open_database(home)


def test_a_server_where_nobody_listens_is_out_of_reach(tmp_path):
    """A port where nothing is, of one server or of several: out of reach."""
    point_at(tmp_path / "home", parsed("postgresql://nobody@127.0.0.1:1,127.0.0.1:2/x"))
    with pytest.raises(GalleryUnreachable):
        open_database(tmp_path / "home")


def test_a_follower_takes_no_steps_but_may_be_read(cluster_at, folder_of):
    """A server that follows another one is refused for writing in one line, and read without."""
    first, second = cluster_at("first"), cluster_at("second")
    first.begin()
    with open_database(folder_of(first.address(), "one")) as store:
        store.set_meta("fact", "told")
    second.follow(first)
    home = folder_of(second.address(), "two")
    with pytest.raises(GalleryReadOnly, match="follows another one"):
        open_database(home)
    with open_database(home, read_only=True) as store:
        assert "told" == store.meta("fact")


def test_rows_without_an_owner_are_found_and_dropped(opened, now):
    """Rows that came past the server's rules are told with their table and owner, and go; what may be empty is."""
    with opened.atomic() as step:
        step.execute(text("SET LOCAL session_replication_role = replica"))
        step.execute(text("INSERT INTO membership (person_id, group_id) VALUES (9, 8)"))
        step.execute(
            text("INSERT INTO place (name, kind, group_id, created, active) VALUES ('d', 'kiosk', 8, :now, true)"),
            {"now": now},
        )
    found = {(each.table, each.parent) for each in opened.check(quick=True).orphans}
    with opened.atomic() as step:
        opened.drop_orphans(step)
        left = step.scalar(text("SELECT count(*) FROM membership")), step.scalar(text("SELECT group_id FROM place"))

    assert {("membership", "person"), ("membership", "group"), ("place", "group")} == found
    assert ((0, None), ()) == (left, opened.check().orphans)


def test_a_check_tells_what_is_damaged(opened):
    """A table that is gone, an index out of force, rows alike where a rule lets there be one: each is told."""
    assert () == opened.check().damage
    with opened.atomic() as step:
        step.execute(text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_person_name'::regclass"))
        step.execute(text("DROP TABLE watch"))
    assert ("the table watch is not there", "the index ix_person_name is not in force") == opened.check(
        quick=True
    ).damage


def test_a_notice_wakes_whoever_waits(named):
    """A change by one program ends the wait of another; without one the wait ends when its time is over."""
    home = named()
    with open_database(home) as one, open_database(home) as other:
        before = other.generation()

        def change() -> None:
            with one.atomic() as step:
                one.bump(step)

        threading.Timer(0.2, change).start()
        assert other.wait_for_change(before, 60)
        assert not other.wait_for_change(other.generation(), 0.1)


def test_what_is_answered_for_is_written_through(opened):
    """Where a server would rather answer before its disk has it, a step of the gallery waits for the disk."""
    with opened.atomic() as step:
        assert "on" == step.scalar(text("SHOW synchronous_commit"))


def test_a_constraint_of_the_schema_is_a_conflict(opened):
    """A second row of the same key is refused as a Conflict that names the rule and no value."""
    with pytest.raises(Conflict) as caught, opened.atomic() as step:
        step.add(Meta(key="home_id", value="secret"))

    assert "secret" not in str(caught.value)
    assert "pk_meta" in caught.value.detail


def test_only_a_lost_connection_or_a_clash_is_begun_anew():
    """An error that says nothing of the connection is not tried again."""
    from gallery.postgres.faults import begins_anew

    lost = DBAPIError("x", None, psycopg.OperationalError("gone"), connection_invalidated=True)
    clash = DBAPIError("x", None, psycopg.errors.DeadlockDetected("x"))
    other = DBAPIError("x", None, psycopg.errors.UniqueViolation("x"))

    assert [True, True, False] == [begins_anew(each) for each in (lost, clash, other)]


def test_a_writer_that_falls_silent_is_let_go(named, monkeypatch):
    """A step in which nothing is asked for too long is undone, and the next writer need not wait for it."""
    monkeypatch.setattr("gallery.postgres.connections.HOLDING_S", 1)
    home = named()
    with open_database(home) as paused, open_database(home) as other:

        def step() -> None:
            with paused.atomic():
                paused.set_meta("fact", "half")
                other.set_meta("fact", "whole")  # waits until the server has undone the silent one

        with pytest.raises(GalleryUnreachable):
            step()

        assert ("whole", "whole") == (paused.meta("fact"), other.meta("fact"))
