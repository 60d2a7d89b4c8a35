"""Leases of this process: what another has taken is recorded no more, and cameras go on where their service ended."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from live_world import World

from attendance.access import Actor
from attendance.app import Attendance
from attendance.cameras import CameraState, Frame
from attendance.scope import Scope
from attendance.services.cameras import Cameras
from attendance.services.leases import Leased, Leases, alone_before, camera_lease
from attendance.services.watchman import Pauses
from gallery.errors import GalleryLocked, LeaseLost
from gallery.repositories import leases

ADMIN = Actor("Ines", frozenset({"admin"}), "web")
ADDRESS = "rtsp://10.0.0.8/live"


class Desk(World):
    """The made-up world, whoever acts."""

    def by(self, _actor):
        return self


class Door:
    """A camera that delivers empty pictures."""

    def __init__(self, clock):
        self.clock, self.state, self.detail, self.number = clock, CameraState.CLOSED, "", 0
        self.is_open = False

    def open(self):
        self.is_open, self.state = True, CameraState.OPENING

    def newest(self, _timeout_s):
        time.sleep(0.005)
        self.state, self.number = CameraState.ONLINE, self.number + 1
        return Frame(np.zeros((24, 32, 3), np.uint8), self.number, self.clock.monotonic(), self.clock.utc())

    def close(self):
        self.is_open = False


class Book:
    """A desk that only remembers what it was given to record."""

    def __init__(self, desk):
        self.settings, self.clock, self.pipeline = desk.settings, desk.clock, None
        self.kept = []

    def record(self, decision, _scope, **_more):
        self.kept.append(decision)
        return decision

    def cover(self, *_given, **more):
        self.kept.append(more.get("source", "looked"))

    def note_check(self, *_given):
        self.kept.append("checked")


def until(holds, seconds=10.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def by_hand(monkeypatch):
    """Nothing is renewed but by the test itself."""
    monkeypatch.setattr(Leases, "_keep", lambda _: None)


@pytest.fixture
def second(home, clock, pipeline):
    """Another service at the same home."""
    with Attendance.open(home, clock=clock, pipeline=pipeline) as opened:
        yield opened


@pytest.fixture
def gate(app):
    place = app.places.add(ADMIN, "Gate", ADDRESS).place
    app.cameras.begin(ADMIN, "Gate")
    return place


@pytest.fixture
def services(clock):
    """The cameras of two services, each with a device of its own; closed in the end."""
    made = []

    def build(opened, site=None):
        door = Door(clock)
        parts = (opened.gallery, Desk([[]]), opened.scopes, opened.places, clock, "UTC")
        cameras = Cameras(*parts, leases=opened.leases, site=site)
        cameras.pauses = Pauses(first=0.02, longest=0.05)
        cameras.device = lambda _: door
        made.append(cameras)
        return cameras, door

    yield build
    for each in made:
        each.close()


def state(cameras):
    return cameras.of("Gate").reading.state


# Records


def test_recorded_while_it_stands(app, gate):
    """A desk with a lease records as any, for as long as the lease stands."""
    lease, book = app.leases.take(camera_lease(gate.id)), Book(app.desk)
    leased = Leased(book, app.store, app.leases, lease, "Gate")
    assert leased.record("a face", Scope()) == "a face"
    leased.note_check("camera", Scope())
    assert book.kept == ["a face", "checked"]


def test_nothing_is_recorded_by_who_was_paused(app, second, clock, gate):
    """Who comes back from a pause after another has taken over records nothing, of whatever kind."""
    lease, book = app.leases.take(camera_lease(gate.id)), Book(app.desk)
    leased = Leased(book, app.store, app.leases, lease, "Gate")
    clock.forward(seconds=10)
    assert second.leases.take(camera_lease(gate.id)) is not None
    now = clock.utc()
    for late in (
        lambda: leased.record("a face", Scope()),
        lambda: leased.note_check("camera", Scope()),
        lambda: leased.cover("camera", Scope(), "Gate", begins=now, ends=now, before=None),
    ):
        with pytest.raises(LeaseLost, match="Gate: another process has taken over"):
            late()
    assert book.kept == []


def test_a_pause_that_nobody_used_is_none(app, clock, gate):
    """Who was paused goes on where no other process has taken over meanwhile."""
    lease, book = app.leases.take(camera_lease(gate.id)), Book(app.desk)
    clock.forward(seconds=60)
    Leased(book, app.store, app.leases, lease, "Gate").record("a face", Scope())
    assert book.kept == ["a face"]


def test_renewing_finds_out(app, second, clock, gate):
    """What another has taken is held no more from the next renewal on, and what is renewed stays held."""
    lease = app.leases.take(camera_lease(gate.id))
    clock.forward(seconds=9)
    app.leases.renew()
    clock.forward(seconds=9)
    assert second.leases.take(camera_lease(gate.id)) is None
    assert app.leases.holds(lease)
    clock.forward(seconds=1)
    assert second.leases.take(camera_lease(gate.id)).epoch == 2
    app.leases.renew()
    assert not app.leases.holds(lease)


# Letting go while a renewal is under way


@pytest.fixture
def paused(app, monkeypatch):
    """``paused(lambda: …)`` begins this beside the test, up to its next step of the database; called, it goes on."""
    through, opening, threads = {}, app.store.atomic, []

    @contextmanager
    def atomic():
        waits = through.get(threading.get_ident())
        if waits is not None:
            begun, may_go = waits
            begun.set()
            may_go.wait(10)
        with opening() as transaction:
            yield transaction

    def begin(work):
        begun, may_go = threading.Event(), threading.Event()

        def run():
            through[threading.get_ident()] = begun, may_go
            work()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        assert begun.wait(10)

        def go_on():
            may_go.set()
            threads[-1].join(10)

        return go_on

    monkeypatch.setattr(app.store, "atomic", atomic)
    return begin


def test_released_while_a_renewal_is_paused(app, second, gate, paused):
    """What is let go while a renewal is about to write is anybody's afterwards, and is not renewed any more."""
    name = camera_lease(gate.id)
    lease = app.leases.take(name)
    go_on = paused(app.leases.renew)
    app.leases.release(lease)
    go_on()
    assert not app.leases.holds(lease)
    assert second.leases.take(name).epoch == 2


def test_released_within_a_renewal(app, second, gate, monkeypatch):
    """What is let go after a renewal has begun to write is let go once more when that is done."""
    name = camera_lease(gate.id)
    lease, renew = app.leases.take(name), leases.renew

    def slow(transaction, held, **more):
        app.leases.release(lease)
        return renew(transaction, held, **more)

    monkeypatch.setattr(leases, "renew", slow)
    app.leases.renew()
    assert second.leases.take(name).epoch == 2


def test_what_could_not_be_released_is_let_go_with_the_next_renewal(app, second, gate, monkeypatch):
    """Where the database is busy as something is let go, it is let go as soon as it answers, without an error."""
    name = camera_lease(gate.id)
    lease = app.leases.take(name)

    def busy():
        raise GalleryLocked("gallery.db", "another process writes")

    with monkeypatch.context() as broken:
        broken.setattr(app.store, "atomic", busy)
        app.leases.release(lease)
    assert second.leases.take(name) is None
    app.leases.renew()
    assert second.leases.take(name).epoch == 2


def test_taken_again_while_it_is_released(app, second, gate, paused):
    """What is taken again before its release is written stays held."""
    name = camera_lease(gate.id)
    lease = app.leases.take(name)
    go_on = paused(lambda: app.leases.release(lease))
    assert app.leases.take(name) is not None
    go_on()
    assert app.leases.holds(lease)
    assert second.leases.take(name) is None


def test_renewed_and_released_by_many_threads(app, second, gate):
    """However renewals and releases come to lie, nothing fails, and in the end nobody holds what was let go."""
    name, failed = camera_lease(gate.id), []

    def work(step):
        try:
            for _ in range(10):
                step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            failed.append(error)

    def take_and_release():
        app.leases.release(app.leases.take(name))

    threads = [threading.Thread(target=work, args=(step,)) for step in (app.leases.renew, take_and_release)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert failed == []
    assert second.leases.take(name) is not None


# One command before a camera


def test_alone_before_a_place(app, second, gate):
    """For the time of a run no other process watches the camera of a place, and afterwards any may."""
    scope, said = Scope(place=gate), []
    with alone_before(app.desk, app.store, app.leases, scope, said.append) as desk:
        assert isinstance(desk, Leased)
        assert second.leases.take(camera_lease(gate.id)) is None
    assert second.leases.take(camera_lease(gate.id)) is not None
    assert said == []


def test_held_by_another_is_refused(app, second, clock, gate, monkeypatch):
    """A camera that another process goes on watching is waited for a while, and refused by what the place is called."""
    second.workers.tell()
    second.leases.take(camera_lease(gate.id))
    monkeypatch.setattr("attendance.services.leases.WAIT_S", 0.01)
    said = []

    def say(text):
        said.append(text)
        clock.forward(seconds=4)
        second.leases.renew()

    with (
        pytest.raises(LeaseLost, match=r"^Gate: .* watches it$"),
        alone_before(app.desk, app.store, app.leases, Scope(place=gate), say),
    ):
        pass
    assert len(said) == 3


def test_the_lease_of_one_killed_is_waited_for(app, second, clock, gate, monkeypatch):
    """Where the process that held it is gone, a command begins as soon as its lease is over."""
    second.leases.take(camera_lease(gate.id))
    monkeypatch.setattr("attendance.services.leases.WAIT_S", 0.01)
    with alone_before(app.desk, app.store, app.leases, Scope(place=gate), lambda _: clock.forward(seconds=3)) as desk:
        assert isinstance(desk, Leased)


@pytest.mark.parametrize("scope", [Scope(), Scope(dry_run=True)])
def test_no_place_and_no_record_need_none(app, gate, scope):
    """A camera that is no place, and a dry run before one that is, are watched by any number of processes."""
    scope = replace(scope, place=gate) if scope.dry_run else scope
    with alone_before(app.desk, app.store, app.leases, scope, print) as desk:
        assert desk is app.desk


# Services


@pytest.mark.usefixtures("gate")
def test_one_of_two_services_watches(services, app, second):
    """Of two services of a home one opens the camera; the other says so, and who does."""
    app.workers.tell()
    (first, door), (other, unused) = services(app), services(second)
    first.start()
    until(lambda: state(first) == "online")
    other.start()
    until(lambda: state(other) == "elsewhere")
    host = app.workers.all()[0].worker.host
    assert other.of("Gate").reading.detail == f"{host} watches it"
    assert (door.is_open, unused.is_open) == (True, False)


@pytest.mark.usefixtures("gate")
def test_the_other_takes_over(services, app, second):
    """When the service that watches ends in order another begins at once, and nobody is told of a failure."""
    (first, door), (other, _) = services(app), services(second)
    first.start()
    until(lambda: state(first) == "online")
    other.start()
    until(lambda: state(other) == "elsewhere")
    first.close()
    other._reconcile()
    until(lambda: state(other) == "online")
    assert not door.is_open
    assert [each.kind for each in app.newsroom.after(0) if each.kind.startswith("camera.")] == []


@pytest.mark.usefixtures("gate")
def test_one_that_hangs_is_followed_and_stops(services, app, second, clock):
    """A service that renews nothing for ten seconds is followed; when it goes on it closes the camera, without news."""
    (first, door), (other, opened) = services(app), services(second)
    first.start()
    until(lambda: state(first) == "online")
    other.start()
    until(lambda: state(other) == "elsewhere")
    clock.forward(seconds=10)
    other._reconcile()
    until(lambda: state(other) == "online")
    app.leases.renew()
    first._reconcile()
    until(lambda: state(first) == "elsewhere")
    until(lambda: not door.is_open)
    assert opened.is_open
    assert [each.kind for each in app.newsroom.after(0) if each.kind.startswith("camera.")] == []


def test_a_site_watches_its_own(services, app, second):
    """A service of a site watches the cameras of its site and of none; one of no site those of sites without any."""
    for name, site in (("Gate", "North"), ("Yard", "South"), ("Hall", None)):
        app.places.add(ADMIN, name, f"rtsp://10.0.0.{len(name)}/{name}", site=site)
        app.cameras.begin(ADMIN, name)
    object.__setattr__(second.settings, "site", "North")
    second.workers.tell()
    (everywhere, _), (north, _) = services(app), services(second, "North")
    assert {each.place.name: each.elsewhere for each in everywhere._wanted().values()} == {
        "Gate": True, "Yard": False, "Hall": False,
    }  # fmt: skip
    assert {each.place.name: each.elsewhere for each in north._wanted().values()} == {
        "Gate": False, "Yard": True, "Hall": False,
    }  # fmt: skip
