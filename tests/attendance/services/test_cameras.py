"""Cameras in the background: wanted ones are watched, what goes wrong with one is its own, restarts forget nothing."""

import threading
import time

import numpy as np
import pytest
from live_world import Sight, World

from attendance.access import Actor
from attendance.app import Attendance
from attendance.cameras import CameraState, Frame
from attendance.errors import CameraAuth, CameraMissing, PlaceExists, PlaceRetired, PlaceUnknown, SessionClosed
from attendance.service_errors import CameraItself
from attendance.services.cameras import Cameras
from attendance.services.watchman import Pauses
from gallery.repositories import watches
from gallery.repositories.events import WATCH_STARTED, WATCH_STOPPED, history

ADMIN = Actor("Ines", frozenset({"admin"}), "web")
FRONT, BACK = "rtsp://u:pw@10.0.0.8/live", "rtsp://10.0.0.9/live"


class Desk(World):
    """The made-up world, for any number of cameras."""

    def by(self, _actor):
        return self


class Door:
    """A camera that delivers, freezes, is lost or cannot be opened, as the test says."""

    def __init__(self, clock, desk, tick=0.0):
        self.clock, self.desk, self.tick = clock, desk, tick
        self.state, self.detail = CameraState.CLOSED, ""
        self.error, self.does, self.opened, self.closed = None, "deliver", 0, 0
        self.number = 0

    def open(self):
        self.opened += 1
        if self.error is not None:
            raise self.error
        self.state = CameraState.OPENING

    def newest(self, _timeout_s):
        time.sleep(0.005)
        if isinstance(self.does, Exception):
            raise self.does
        if self.does == "lose":
            self.state, self.detail = CameraState.OFFLINE, "no picture for 5 s; next try in 1 s"
            return None
        if self.does == "freeze":  # the camera has not noticed yet
            return None
        self.state, self.detail = CameraState.ONLINE, ""
        self.number += 1
        if self.tick:
            self.clock.forward(seconds=self.tick)
        pixels = (
            self.desk.picture(min(self.number, len(self.desk.frames) - 1))
            if self.tick
            else np.zeros((24, 32, 3), np.uint8)
        )
        self.desk.now = min(self.number, len(self.desk.frames) - 1)
        return Frame(pixels, self.number, self.clock.monotonic(), self.clock.utc())

    def close(self):
        self.closed += 1


def until(holds, seconds=10.0):
    """Wait until it holds; returns what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come to hold")


@pytest.fixture
def desk():
    return Desk([[]])


@pytest.fixture
def make(app, clock, desk):
    """Makes the service over the open home, as a start of `serve` does; all are closed in the end."""
    made = []

    def build(doors, desk=desk):
        cameras = Cameras(app.gallery, desk, app.scopes, app.places, clock, "UTC")
        cameras.pauses = Pauses(first=0.02, longest=0.05)
        cameras.device = lambda address: doors[address.value]
        made.append(cameras)
        return cameras

    yield build
    for each in made:
        each.close()


@pytest.fixture
def doors(app, clock, desk):
    """Two places with a camera each, by address."""
    app.places.add(ADMIN, "Front", FRONT)
    app.places.add(ADMIN, "Back", BACK)
    return {FRONT: Door(clock, desk), BACK: Door(clock, desk)}


@pytest.fixture
def cameras(make, doors):
    made = make(doors)
    made.start()
    return made


def state(cameras, name):
    return cameras.of(name).reading.state


def kinds(app):
    return [each.kind for each in app.newsroom.after(0) if each.kind.startswith("camera.")]


def test_begin_and_stop(app, cameras, doors):
    """A camera that is started is watched and its capture closed when it is stopped; both stand in the log."""
    assert state(cameras, "Front") == "off"
    cameras.begin(ADMIN, "Front")
    until(lambda: state(cameras, "Front") == "online")
    health = cameras.of("Front")
    assert (health.wanted, health.reading.fps > 0) == (True, True)
    stopped = cameras.stop(ADMIN, "Front")
    until(lambda: doors[FRONT].closed)
    assert not stopped.wanted
    until(lambda: state(cameras, "Front") == "off")
    with app.store.reading() as transaction:
        told = [(each.action, each.by) for each in history(transaction) if each.action.startswith("watch.")]
    assert told == [(WATCH_STARTED, "Ines"), (WATCH_STOPPED, "Ines")]


def test_stopping_what_is_not_watched_is_no_event(app, cameras):
    """Stopping twice is said once."""
    cameras.stop(ADMIN, "Front")
    with app.store.reading() as transaction:
        assert history(transaction, action=WATCH_STOPPED) == []


def test_wanted_survives_a_kill(make, doors, home, clock, pipeline):
    """What was watched when the service was killed is watched again when it starts, and what was stopped is not."""
    first = make(doors)
    first.start()
    first.begin(ADMIN, "Front")
    first.begin(ADMIN, "Back")
    first.stop(ADMIN, "Back")
    with Attendance.open(home, clock=clock, pipeline=pipeline) as again:  # nothing was closed
        second = Cameras(again.gallery, Desk([[]]), again.scopes, again.places, clock, "UTC")
        second.device = lambda address: doors[address.value]
        assert {"Back": False, "Front": True} == {each.name: each.wanted for each in second.all()}
        second.start()
        until(lambda: state(second, "Front") == "online")
        assert state(second, "Back") == "off"
        second.close()


def test_closing_keeps_what_is_wanted(make, doors):
    """An orderly end of the service stops cameras without forgetting them."""
    first = make(doors)
    first.start()
    first.begin(ADMIN, "Front")
    until(lambda: state(first, "Front") == "online")
    first.close()
    assert doors[FRONT].closed == 1
    assert make(doors).of("Front").wanted


def test_restart_begins_anew(cameras, doors, clock):
    """Restarting opens the camera again, and whoever looks at it goes on doing so."""
    cameras.begin(ADMIN, "Front")
    until(lambda: state(cameras, "Front") == "online")
    view = cameras.view(cameras.of("Front").number)
    clock.forward(seconds=1)
    cameras.restart(ADMIN, "Front")
    until(lambda: doors[FRONT].opened == 2)
    until(lambda: state(cameras, "Front") == "online")
    assert cameras.view(cameras.of("Front").number) is view


def test_a_beat_in_between_opens_no_camera_twice(cameras, doors):
    """Where the thread of the service finds what is wanted before whoever asked for it does, it is opened once."""
    found = cameras._reconcile

    def both():
        found()
        until(lambda: state(cameras, "Front") == "online")
        found()

    cameras._reconcile = both
    cameras.begin(ADMIN, "Front")
    number = doors[FRONT].number
    until(lambda: doors[FRONT].number > number + 1)
    assert (1, 0) == (doors[FRONT].opened, doors[FRONT].closed)


def test_changed_place_begins_anew(app, cameras, doors):
    """A camera whose place is changed is watched as it is now; one that is retired is not watched."""
    cameras.begin(ADMIN, "Front")
    until(lambda: state(cameras, "Front") == "online")
    app.places.change(ADMIN, "Front", direction="in")
    cameras._reconcile()
    until(lambda: doors[FRONT].opened == 2)
    app.places.retire(ADMIN, "Front")
    cameras._reconcile()
    until(lambda: doors[FRONT].closed == 2)
    assert [each.name for each in cameras.all()] == ["Back"]


@pytest.mark.parametrize(
    "error",
    [
        CameraMissing("rtsp://***@10.0.0.8/live", "no picture for 10 s"),
        CameraAuth("10.0.0.8", "the user or the password is wrong (401 Unauthorized)"),
        RuntimeError("the model broke"),
    ],
)
def test_one_that_fails_touches_no_other(app, cameras, doors, error, monkeypatch):
    """A camera that cannot be watched says why, is tried again, and the other one works all the while."""
    monkeypatch.setattr("attendance.services.watchman.LOCKED_S", 0.02)
    doors[FRONT].error = error
    cameras.begin(ADMIN, "Front")
    cameras.begin(ADMIN, "Back")
    until(lambda: state(cameras, "Back") == "online")
    until(lambda: doors[FRONT].opened >= 3)
    trouble = until(lambda: cameras.of("Front").reading.trouble)
    assert str(error).split(": ", 1)[-1] in trouble.text
    assert "pw" not in trouble.text
    assert state(cameras, "Back") == "online"
    doors[FRONT].error = None
    until(lambda: state(cameras, "Front") == "online")
    until(lambda: kinds(app) == ["camera.failed", "camera.back"])


def test_lost_and_back_are_news(app, cameras, doors):
    """A camera that delivers nothing is news once, and so is its return."""
    cameras.begin(ADMIN, "Front")
    until(lambda: state(cameras, "Front") == "online")
    doors[FRONT].does = "lose"
    until(lambda: state(cameras, "Front") == "offline")
    assert cameras.of("Front").reading.detail == "no picture for 5 s; next try in 1 s"
    doors[FRONT].does = "deliver"
    until(lambda: state(cameras, "Front") == "online")
    until(lambda: kinds(app) == ["camera.lost", "camera.back"])
    told = app.newsroom.told(app.newsroom.after(0)[0])
    assert (told["place"], told["person"]) == ("Front", None)


def test_stale_within_six_seconds(cameras, doors, clock):
    """Six seconds after the last new picture at the latest, a camera that has noticed nothing yet counts as stale."""
    cameras.begin(ADMIN, "Front")
    until(lambda: state(cameras, "Front") == "online")
    doors[FRONT].does = "freeze"
    time.sleep(0.05)
    clock.forward(seconds=3)
    assert state(cameras, "Front") == "online"
    clock.forward(seconds=3)
    reading = cameras.of("Front").reading
    assert (reading.state, reading.detail) == ("stale", "no new picture for 6 s")
    assert reading.age_s == pytest.approx(6)


def test_marks_and_counts(app, make, clock):
    """A camera marks who stands before it, by the actor of its own name, and counts what it has seen today."""
    app.places.add(ADMIN, "Front", FRONT)
    desk = Desk([[Sight(1)]] * 2)
    cameras = make({FRONT: Door(clock, desk, tick=1 / 30)}, desk)
    cameras.start()
    cameras.begin(ADMIN, "Front")
    until(lambda: desk.marks)
    assert desk.marks == ["P-1"]


def test_closed_session_is_said(app, cameras):
    """A camera is not started for a session that is closed; the one who asks is told so."""
    app.session_book.open(ADMIN, "Fair")
    cameras.begin(ADMIN, "Front", session="Fair")
    assert cameras.of("Front").session == "Fair"
    app.session_book.close(ADMIN, "Fair")
    with pytest.raises(SessionClosed):
        cameras.begin(ADMIN, "Back", session="Fair")


def test_unknown_retired_and_foreign(app, cameras):
    """Places that are not there, out of use or of another group are refused."""
    with pytest.raises(PlaceUnknown):
        cameras.begin(ADMIN, "Attic")
    app.places.retire(ADMIN, "Front")
    with pytest.raises(PlaceRetired):
        cameras.begin(ADMIN, "Front")
    number = cameras.of("Back").number
    texts = set()
    for each in (number, 999):
        with pytest.raises(PlaceUnknown) as caught:
            cameras.view(each, {"7b"})
        texts.add(str(caught.value).replace(str(each), "N"))
    assert len(texts) == 1
    assert cameras.all({"7b"}) == []


def test_a_place_with_a_group_is_seen_by_its_teachers(app, draw, cameras):
    """A teacher sees cameras of places of their groups, and those of no group are the admins'."""
    app.enroll(draw("ada.png", (7,)), name="Ada", groups=["7b"])
    app.places.change(ADMIN, "Front", group="7b")
    assert [each.name for each in cameras.all({"7b"})] == ["Front"]
    assert [each.name for each in cameras.all()] == ["Back", "Front"]


def test_want_adds_uses_or_refuses(app, make, clock, desk):
    """`--camera NAME=ADDRESS` adds a place, uses the same one again, and changes no address that is there."""
    cameras = make({FRONT: Door(clock, desk)})
    cameras.want(ADMIN, "Front", FRONT)
    first = cameras.of("Front")
    watched = app.store
    with watched.reading() as transaction:
        (before,) = watches.all_watches(transaction)
    clock.forward(hours=1)
    cameras.want(ADMIN, "Front", FRONT)
    cameras.want(ADMIN, "Front")
    with watched.reading() as transaction:
        assert watches.all_watches(transaction) == [before]
    assert first.wanted
    with pytest.raises(PlaceExists) as caught:
        cameras.want(ADMIN, "Front", BACK)
    assert "pw" not in str(caught.value)
    with pytest.raises(PlaceUnknown):
        cameras.want(ADMIN, "Attic")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8400/cameras/1/live",
        "http://u:p@localhost:8400/",
        "http://[::1]:8400/x",
        "http://0.0.0.0:8400/x",
        "http://127.9.9.9:8400/x",
        "https://school.example/cameras/1/live",
        "rtsp://localhost:8400/x",
    ],
)
def test_the_service_itself_is_no_camera(cameras, address):
    """An address that leads to the service is refused, by whatever name of this computer."""
    cameras.served_at(8400, "https://school.example")
    with pytest.raises(CameraItself) as caught:
        cameras.want(ADMIN, "Mirror", address)
    assert "u:p" not in str(caught.value)
    with pytest.raises(PlaceUnknown):
        cameras.of("Mirror")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8401/x", "https://school.example:8443/x", "http://10.255.255.1:8400/x"]
)
def test_other_ports_and_computers_are_cameras(cameras, address):
    """What leads elsewhere is not refused."""
    cameras.served_at(8400, "https://school.example")
    cameras.refuse_itself(address)


def test_a_run_does_not_lead_to_the_service(app, cameras):
    """A place that was given the service's own address by another program is not watched."""
    cameras.served_at(8400)
    cameras.begin(ADMIN, "Front")
    until(lambda: state(cameras, "Front") == "online")
    app.places.change(ADMIN, "Front", address="http://127.0.0.1:8400/live")
    cameras._reconcile()
    trouble = until(lambda: cameras.of("Front").reading.trouble)
    assert (trouble.id, "127.0.0.1:8400" in trouble.text) == ("camera.itself", True)


def test_last_are_told_newest_first(app, draw, cameras):
    """What was decided before a camera last is listed with the name of today, strangers without one."""
    app.enroll(draw("ada.png", (7,)), name="Ada")
    place = app.places.find("Front").place
    scope = app.scopes.of(None, None, place)
    for number, who in enumerate((7, 9)):
        faces = app.pipeline.faces(pixels_of(who))
        for decision in app.desk.judge(faces, scope, source="Front", frame=number):
            app.desk.record(decision, scope, means="camera")
    number = cameras.of("Front").number
    assert [("unknown", None), ("present", "Ada")] == [(each.ruling, each.name) for each in cameras.last(number)]
    assert cameras.of("Front").today.rulings == {"present": 1, "unknown": 1}


def pixels_of(who):
    """A picture of this person, for the pipeline without models."""
    pixels = np.random.default_rng(who).integers(0, 255, (64, 64, 3), np.uint8)
    pixels[0] = 0
    pixels[0, 0] = (who, 100, 0)
    return pixels


def test_counts_are_of_today(app, cameras, draw, clock):
    """The counts begin anew with the day of the site."""
    app.enroll(draw("ada.png", (7,)), name="Ada")
    place = app.places.find("Front").place
    scope = app.scopes.of(None, None, place)
    faces = app.pipeline.faces(pixels_of(7))
    (decision,) = app.desk.judge(faces, scope, source="Front")
    app.desk.record(decision, scope, means="camera")
    assert cameras.of("Front").today.judged == 1
    clock.forward(days=1)
    assert cameras.of("Front").today.judged == 0


def test_threads_end(make, doors):
    """After closing no thread of a camera is left."""
    made = make(doors)
    made.start()
    made.begin(ADMIN, "Front")
    until(lambda: state(made, "Front") == "online")
    made.close()
    until(lambda: not [each for each in threading.enumerate() if each.name == "camera Front"])
