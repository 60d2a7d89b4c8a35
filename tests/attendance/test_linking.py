"""A run before a camera on a site's computer: it is alone before it whenever the database is worked with."""

import pytest
from link_world import joined

from attendance.access import Actor
from attendance.app import Attendance
from attendance.scope import ANYWHERE, Scope
from attendance.services.leases import camera_lease
from gallery.errors import GalleryUnreachable, LeaseLost
from gallery.repositories import leases

ADMIN = Actor("Ines", frozenset({"admin"}), "web")


@pytest.fixture
def gate(app, draw, clock, monkeypatch):
    """A camera at the gate; Ada is enrolled. A server's clock is the test's."""
    monkeypatch.setattr(app.store, "server_time", lambda _: clock.utc())
    app.enroll(draw("Ada.png", (1,)), name="Ada")
    return app.places.add(ADMIN, "Gate", "rtsp://10.0.0.8/live").place


@pytest.fixture
def began(app, gate, tmp_path):  # noqa: ARG001  it is there before the slice is filled
    """A site's computer that began while the database was out of reach; its wire is cut."""
    first = joined(app, tmp_path / "site")
    first.link.look()
    first.link.close()
    made = joined(app, tmp_path / "site", away=True)
    made.link.start = lambda: None  # the test itself looks
    made.link.wire.is_cut = True
    yield made
    made.link.close()


@pytest.fixture
def second(home, clock, pipeline, monkeypatch):
    """Another service at the same home."""
    with Attendance.open(home, clock=clock, pipeline=pipeline) as opened:
        monkeypatch.setattr(opened.store, "server_time", lambda _: clock.utc())
        yield opened


@pytest.fixture
def seen(app, began, draw):  # noqa: ARG001  judged before anything else is asked of the database
    """Ada's face before the camera, judged by the slice."""
    (decision,) = began.app.check(draw("door.png", (1,)), dry_run=True)
    return decision


def back(began):
    began.link.wire.is_cut = False
    began.link.look()


def test_a_run_that_began_cut_off_takes_its_camera(app, began, second, gate, seen):
    """Once the link is back no other process watches the camera of a run that began without it, until it ends."""
    scope = Scope(place=gate)
    with began.watched(scope, print) as desk:
        assert desk.record(seen, scope, means="camera").decision == "present"
        back(began)
        assert began.link.now is app
        assert second.leases.take(camera_lease(gate.id)) is None
        assert desk.record(seen, scope, means="camera").decision == "already"
    assert second.leases.take(camera_lease(gate.id)) is not None


def test_where_another_has_taken_over_it_stops(app, began, second, gate, seen, clock):
    """A camera that another process watches when the link is back is left to that, which is said, and nothing lost."""
    scope, said = Scope(place=gate), []
    second.workers.tell()
    with began.watched(scope, said.append) as desk:
        desk.record(seen, scope, means="camera")
        began.link.wire.is_cut = False
        assert second.leases.take(camera_lease(gate.id)) is not None
        began.link.look()
        with pytest.raises(LeaseLost, match=r"^Gate: .* watches it$"):
            desk.judge([], scope, source="Gate")
    (line,) = said
    assert line.startswith("Gate: the database is back, and ")
    assert [each.name for each in app.gallery.people()] == ["Ada"]
    assert len([mark for session in app.sessions.all() for mark in app.marks.of_session(session.id)]) == 1
    clock.forward(seconds=9)
    second.leases.renew()
    assert second.leases.holder_of(camera_lease(gate.id)) is None


def test_taken_over_in_a_later_cut_it_stops(began, second, gate, seen, clock):
    """A camera that another process has taken over while the link was away once more is recorded by that alone."""
    scope = Scope(place=gate)
    with began.watched(scope, print) as desk:
        back(began)
        began.link.wire.is_cut = True
        began.link.look()
        clock.forward(seconds=10)
        assert second.leases.take(camera_lease(gate.id)) is not None
        back(began)
        with pytest.raises(LeaseLost, match="another process has taken over"):
            desk.record(seen, scope, means="camera")


def test_a_link_that_ends_as_the_camera_is_taken_is_waited_for(app, began, gate, monkeypatch):
    """Where the database goes away again just then, the run goes on by the slice, and the camera is taken later."""
    scope, take = Scope(place=gate), app.leases.take

    def lost(_name):
        raise GalleryUnreachable("postgresql://db.example/school", "it went away")

    with began.watched(scope, print):
        monkeypatch.setattr(app.leases, "take", lost)
        back(began)
        assert began.link.away
        monkeypatch.setattr(app.leases, "take", take)
        back(began)
        assert not began.link.away
        with app.store.reading() as transaction:
            assert leases.named(transaction, camera_lease(gate.id)).until > app.clock.utc()


@pytest.mark.parametrize("dry_run", [False, True])
def test_no_place_and_no_record_need_none(app, began, gate, dry_run):
    """A camera that is no place, and a dry run before one that is, take no lease when the link is back."""
    scope = Scope(place=gate, dry_run=True) if dry_run else ANYWHERE
    with began.watched(scope, print) as desk:
        back(began)
        assert desk.policy(scope).gallery_size == 1
        assert app.leases.holder_of(camera_lease(gate.id)) is None
        assert app.leases._held == {}
