"""What a site did while it was cut off comes in whole, once, and brings nobody back who is gone."""

import shutil
from datetime import date, timedelta

import numpy as np
import pytest
from PIL import Image
from servers import Homes
from site_world import OneSite
from sqlalchemy import select

from attendance import Attendance
from attendance.scope import ANYWHERE
from gallery import history
from gallery.repositories import arrivals, coverage, sightings, tokens
from gallery.schema import SightingRow

NAMES = ("Ada", "Bob", "Cy")


@pytest.fixture(scope="module")
def begun(tmp_path_factory, hand_clock, fake):
    """A home of an engine in which Ada, Bob and Cy are enrolled, made once for it, to be copied."""
    made = {}

    def find(server):
        if server not in made:
            folder = tmp_path_factory.mktemp("begun")
            homes = Homes(folder, server)
            home = homes.new(filled=True)
            with Attendance.open(
                home, clock=hand_clock(), pipeline=fake.FakePipeline(), flags={"guard_people": 0}
            ) as app:
                for face, name in enumerate(NAMES, 1):
                    app.enroll(fake.picture(folder / f"{name}.png", (face,)), name=name)
            made[server] = homes, home
        return made[server][1]

    yield find
    for homes, _ in made.values():
        homes.close()


@pytest.fixture
def home(homes, server, begun):
    """Where they are enrolled."""
    return homes.copy(begun(server), "home")


@pytest.fixture
def people(app) -> dict[str, int]:
    """Ada, Bob and Cy by their keys."""
    return {name: app.gallery.find(name).id for name in NAMES}


@pytest.fixture
def cut_off(app, people, tmp_path):  # noqa: ARG001  they are enrolled first
    """A computer of the whole home whose slice is filled."""
    site = OneSite(app, tmp_path / "computer", None)
    site.fill()
    yield site
    site.close()


def marks(app):
    return [each for session in app.sessions.all() for each in app.marks.of_session(session.id)]


def open_pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def outcomes(app) -> dict[str, int]:
    with app.store.reading() as transaction:
        return arrivals.counts(transaction)


def test_a_mark_comes_in_as_it_was_made(app, cut_off, draw, clock):
    """A mark that a site made offline is in the database under its id, of its instant, with its sighting."""
    (made,) = cut_off.app.check(draw("door.png", (1,)))
    clock.forward(hours=1)
    delivered, _ = cut_off.back()
    (mark,) = marks(app)
    assert (made.mark, made.at, made.at, "file") == (mark.id, mark.at, mark.made, mark.how)
    assert made.sighting != mark.sighting
    assert 0 == delivered.refused + delivered.already
    assert 0 == cut_off.slice.waiting()


def test_delivered_twice_it_is_there_once(app, cut_off, draw):
    """A site that does not know that all arrived delivers again, and nothing is there twice."""
    list(cut_off.app.check(draw("door.png", (1,), (2,))))
    before = cut_off.slice.state
    first = app.arrivals.deliver(cut_off.slice)
    with cut_off.slice.database.atomic():
        cut_off.slice.database.set_meta("slice", before.to_text())
    again = app.arrivals.deliver(cut_off.slice)
    assert (2, 0) == (len(marks(app)), again.all)
    assert 4 <= first.kept


def test_people_were_looked_for(app, cut_off, draw):
    """Who was not seen at the site that day counts as absent once it is back, as there was a look."""
    list(cut_off.app.check(draw("door.png", (1,))))
    cut_off.back()
    today = date(2026, 3, 2)
    found = {each.person.name: each.status for each in app.report(first=today, last=today)}
    assert {"Ada": "present", "Bob": "absent", "Cy": "absent"} == found


@pytest.mark.parametrize("how", ["removed", "inactive", "withdrawn"])
def test_nobody_comes_back_who_is_gone(app, cut_off, draw, people, how):
    """What a late site says of somebody who was erased, left or withdrew is refused, noted, and not taken."""
    list(cut_off.app.check(draw("door.png", (1,), (2,))))
    if how == "removed":
        app.people.remove(app.actor, "Ada")
    elif how == "inactive":
        app.leaving.set_active(app.actor, "Ada", active=False)
    else:
        app.consents.withdraw(app.actor, "Ada", ("face",))
    delivered, _ = cut_off.back()
    assert {people["Bob"]} == {each.person for each in marks(app)}
    assert 2 == delivered.refused == outcomes(app)["refused"]
    with app.store.reading() as transaction:
        assert 2 == len(history(transaction, action="arrival.refuse"))
    (told,) = cut_off.app.judge(cut_off.app.pipeline.faces(open_pixels(draw("again.png", (1,)))), source="x")
    assert None is told.person
    assert 2 == cut_off.app.policy().gallery_size


def test_a_face_that_looked_like_somebody_erased(app, cut_off, draw, people):
    """A stranger's face that looked most like somebody who is erased by now names them no more."""
    list(cut_off.app.check(draw("door.png", (1, 40))))
    app.people.remove(app.actor, "Ada")
    cut_off.back()
    with app.store.reading() as transaction:
        told = [each["key"] for row in transaction.scalars(select(SightingRow)) for each in row.candidates]
    assert people["Ada"] not in told


def test_a_closed_month_stays(app, cut_off, draw, clock):
    """What comes after its month was closed changes nothing of it."""
    list(cut_off.app.check(draw("door.png", (1,))))
    clock.forward(days=40)
    app.months.close(app.actor, "2026-03")
    delivered, _ = cut_off.back()
    assert ([], 0) == (marks(app), delivered.kept)
    assert 0 < delivered.refused


def test_the_earlier_mark_counts(app, cut_off, draw, clock):
    """Who was seen here after they were seen at the site was there since then: one mark counts, the earlier one."""
    (first,) = cut_off.app.check(draw("door.png", (1,)))
    clock.forward(hours=1)
    (later,) = app.check(draw("gate.png", (1,)))
    cut_off.back()
    assert {first.mark: True, later.mark: False} == {each.id: each.valid for each in marks(app)}
    (row,) = [each for each in app.report() if each.person.name == "Ada"]
    assert (first.at, "present") == (row.mark.at, row.status)


def test_the_later_mark_is_not_needed(app, cut_off, draw, clock):
    """Who was marked here before the site saw them keeps that mark, and the site's is noted as there already."""
    (first,) = app.check(draw("gate.png", (1,)))
    clock.forward(hours=1)
    list(cut_off.app.check(draw("door.png", (1,))))
    delivered, _ = cut_off.back()
    assert ([first.mark], 1) == ([each.id for each in marks(app)], delivered.already)


def test_a_mark_that_was_not_needed_is_kept_for_when_it_is(app, cut_off, tmp_path, draw, clock):
    """In, out and in again at two sites: what seemed to be there already is made once what lay between is in."""
    other = OneSite(app, tmp_path / "other", None)
    other.fill()
    (came,) = cut_off.app.check(draw("a.png", (1,)), direction="in")
    clock.forward(hours=1)
    (left,) = other.app.check(draw("b.png", (1,)), direction="out")
    clock.forward(hours=1)
    (again,) = cut_off.app.check(draw("c.png", (1,)), direction="in")
    assert "already" == again.decision
    clock.forward(hours=1)
    third = OneSite(app, tmp_path / "third", None)
    third.fill()
    (back,) = third.app.check(draw("d.png", (1,)), direction="in")
    for each in (cut_off, third, other):
        each.back()
    assert {came.mark, left.mark, back.mark} == {each.id for each in marks(app) if each.valid}
    other.close()
    third.close()


def test_what_somebody_declared_wrong_stays_wrong(app, cut_off, draw):
    """A face at a site does not bring back a mark that was declared wrong meanwhile."""
    app.mark("Ada")
    app.void("Ada", reason="was ill")
    list(cut_off.app.check(draw("door.png", (1,))))
    cut_off.back()
    assert [] == [each for each in marks(app) if each.valid]


def test_a_code_that_was_shown_is_taken_all_the_same(app, cut_off, people):
    """A mark by a badge or a code comes in, also of somebody who does not agree to their face being known again."""
    app.consents.withdraw(app.actor, "Ada", ("face",))
    session = cut_off.app.sessions.of_day(app.clock.utc())
    made = cut_off.app.marks.mark(people["Ada"], session, at=app.clock.utc(), how="qr").mark
    cut_off.back()
    assert [(made.id, "qr")] == [(each.id, each.how) for each in marks(app)]


def test_whoever_was_merged_keeps_what_comes_late(app, cut_off, draw, people):
    """A late mark of somebody who was merged into another is the other's."""
    list(cut_off.app.check(draw("door.png", (1,))))
    app.people.merge(app.actor, "Ada", "Bob")
    cut_off.back()
    assert [people["Bob"]] == [each.person for each in marks(app)]


def test_a_camera_that_looked(app, cut_off, clock):
    """From when to when a camera looked comes in once, and goes on when more of it comes."""
    begins = clock.utc()
    look, end = cut_off.app.desk.cover, begins + timedelta(minutes=5)
    noted = look("camera", ANYWHERE, "0", begins=begins, ends=begins + timedelta(minutes=1), before=None)
    app.arrivals.deliver(cut_off.slice)
    look("camera", ANYWHERE, "0", begins=begins, ends=end, before=noted)
    assert 1 == cut_off.slice.waiting()
    app.arrivals.deliver(cut_off.slice)
    with app.store.reading() as transaction:
        (found,) = coverage.within(transaction, begins, begins + timedelta(hours=1))
    assert (begins, end, 0) == (found.begins, found.ends, cut_off.slice.waiting())


def test_a_kiosk_is_not_heard_twice(app, cut_off):
    """What a kiosk counted while the site was cut off is counted on here, so that nothing it sent is taken again."""
    with app.store.atomic() as transaction:
        made = tokens.insert(transaction, "kiosk", "Gate", "d" * 64, scopes=(), at=app.clock.utc(), by="t")
    cut_off.fill()
    with cut_off.slice.database.atomic() as transaction:
        tokens.count_on(transaction, {made.id: 7})
    app.arrivals.deliver(cut_off.slice)
    with app.store.reading() as transaction:
        assert {made.id: 7} == tokens.counters(transaction)


def test_what_was_taken_back_at_the_kiosk_stays_taken_back(app, cut_off, draw):
    """Who takes back a mark while the site is cut off is not marked once it is back."""
    (made,) = cut_off.app.check(draw("door.png", (1,)))
    cut_off.app.void("Ada", reason="taken back at the kiosk")
    cut_off.back()
    (mark,) = marks(app)
    assert (made.mark, False) == (mark.id, mark.valid)
    assert [] == [each.person.name for each in app.report() if each.status == "present"]
    assert 0 == cut_off.slice.waiting()


def test_a_mark_of_before_is_taken_back_too(app, cut_off, draw):
    """A mark that was made just before the link ended, and taken back just after, is void in the database."""
    (made,) = app.check(draw("door.png", (1,)))
    cut_off.back()
    cut_off.app.void("Ada", reason="taken back at the kiosk")
    assert 1 == cut_off.slice.waiting()
    delivered, _ = cut_off.back()
    assert [(made.mark, False)] == [(each.id, each.valid) for each in marks(app)]
    assert (1, 0) == (delivered.kept, delivered.refused)


def test_a_slice_put_back_from_a_copy_loses_nothing(app, cut_off, draw, clock):
    """What is done in a slice that an older copy was put over is taken, though it has the numbers of what came in."""
    folder = cut_off.slice.database.home
    copy = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    list(cut_off.app.check(draw("door.png", (1,))))
    app.arrivals.deliver(cut_off.slice)
    cut_off.close()
    for path in folder.iterdir():
        path.unlink()
    for name, data in copy.items():
        (folder / name).write_bytes(data)
    again = OneSite(app, cut_off.slice.home, None)
    clock.forward(minutes=5)
    list(again.app.check(draw("gate.png", (2,))))
    again.back()
    assert {"Ada", "Bob"} == {each.person.name for each in app.report() if each.status == "present"}
    again.close()


def test_the_key_was_changed_meanwhile(app, cut_off, draw):
    """A site that comes back with the home's new key brings its marks in; a face that the old one sealed stays out."""
    (made,) = cut_off.app.check(draw("door.png", (1,)))
    with cut_off.slice.database.atomic() as transaction:
        number = transaction.scalar(select(SightingRow.id).order_by(SightingRow.id.desc()).limit(1))
        sightings.keep_crops(transaction, cut_off.slice.vault, {number: b"a face"})
    app.vault.rotate(at=app.clock.utc(), by="test")
    shutil.copy2(app.home / "key", cut_off.folder / "key")
    cut_off.slice.close()
    again = OneSite(app, cut_off.folder, None)
    again.back()
    assert [made.mark] == [each.id for each in marks(app) if each.valid]
    again.close()
