"""One thing of a site that cannot be taken in holds nothing up: it is set aside, told, and taken when it can be."""

import json
import logging
import shutil
from datetime import date

import pytest
from site_world import OneSite, state
from sqlalchemy import text

from attendance.services.arrivals import Arrivals
from attendance.services.doctor_aside import aside_findings
from attendance.services.overtaken import DOUBT
from attendance.services.settingaside import Left
from gallery import history
from gallery.errors import GalleryFailed, GalleryUnreachable, KeyMissing
from gallery.repositories import events, secrets
from gallery.slices.aside import Aside, read
from gallery.slices.outbox import Looked, Shown
from gallery.slices.slice import folder_of


@pytest.fixture
def cut_off(app, draw, tmp_path):
    """A computer of the home whose slice is filled; Ada, Bob and Cy are enrolled."""
    for name, face in (("Ada", 1), ("Bob", 2), ("Cy", 3)):
        app.enroll(draw(f"{name}.png", (face,)), name=name)
    site = OneSite(app, tmp_path / "computer", None)
    site.fill()
    yield site
    site.close()


@pytest.fixture
def broken(monkeypatch):
    """``broken(is_it)``: taking whatever is so fails with a bug, until ``broken(None)``."""
    take, now = Arrivals._take, [None]

    def taking(self, item, site, face):
        if now[0] is not None and now[0](item):
            raise ZeroDivisionError("somebody's name")
        return take(self, item, site, face)

    monkeypatch.setattr(Arrivals, "_take", taking)
    return lambda is_it: now.__setitem__(0, is_it)


def of(app, name):
    """Whether a thing is a sighting of this person."""
    key = app.gallery.find(name).id
    return lambda item: any(each.person == key for each in getattr(item, "marks", ()))


def marked(app):
    return {app.gallery.find(person).name for _, person, _ in state(app)}


def aside(site):
    return read(folder_of(site.slice.home))


def asides_told(app):
    with app.store.reading() as transaction:
        return history(transaction, action=events.ARRIVAL_ASIDE)


def test_the_others_come_in(app, cut_off, draw, broken, caplog):
    """A bug with one record holds up none before or behind it, and the record is kept, told and found by doctor."""
    list(cut_off.app.check(draw("a.png", (1,), (2,), (3,))))
    broken(of(app, "Bob"))
    delivered, filled = cut_off.back()
    assert ({"Ada", "Cy"}, 0, 3) == (marked(app), delivered.refused, filled.people)
    (kept,) = aside(cut_off)
    assert ("sighting", "ZeroDivisionError") == (kept.kind, kept.why)
    (event,) = asides_told(app)
    assert (kept.id, {"kind": "sighting", "why": "ZeroDivisionError", "site": None}) == (event.subject, event.details)
    (line,) = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert kept.id in line
    assert "attendance site retry" in line
    assert "somebody" not in line
    (finding,) = aside_findings(cut_off.slice.home)
    assert ("arrival.aside", "attendance site retry", False) == (finding.id, finding.repair, finding.ok)
    assert kept.id in finding.detail


def test_the_next_link_tries_again(app, cut_off, draw, broken):
    """What was set aside stays as long as it fails, and comes in once with the time it had as soon as it does not."""
    made = {each.person.name: each for each in cut_off.app.check(draw("a.png", (1,), (2,)))}
    broken(of(app, "Bob"))
    cut_off.back()
    cut_off.back()
    assert (1, 1) == (len(aside(cut_off)), len(asides_told(app)))
    broken(None)
    delivered, _ = cut_off.back()
    assert (2, []) == (delivered.kept, aside(cut_off))
    assert {made["Ada"].mark: made["Ada"].at, made["Bob"].mark: made["Bob"].at} == {
        mark: at for mark, _, at in state(app)
    }
    assert 0 == cut_off.back()[0].all


def test_it_is_kept_sealed(app, cut_off, draw, broken):
    """The file says what befell it and when, and nothing of what was seen; its owner alone may read it."""
    (made,) = cut_off.app.check(draw("door.png", (1,)))
    broken(of(app, "Ada"))
    cut_off.back()
    (file,) = (folder_of(cut_off.slice.home) / "aside").iterdir()
    content = file.read_text()
    assert made.mark not in content
    assert "door" not in content
    assert 0o600 == file.stat().st_mode & 0o777
    (kept,) = aside(cut_off)
    assert {made.mark} == Aside(folder_of(cut_off.slice.home), cut_off.slice.vault.unlock).opened(kept).marks


@pytest.mark.parametrize(("table", "column"), [("sighting", "quality"), ("mark", "details")])
def test_a_row_that_cannot_be_read(app, cut_off, draw, table, column):
    """A damaged row of a slice is kept as it is, and all other rows are delivered."""
    list(cut_off.app.check(draw("a.png", (1,), (2,), (3,))))
    person = app.gallery.find("Bob").id
    with cut_off.slice.database.atomic() as here:
        here.connection().exec_driver_sql(f"UPDATE {table} SET {column} = '{{' WHERE person_id = ?", (person,))  # noqa: S608
    cut_off.back()
    (kept,) = aside(cut_off)
    assert ({"Ada", "Cy"}, "sighting", "gallery.damaged") == (marked(app), kept.kind, kept.why)
    content = Aside(folder_of(cut_off.slice.home), cut_off.slice.vault.unlock).opened(kept)
    assert "{" in [row[column] for row in content.rows[table]]
    assert (0, 1) == (cut_off.slice.waiting(), len(aside(cut_off)))
    cut_off.back()
    assert 1 == len(aside(cut_off))


def test_a_stretch_that_cannot_be_read(app, cut_off, draw):
    """A damaged row that tells when something looked is kept, and what was seen comes in."""
    list(cut_off.app.check(draw("a.png", (1,))))
    with cut_off.slice.database.atomic() as here:
        here.execute(text("UPDATE coverage SET ends = 'noon'"))
    cut_off.back()
    assert ({"Ada"}, {"coverage"}) == (marked(app), {each.kind for each in aside(cut_off)})


@pytest.mark.parametrize("error", [GalleryUnreachable("postgresql://db", "it went away"), OSError(28, "no room")])
def test_where_the_database_is_the_trouble_all_waits(app, cut_off, draw, monkeypatch, error):
    """A database that goes away, or a full disk, sets nothing aside: everything comes in later, in its order."""
    list(cut_off.app.check(draw("a.png", (1,), (2,), (3,))))
    take = Arrivals._take

    def lost(self, item, site, face):
        if of(app, "Bob")(item):
            raise error
        return take(self, item, site, face)

    with monkeypatch.context() as patch:
        patch.setattr(Arrivals, "_take", lost)
        with pytest.raises(type(error)):
            cut_off.back()
        assert ([], []) == (aside(cut_off), asides_told(app))
        assert cut_off.slice.waiting() > 0
    cut_off.back()
    assert ({"Ada", "Bob", "Cy"}, []) == (marked(app), aside(cut_off))


def test_what_cannot_even_be_noted_is_no_fault_of_the_record(app, cut_off, draw, broken, monkeypatch):
    """Where the database takes no note of it either, that is the trouble, and all waits."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Ada"))

    def failing(*_given, **_more):
        raise GalleryFailed("postgresql://db", "permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("attendance.services.settingaside.events.record", failing)
        with pytest.raises(GalleryFailed):
            cut_off.back()
    assert [] == aside(cut_off)
    broken(None)
    cut_off.back()
    assert {"Ada", "Bob"} == marked(app)


def test_who_was_erased_does_not_come_back_from_it(app, cut_off, draw, broken):
    """What is of somebody who was erased meanwhile is not kept any more, whether or not it could be taken by now."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    app.people.remove(app.actor, "Bob")
    broken(lambda _: True)
    delivered, _ = cut_off.back()
    assert ([], 1, {"Ada"}) == (aside(cut_off), delivered.refused, marked(app))


def test_what_was_taken_back_follows_its_mark(app, cut_off, broken, clock):
    """A mark that is set aside and was taken back at the kiosk is void once both are in, and counts at no time."""
    session = cut_off.app.sessions.of_day(clock.utc())
    key = app.gallery.find("Ada").id
    made = cut_off.app.marks.mark(key, session, at=clock.utc(), how="qr").mark
    clock.forward(seconds=DOUBT.total_seconds())
    cut_off.app.void("Ada", reason="taken back at the kiosk")
    broken(lambda item: isinstance(item, Shown))
    cut_off.back()
    assert {"mark": "ZeroDivisionError", "void": "waits"} == {each.kind: each.why for each in aside(cut_off)}
    cut_off.back()
    assert 2 == len(aside(cut_off))
    broken(None)
    cut_off.back()
    marks = [each for found in app.sessions.all() for each in app.marks.of_session(found.id)]
    assert ([(made.id, False)], []) == ([(each.id, each.valid) for each in marks], aside(cut_off))


def test_when_people_were_looked_for_is_kept_too(app, cut_off, draw, broken, clock):
    """A check and a stretch that fail are set aside by themselves, and count when they come in."""
    list(cut_off.app.check(draw("a.png", (1,))))
    broken(lambda item: isinstance(item, Looked))
    cut_off.back()
    assert ({"Ada"}, {"coverage"}) == (marked(app), {each.kind for each in aside(cut_off)})
    broken(None)
    clock.forward(hours=1)
    cut_off.back()
    assert [] == aside(cut_off)
    today = date(2026, 3, 2)
    found = {each.person.name: each.status for each in app.report(first=today, last=today)}
    assert {"Ada": "present", "Bob": "absent", "Cy": "absent"} == found


def test_a_file_that_cannot_be_opened_stays(app, cut_off, draw, broken):
    """What another key has sealed, or a disk has damaged, is told of and kept, and the rest is tried again."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    folder = folder_of(cut_off.slice.home) / "aside"
    (folder / f"{'0' * 32}.sealed").write_text("{")
    broken(None)
    cut_off.back()
    (left,) = aside(cut_off)
    assert ("0" * 32, "unreadable", {"Ada", "Bob"}) == (left.id, left.why, marked(app))


def test_tried_again_by_hand(app, cut_off, draw, broken):
    """Who types the command has all of it tried again, and hears how much stays."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    home = cut_off.slice.home
    done, (left,) = app.arrivals.try_again(app.actor, home)
    (kept,) = aside(cut_off)
    assert (0, Left(kept.id, "sighting", kept.at, "ZeroDivisionError", opens=True)) == (done.all, left)
    broken(None)
    done, left = app.arrivals.try_again(app.actor, home)
    assert (2, [], {"Ada", "Bob"}) == (done.kept, left, marked(app))


def test_a_computer_without_a_slice_has_nothing_aside(app):
    """Where nothing was ever set aside there is nothing to do."""
    assert (0, []) == ((told := app.arrivals.try_again(app.actor, app.home))[0].all, told[1])


# A key that is changed meanwhile


@pytest.fixture
def rotated(app, cut_off, tmp_path):
    """``rotated()``: the home has a new key, and the site's computer a copy of it; it begins anew."""
    made = []

    def change():
        shutil.copy2(app.home / "key", tmp_path / "key of before")
        app.keys.rotate(app.actor)
        made.append(OneSite(app, cut_off.folder, None))
        return made[-1]

    yield change
    for each in made:
        each.close()


def as_before(site):
    """Have what is aside be as a version kept it that sealed it with the home's key alone."""
    for file in (folder_of(site.slice.home) / "aside").iterdir():
        told = json.loads(file.read_text())
        del told["also"]
        file.write_text(json.dumps(told))


def test_a_new_key_shuts_nothing_away(app, cut_off, draw, broken, rotated):
    """What was set aside under one key comes in under the next, and the one after."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    assert 1 == len(aside(rotated()))
    again = rotated()
    again.back()
    assert 1 == len(aside(again))
    broken(None)
    again.back()
    assert ([], {"Ada", "Bob"}) == (aside(again), marked(app))


def test_the_key_of_before_opens_nothing_that_was_tried_since(app, cut_off, draw, broken, rotated):
    """With the next link what is aside is sealed anew by the key of now."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    old = cut_off.slice.vault.unlock()
    (before,) = aside(cut_off)
    site = rotated()
    site.back()
    site.back()
    (after,) = aside(site)
    assert (True, False, True) == tuple(
        found is not None for found in (before.opens(old), after.opens(old), after.opens(app.vault.unlock()))
    )


def test_a_record_that_breaks_under_a_new_key_holds_nothing_up(app, cut_off, draw, broken, rotated):
    """A key that is changed while a site is cut off keeps neither its records nor the link from coming back."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    site = rotated()
    broken(of(app, "Bob"))
    _, filled = site.back()
    assert (3, 1, {"Ada"}) == (filled.people, len(aside(site)), marked(app))
    broken(None)
    site.back()
    assert ([], {"Ada", "Bob"}) == (aside(site), marked(app))


def test_what_an_earlier_version_set_aside(app, cut_off, draw, broken, rotated, tmp_path):
    """It waits where no key of now opens it, loses nothing, and comes in by a copy of the key of before."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    as_before(cut_off)
    site = rotated()
    broken(None)
    home = site.slice.home
    done, (left,) = app.arrivals.try_again(app.actor, home)
    assert (0, False, {"Ada"}) == (done.all, left.opens, marked(app))
    _, (left,) = app.arrivals.try_again(app.actor, home, app.home / "key")
    assert not left.opens
    with pytest.raises(KeyMissing):
        app.arrivals.try_again(app.actor, home, tmp_path / "nowhere")
    done, left = app.arrivals.try_again(app.actor, home, tmp_path / "key of before")
    assert (2, [], {"Ada", "Bob"}) == (done.kept, left, marked(app))


def test_what_an_earlier_version_set_aside_is_sealed_anew(app, cut_off, draw, broken, rotated):
    """Tried again while its key is still there, it comes in under the next one, too."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    as_before(cut_off)
    cut_off.back()
    broken(None)
    rotated().back()
    assert {"Ada", "Bob"} == marked(app)


def test_a_database_restored_from_before_takes_it(app, cut_off, draw, broken):
    """Where the secret of the database is gone with a restore, the home's key opens what was set aside."""
    list(cut_off.app.check(draw("a.png", (1,), (2,))))
    broken(of(app, "Bob"))
    cut_off.back()
    with app.store.atomic() as transaction:
        secrets.drop(transaction, ["aside"])
    broken(None)
    cut_off.back()
    assert ([], {"Ada", "Bob"}) == (aside(cut_off), marked(app))
