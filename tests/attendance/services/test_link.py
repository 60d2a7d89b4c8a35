"""The link of a site: what is under way when it ends goes on by the slice, and what was done comes in once."""

import threading
import time
from datetime import timedelta

import numpy as np
import pytest
from kiosk_world import live
from link_world import joined

from attendance.access import Actor
from attendance.cameras import CameraState, Frame
from attendance.scope import ANYWHERE
from attendance.services.link import Gate
from attendance.services.watchman import Pauses
from gallery.errors import GalleryUnreachable, OfflineOver

ADMIN = Actor("Ines", frozenset({"admin"}), "web")


class Door:
    """A camera that delivers empty pictures, and counts how often it was opened."""

    def __init__(self, clock):
        self.clock, self.state, self.detail, self.number, self.opened = clock, CameraState.CLOSED, "", 0, 0

    def open(self):
        self.opened, self.state = self.opened + 1, CameraState.OPENING

    def newest(self, _timeout_s):
        time.sleep(0.005)
        self.state, self.number = CameraState.ONLINE, self.number + 1
        return Frame(np.zeros((24, 32, 3), np.uint8), self.number, self.clock.monotonic(), self.clock.utc())

    def close(self):
        self.state = CameraState.CLOSED


def until(holds, seconds=10.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.01)


@pytest.fixture
def people(app, draw):
    """Ada and Bob are enrolled."""
    return [app.enroll(draw(f"{name}.png", (face,)), name=name).person for name, face in (("Ada", 1), ("Bob", 2))]


@pytest.fixture
def site(app, people, tmp_path):  # noqa: ARG001  they are enrolled before the slice is filled
    """A computer of the home with a slice that is filled."""
    made = joined(app, tmp_path / "site")
    made.link.look()
    yield made
    made.link.close()


@pytest.fixture
def desk(site):
    return site.link.desk(lambda on: on.desk)


def follow(site):
    """Have the slice hold all that the database does now, as within a minute it would."""
    site.link._followed = None
    site.link.look()


def marks(app):
    return sorted((mark.person, mark.id) for session in app.sessions.all() for mark in app.marks.of_session(session.id))


def test_within_reach_the_database_is_worked_with(site, app):
    """As long as the link holds nothing is done on the slice, which holds whom the database does."""
    assert site.app is app
    assert not site.link.away
    assert [each.name for each in site.link._slice_side().gallery.people()] == ["Ada", "Bob"]


def test_a_call_that_meets_the_end_is_done_on_the_slice(site, app):
    """What fails as the database goes away is done again, whole, on the slice, and the next call goes there at once."""
    site.link.wire.is_cut = True
    done = []
    found = site.link.call(lambda on: (done.append(on), [each.name for each in on.gallery.people()])[1])
    assert found == ["Ada", "Bob"]
    assert done == [app, site.app]
    assert site.app.offline is not None
    asked = site.link.wire.asked
    site.link.call(lambda on: on.gallery.people())
    assert site.link.wire.asked == asked


def test_an_answer_that_was_lost_is_no_double_mark(site, app, clock):
    """A mark whose commit was not answered is made on the slice, too, and counts once when the link is back."""
    wire = site.link.wire

    def enter(on):
        wire.is_cut = wire.is_cut or on is app
        return on.enter("Ada")

    site.link.call(enter)
    assert site.app.offline is not None
    clock.forward(minutes=5)
    wire.is_cut = False
    site.link.look()
    assert [person for person, _ in marks(app)] == [app.gallery.find("Ada").id]


def test_what_was_done_meanwhile_comes_in(site, app, draw, clock):
    """When the database is back what was marked meanwhile is delivered, and the database is worked with again."""
    site.link.wire.is_cut = True
    site.link.look()
    (made,) = site.app.check(draw("door.png", (1,)))
    assert made.decision == "present"
    assert site.link.waiting() > 0
    site.link.look()
    assert site.link.away
    clock.forward(hours=1)
    site.link.wire.is_cut = False
    site.link.look()
    assert (site.app is app, site.link.away, site.link.waiting()) == (True, False, 0)
    assert marks(app) == [(made.person.key, made.mark)]


def test_the_log_of_the_service_tells_when_the_link_goes_and_comes(site, draw, caplog):
    """One line as the database goes away and one as it is back, with how much came in, and nobody's name."""
    caplog.set_level("INFO", logger="attendance.services.link")
    site.link.wire.is_cut = True
    site.link.look()
    site.app.check(draw("door.png", (1,)))
    waited = site.link.waiting()
    site.link.look()
    site.link.wire.is_cut = False
    site.link.look()
    lost, back = caplog.records
    assert ("link.lost", "link.back") == (lost.message, back.message)
    assert {"kept": waited, "already": 0, "refused": 0} == back.facts


def test_who_was_erased_is_known_nowhere_once_the_link_is_back(site, app, draw):
    """Somebody erased during the cut is out of the slice before the database is worked with again."""
    site.link.wire.is_cut = True
    site.link.look()
    assert [each.decision for each in site.app.check(draw("one.png", (2,)))] == ["present"]
    site.link.wire.is_cut = False
    app.gallery.remove("Bob", at=app.clock.utc(), by="test")
    site.link.look()
    assert [each.name for each in site.link._slice_side().gallery.people()] == ["Ada"]
    assert marks(app) == []
    site.link.wire.is_cut = True
    site.link.look()
    assert [each.decision for each in site.app.check(draw("two.png", (2,)))] == ["unknown"]


def test_the_slice_follows_while_the_link_holds(site, app, draw):
    """Who is enrolled while the link holds is known when it ends."""
    app.enroll(draw("Cy.png", (3,)), name="Cy")
    site.link.look()
    site.link.wire.is_cut = True
    site.link.look()
    assert [each.decision for each in site.app.check(draw("door.png", (3,)))] == ["present"]


def test_not_filled_without_need(site, clock):
    """Where nobody came or went the slice is written again after a minute, and not before."""
    filled = site.link._slice.state.filled
    clock.forward(seconds=59)
    site.link.look()
    assert site.link._slice.state.filled == filled
    clock.forward(seconds=1)
    site.link.look()
    assert site.link._slice.state.filled == filled + timedelta(minutes=1)


def test_too_long_alone(site, app, clock):
    """After as many days as a slice may be used nobody is marked by it, whatever asks, and the link mends that."""
    site.link.wire.is_cut = True
    site.link.look()
    clock.forward(days=app.settings.offline_days, seconds=1)
    site.link.look()
    with pytest.raises(OfflineOver):
        site.link.call(lambda on: on.enter("Ada"))
    site.link.wire.is_cut = False
    site.link.look()
    assert site.link.call(lambda on: on.gallery.find("Ada").name) == "Ada"


def test_cut_off_too_late(site, app, clock):
    """A slice that was not filled for too long is not begun with, and the answer says so."""
    clock.forward(days=app.settings.offline_days, seconds=1)
    site.link.wire.is_cut = True
    with pytest.raises(OfflineOver):
        site.link.call(lambda on: on.gallery.people())
    assert site.app is app


def test_without_a_slice_the_cut_is_told(app, tmp_path):
    """Where the database goes away before the slice was ever filled each call hears so at once, until it is back."""
    app.vault.unlock()
    made = joined(app, tmp_path / "site")
    made.link.wire.is_cut = True
    for _ in range(2):
        with pytest.raises(GalleryUnreachable):
            made.link.call(lambda on: on.gallery.people())
    assert made.link.wire.asked == 1
    made.link.wire.is_cut = False
    made.link.look()
    assert made.link.call(lambda on: on.gallery.people()) == []
    made.link.close()


def test_begun_cut_off(app, people, draw, tmp_path):
    """A computer that starts while the database is away marks by its slice, and delivers once it is back."""
    first = joined(app, tmp_path / "site")
    first.link.look()
    first.link.close()
    began, opened = joined(app, tmp_path / "site", away=True), []
    began.link.reached.append(opened.append)
    began.link.wire.is_cut = True
    began.link.look()
    assert (began.app.offline is None, began.link.central, opened) == (False, app, [app])
    (made,) = began.app.check(draw("door.png", (1,)))
    began.link.wire.is_cut = False
    began.link.look()
    assert (began.app, opened, marks(app)) == (app, [app], [(people[0].key, made.mark)])
    began.link.close()


def test_refused_with_one_plain_sentence(site):
    """What needs the database of all sites hears since when it is away, and that marking goes on."""
    site.link.refuse_away()
    site.link.wire.is_cut = True
    site.link.look()
    with pytest.raises(GalleryUnreachable, match=r"since 07:58 UTC the database is out of reach; marking goes on here"):
        site.link.refuse_away()


def test_a_desk_goes_on(site, desk, app, draw):
    """A run's desk judges before the cut and records after it, on the slice, by the same numbers of people."""
    picture = draw("door.png", (1,))
    (decision,) = app.check(picture, dry_run=True)
    site.link.wire.is_cut = True
    recorded = desk.record(decision, ANYWHERE, means="camera")
    assert recorded.decision == "present"
    site.link.wire.is_cut = False
    site.link.look()
    assert marks(app) == [(decision.person.key, recorded.mark)]


def test_a_stretch_of_looking_goes_on(site, desk, app, clock):
    """When a camera has looked is noted without a gap across the cut, in a row on each side."""
    begins = clock.utc()

    def looked(minutes, before):
        return desk.cover(
            "camera", ANYWHERE, "Gate", begins=begins, ends=begins + timedelta(minutes=minutes), before=before
        )

    first = looked(1, None)
    site.link.wire.is_cut = True
    second = looked(2, first)
    clock.forward(minutes=3)
    third = looked(3, second)
    site.link.wire.is_cut = False
    site.link.look()
    looked(4, third)
    spans = [(each.begins, each.ends) for each in app.coverings.list() if each.what == "span"]
    step = timedelta(minutes=1)
    assert spans == [
        (begins, begins + step),
        (begins + step, begins + 3 * step),
        (begins + 3 * step, begins + 4 * step),
    ]


def test_switching_waits_for_what_is_under_way(site):
    """The database is not worked with again while something is being written on the slice."""
    site.link.wire.is_cut = True
    site.link.look()
    begun, may_end = threading.Event(), threading.Event()

    def slow(on):
        begun.set()
        may_end.wait(10)
        return on

    sides = []
    thread = threading.Thread(target=lambda: sides.append(site.link.call(slow)))
    thread.start()
    begun.wait(10)
    site.link.wire.is_cut = False
    back = threading.Thread(target=site.link.look)
    back.start()
    time.sleep(0.05)
    assert site.link.away
    may_end.set()
    thread.join(10)
    back.join(10)
    assert (sides[0].offline is not None, site.link.away) == (True, False)


def test_a_gate_lets_whoever_is_through_come_again():
    """One that is inside may enter again while another waits to be alone."""
    gate, alone = Gate(), threading.Event()

    def be_alone():
        with gate.alone():
            alone.set()

    with gate.shared():
        waiting = threading.Thread(target=be_alone)
        waiting.start()
        while not gate._waits:
            time.sleep(0.001)
        with gate.shared():
            assert not alone.is_set()
    waiting.join(10)
    assert alone.is_set()


# Cameras


@pytest.fixture
def gate(site, app, clock, fake):
    """A camera at the site's gate, watched over the link; its door counts how often it was opened."""
    app._pipeline = site.link._slice_side()._pipeline = live(fake)
    app.sites.add(ADMIN, "North")
    app.settings.__dict__["site"] = "North"
    site.link.site = "North"
    app.places.add(ADMIN, "Gate", "rtsp://10.0.0.8/live", site="North")
    door = Door(clock)
    cameras = app.cameras
    cameras.pauses = Pauses(first=0.02, longest=0.05)
    cameras.device = lambda _: door
    cameras.begin(ADMIN, "Gate")
    follow(site)
    cameras.start()
    until(lambda: cameras.of("Gate").reading.state == "online")
    yield cameras, door
    cameras.close()


def test_a_camera_is_watched_across_the_cut(site, app, gate):
    """A camera is not opened anew when the link ends or comes back, and is told of alike on both sides."""
    cameras, door = gate
    site.link.wire.is_cut = True
    site.link.look()
    cameras._call(cameras._reconcile)
    seen = door.number
    until(lambda: door.number > seen)
    assert site.app.offline is not None
    assert site.app.cameras is cameras
    assert (cameras.of("Gate").reading.state, door.opened) == ("online", 1)
    site.link.wire.is_cut = False
    site.link.look()
    cameras._call(cameras._reconcile)
    seen = door.number
    until(lambda: door.number > seen)
    assert (site.app is app, cameras.of("Gate").reading.state, door.opened) == (True, "online", 1)


def test_nothing_is_changed_while_away(site, gate):
    """Which cameras are watched is decided in the database of all sites alone."""
    cameras, _ = gate
    site.link.wire.is_cut = True
    site.link.look()
    with pytest.raises(GalleryUnreachable):
        cameras.stop(ADMIN, "Gate")
    with pytest.raises(GalleryUnreachable):
        cameras.begin(ADMIN, "Gate")
    assert cameras.of("Gate").wanted


def test_while_away_a_site_watches_its_own_alone(site, app, gate):
    """Cameras of no site may be watched by others meanwhile, so they wait until the link is back."""
    cameras, _ = gate
    app.places.add(ADMIN, "Hall", "rtsp://10.0.0.9/live")
    cameras.begin(ADMIN, "Hall")
    follow(site)
    site.link.wire.is_cut = True
    site.link.look()
    wanted = cameras._wanted()
    assert {each.place.name: cameras._is_mine(each) for each in wanted.values()} == {"Gate": True, "Hall": False}
