"""Workers: every service tells of itself, and which judge by other settings is told."""

from dataclasses import replace

import pytest

from attendance.app import Attendance
from attendance.services.doctor import Doctor
from attendance.services.leases import camera_lease
from attendance.settings import Settings


@pytest.fixture
def second(home, clock, pipeline):
    """Another service at the same home."""
    flags = {"guard_people": 0, "target_fpir": 0.01, "threads": 2}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened


def test_each_tells_of_itself(app, second, clock):
    """Two services are told of in the order in which they began, each knowing which is itself."""
    app.workers.tell()
    clock.forward(seconds=1)
    second.workers.tell()
    assert [each.own for each in app.workers.all()] == [True, False]
    assert [each.own for each in second.workers.all()] == [False, True]


def test_other_settings_are_told(app, second):
    """What decides a mark and differs is named with both values; what may differ from computer to computer is not."""
    app.workers.tell()
    second.workers.tell()
    told = {each.own: each.differs for each in app.workers.all()}
    assert told == {True: (), False: ("target_fpir is 0.01 there, 0.003 here",)}


def test_silent_after_a_while(app, clock):
    """Who was not heard of for half a minute and more is silent, and not again once heard of."""
    app.workers.tell()
    clock.forward(seconds=36)
    assert [each.silent for each in app.workers.all()] == [True]
    app.workers.tell()
    assert [each.silent for each in app.workers.all()] == [False]


def test_who_watches_what(app, second):
    """The camera that a service watches alone is told with it, by the name of its place."""
    place = app.places.add(app.actor, "Gate", "rtsp://10.0.0.8/live").place
    app.workers.tell()
    second.workers.tell()
    second.leases.take(camera_lease(place.id))
    assert {each.own: each.watches for each in app.workers.all()} == {True: (), False: ("Gate",)}


def test_ended_is_not_told(app, second):
    """A service that ends in order is told of no more."""
    app.workers.tell()
    second.workers.tell()
    second.workers.close()
    assert [each.own for each in app.workers.all()] == [True]


def test_forgotten_after_as_long_as_a_site_may_be_alone(app, second, clock):
    """One that has not been heard of for longer than a slice may be used goes."""
    second.workers.tell()
    clock.forward(days=second.settings.offline_days + 2)
    app.workers.tell()
    assert [each.own for each in app.workers.all()] == [True]


def test_facts_are_told(app):
    """What another part tells of this process goes along."""
    app.workers.tells["waiting"] = lambda: 3
    app.workers.tell()
    assert app.workers.all()[0].worker.facts["waiting"] == 3


def test_every_setting_is_the_computers_own_or_decides():
    """What is told of a service names no folder and no key."""
    from attendance.services.workers import OWN, decisive

    changed = replace(Settings(), backup_folder="/mnt/backups", recovery_key="age1x", vote_frames=5)
    assert OWN <= set(vars(Settings()))
    assert decisive(changed) == {"vote_frames": 5}


def test_doctor_tells_of_them(home, second, clock, pipeline):
    """Doctor names a service that is silent and one whose settings differ, each with its id."""
    with Attendance.open(home, clock=clock, pipeline=pipeline) as plain:
        plain.workers.tell()
    second.workers.tell()
    found = {each.id for each in Doctor(home, clock).examine() if each.check == "services"}
    assert found == {None, "worker.differs"}
    clock.forward(seconds=60)
    found = [each.id for each in Doctor(home, clock).examine() if each.check == "services"]
    assert found == ["worker.silent", "worker.silent"]


def test_what_is_set_aside_there_is_told(home, app, second, clock):
    """Doctor tells from any computer how many records of a site's are set aside on its own; of none it says nothing."""
    app.workers.tell()
    assert [0] == [each.aside for each in app.workers.all()]
    second.workers.tells["aside"] = lambda: 2
    second.workers.tell()
    assert {True: 0, False: 2} == {each.own: each.aside for each in app.workers.all()}
    (found,) = [each for each in Doctor(home, clock).examine() if each.id == "arrival.aside"]
    assert ("services", 1, True) == (found.check, found.exit_code, "2 records are set aside there" in found.detail)
    assert found.repair == "attendance site retry, on that computer"


def test_how_many_are_set_aside_is_counted_on_each_computer(app):
    """The files beside its slice are counted, and none is opened for it."""
    (app.home / "offline" / "aside").mkdir(parents=True)
    (app.home / "offline" / "aside" / f"{'0' * 32}.sealed").write_text("{")
    app.workers.tell()
    assert [1] == [each.aside for each in app.workers.all()]
