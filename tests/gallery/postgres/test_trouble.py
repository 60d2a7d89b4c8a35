"""What a server goes through while marks are made: every one that was answered for is there, once."""

import gc
import os
import shutil
import subprocess
import threading
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from gallery import GalleryError, GalleryFull, GalleryUnreachable, open_database
from gallery.ports import Database
from gallery.schema import MarkRow, Person, SessionRow

psycopg = pytest.importorskip("psycopg")

NOW = datetime(2026, 3, 2, 7, 58, tzinfo=UTC)
PEOPLE, CREWS = 600, 4
PATIENCE_S = 90.0


def _crowd(store: Database, people: int) -> int:
    """So many people and a session; the session's number."""
    with store.atomic() as step:
        step.execute(
            insert(Person),
            [{"external_id": f"p{n}", "name": "x", "note": "", "created": NOW, "active": True} for n in range(people)],
        )
        day = SessionRow(name="2026-03-02", kind="day", day="2026-03-02", opens=NOW, zone="UTC")
        step.add(day)
        step.flush()
        return day.id


def _mark(store: Database, person: int, session: int) -> None:
    """Mark somebody who is not marked yet, as often as it takes until the database has answered for it."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            with store.atomic() as step:
                if step.scalar(select(MarkRow.id).where(MarkRow.person_id == person)) is None:
                    given = {"person_id": person, "session_id": session, "ordinal": 1, "method": "manual"}
                    step.add(MarkRow(at=NOW, entered=NOW, by="t", time_known=True, details={}, **given))
        except GalleryUnreachable:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _marked(store: Database, session: int, trouble: Callable[[], object], people: int = PEOPLE) -> list[GalleryError]:
    """Several threads mark everybody while trouble comes about a third of the way; what came out but a lost server."""
    done, wrong = threading.Semaphore(0), list[Exception]()

    def crew(first: int) -> None:
        try:
            for person in range(first, people + 1, CREWS):
                _mark(store, person, session)
                done.release()
        except Exception as error:  # noqa: BLE001  shown by the test
            wrong.append(error)

    crews = [threading.Thread(target=crew, args=(first,)) for first in range(1, CREWS + 1)]
    for each in crews:
        each.start()
    for _ in range(people // 3):
        assert done.acquire(timeout=PATIENCE_S)
    trouble()
    for each in crews:
        each.join()
    return wrong


def _those_marked(store: Database) -> list[int]:
    with store.reading() as view:
        return sorted(view.scalars(select(MarkRow.person_id)))


@pytest.mark.parametrize("trouble", ["kill_a_backend", "restart"])
def test_marks_survive_a_server_that_falls(cluster, folder_of, trouble):
    """A connection's process is killed, or the server stops at once and starts again: nobody is lost or twice."""
    with open_database(folder_of(cluster.address())) as store:
        session = _crowd(store, PEOPLE)
        assert [] == _marked(store, session, getattr(cluster, trouble))

        assert list(range(1, PEOPLE + 1)) == _those_marked(store)
        assert ((), ()) == (store.check().damage, store.check().orphans)


def test_no_connection_is_left_open_by_those_that_died(cluster, folder_of):
    """While a step meets a connection that is dead, another one goes on; both are closed with the store."""
    address = cluster.address()
    with open_database(folder_of(address)) as store:
        with store.atomic():
            dead = store._writing.connection().connection.driver_connection.info.backend_pid
        begun, go_on = threading.Event(), threading.Event()

        def busy() -> None:
            with store._writer.begin():
                begun.set()
                assert go_on.wait(PATIENCE_S)

        with store.atomic():
            other = threading.Thread(target=busy)
            other.start()
            assert begun.wait(PATIENCE_S)
        cluster.sql(f"SELECT pg_terminate_backend({dead}, 10000)")
        store.set_meta("x", "1")
        go_on.set()
        other.join()
        assert "1" == store.meta("x")
    del other
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()


def test_marks_survive_the_loss_of_the_server(cluster_at, folder_of):
    """The server is gone for good and its follower takes its place: what was answered for is there, once."""
    first, second = cluster_at("first"), cluster_at("second")
    first.begin()
    second.follow(first)
    first.sql("ALTER SYSTEM SET synchronous_standby_names = 'f'")
    first.sql("SELECT pg_reload_conf()")

    def lose() -> None:
        first.stop()
        second.promote()

    both = f"postgresql://postgres@127.0.0.1:{first.port},127.0.0.1:{second.port}/postgres"
    with open_database(folder_of(both)) as store:
        session = _crowd(store, PEOPLE)
        assert [] == _marked(store, session, lose)

        assert list(range(1, PEOPLE + 1)) == _those_marked(store)


def test_a_server_that_is_full_of_connections_is_told_and_waited_for(cluster, folder_of):
    """While others hold every connection a step says that the server is out of reach, and nothing is half done."""
    home = folder_of(cluster.address())
    with open_database(home) as store:
        session = _crowd(store, 1)
    cluster.sql("CREATE ROLE plain LOGIN")
    cluster.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain")
    plain = folder_of(cluster.address().replace("postgres@", "plain@"), "plain")
    with open_database(plain) as store:
        store._engine.dispose()
        store._writer.dispose()
        held = []
        with pytest.raises(psycopg.OperationalError):
            _take_all(held, cluster.address().replace("postgres@", "plain@"))
        with pytest.raises(GalleryUnreachable, match="connection"), store.atomic():
            pass
        for each in held:
            each.close()
        _mark(store, 1, session)

        assert [1] == _those_marked(store)


def _take_all(held: list, address: str) -> None:
    """Connect until nobody else can."""
    while True:
        held.append(psycopg.connect(address))


@pytest.fixture
def small_disk(cluster):
    """A place of 24 MB for a database to lie in; skips where this account may mount none."""
    place = cluster.folder / "small"
    place.mkdir()
    mounted = shutil.which("mount") and os.geteuid() == 0
    if not mounted or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", place], check=False).returncode:
        pytest.skip("needs an account that may mount a small disk")
    shutil.chown(place, "pgserver")
    yield place
    cluster.stop()
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_told_and_nothing_is_half_written(cluster, small_disk, folder_of):
    """Where the disk is full a step is refused as a whole; what was answered for is there, once room is made."""
    cluster.sql(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    cluster.sql("CREATE DATABASE filled TABLESPACE small")
    with open_database(folder_of(cluster.address("filled"))) as store:
        session = _crowd(store, 20)
        cluster.sql("CREATE TABLE ballast (kept text)", "filled")
        cluster.sql("ALTER TABLE ballast ALTER kept SET STORAGE EXTERNAL", "filled")  # as long as it is
        with pytest.raises(psycopg.errors.DiskFull):
            _fill(cluster)
        told = []
        for person in range(1, 21):
            try:
                _big_mark(store, person, session)
                told.append(person)
            except GalleryFull:
                break
        assert len(told) < 20
        assert told == _those_marked(store)
        cluster.sql("DROP TABLE ballast", "filled")
        for person in range(1, 21):
            _mark(store, person, session)

        assert list(range(1, 21)) == _those_marked(store)


def _fill(cluster) -> None:
    """Write until there is no room."""
    while True:
        cluster.sql("INSERT INTO ballast SELECT repeat(md5(random()::text), 200) FROM generate_series(1, 50)", "filled")


def _big_mark(store: Database, person: int, session: int) -> None:
    """A mark that needs room: its details are half a megabyte that nothing can make smaller."""
    details = {"kept": os.urandom(250_000).hex()}
    with store.atomic() as step:
        given = {"person_id": person, "session_id": session, "ordinal": 1, "method": "manual"}
        step.add(MarkRow(at=NOW, entered=NOW, by="t", time_known=True, details=details, **given))


def test_a_notice_that_never_comes_is_made_up_for(cluster, folder_of):
    """Whoever waits for a change asks now and then all the same: a step that told nobody is found."""
    from gallery.postgres.listening import Listeners

    with open_database(folder_of(cluster.address())) as store:
        before = store.generation()
        listeners = Listeners(store._listeners._connect)
        quiet = threading.Timer(0.3, cluster.sql, ["UPDATE meta SET value = '77' WHERE key = 'generation'"])
        quiet.start()

        assert listeners.wait(lambda: store.generation() != before, 60, net_s=0.5)
        quiet.join()
        listeners.close()


def test_whoever_waits_hears_that_the_server_is_gone(cluster, folder_of):
    """A wait ends with GalleryUnreachable when the server goes, and the next one after it is back hears of a change."""
    with open_database(folder_of(cluster.address())) as store:
        stopping = threading.Timer(0.3, cluster.stop)
        stopping.start()
        with pytest.raises(GalleryUnreachable):
            store.wait_for_change(store.generation(), 60)
        stopping.join()  # it waits until the server has ended, which is before another one begins
        cluster.start()
        before = store.generation()
        with store.atomic() as step:
            store.bump(step)

        assert store.wait_for_change(before, 60)
