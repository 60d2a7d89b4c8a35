"""Who looks at evidence, and who takes data out, stands in the log: once an hour, and before anything is shown."""

import shutil
from datetime import date

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.services import looks
from gallery import GalleryReadOnly, history

GRACE, ADA = Actor("grace", door="web"), Actor("ada", door="web")


def _looks(app) -> list[tuple[str, str, str]]:
    with app.store.reading() as view:
        return [
            (each.by, each.action, each.subject) for each in history(view) if each.action.endswith((".look", ".export"))
        ]


def test_the_same_look_within_an_hour_is_noted_once(app, clock):
    """The same person at the same thing is one look; another person, another thing, or an hour later is another."""
    app.looks.at_sighting(GRACE, 1)
    clock.forward(minutes=59)
    app.looks.at_sighting(GRACE, 1)
    app.looks.at_sighting(ADA, 1)
    app.looks.at_sighting(GRACE, 2)
    clock.forward(minutes=2)
    app.looks.at_sighting(GRACE, 1)

    expected = [("grace", 1), ("ada", 1), ("grace", 2), ("grace", 1)]
    assert [(by, "evidence.look", f"sighting {number}") for by, number in expected] == _looks(app)


def test_a_clock_set_back_hides_no_look(app, clock):
    """A look noted under a clock that was ahead does not stand for one of now."""
    clock.forward(days=3)
    app.looks.at_sighting(GRACE, 1)
    clock.forward(days=-3)
    app.looks.at_sighting(GRACE, 1)

    assert 2 == len(_looks(app))


def test_people_and_sightings_of_one_number_are_two(app):
    """That somebody looked at sighting 1 does not stand for a look at person 1, a day of theirs, or a session."""
    who = app.edits.add(app.actor, "Ada", external_id="A")
    app.looks.at_sighting(GRACE, 1)
    app.looks.at_photos(GRACE, who)
    app.looks.at_day(GRACE, who, date(2026, 3, 2))
    app.looks.at_session(GRACE, 1)

    assert 4 == len(set(_looks(app)))


def test_looks_are_found_by_whom_they_are_about(app):
    """The log of a person tells who looked at their photos and days, by name."""
    from attendance.services.audit import AuditWanted

    who = app.edits.add(app.actor, "Ada", external_id="A")
    app.looks.at_photos(GRACE, who)
    app.looks.at_day(GRACE, who, date(2026, 3, 2))
    app.looks.at_report(GRACE, "timetable", None, None, "csv", person=who.id)
    found = app.audit.page(AuditWanted(person=who.id))

    assert {"photo.look", "evidence.look", "report.export", "person.add"} == {each.action for each in found}
    assert {("Ada",)} == {tuple(name for _, name in each.people) for each in found}


def test_no_name_stands_in_the_log(app, draw):
    """What is noted of a look holds numbers, days and forms alone."""
    app.enroll(draw("a.png", (1,)), name="Ada Lovelace", external_id="XY-77")
    who = app.people.find("XY-77")
    app.looks.at_photos(GRACE, who)
    app.looks.at_day(GRACE, who, date(2026, 3, 2))
    app.looks.at_report(GRACE, "timetable", date(2026, 3, 2), None, "csv", person=who.id)
    with app.store.reading() as view:
        told = " ".join(f"{each.subject} {each.details}" for each in history(view))

    assert (False, False) == ("Lovelace" in told, "XY-77" in told)


def test_a_home_to_read_alone_shows_no_evidence(app, home, clock, tmp_path):
    """Where nothing can be written nobody looks without a trace: it is refused, and that is no fault of the log."""
    app.looks.at_session(GRACE, 1)
    app.close()
    copy = shutil.copytree(home, tmp_path / "copy")
    with Attendance.open(copy, clock=clock, read_only=True) as opened, pytest.raises(GalleryReadOnly):
        opened.looks.at_session(GRACE, 1)


def test_every_look_has_words():
    """Each kind of look is told in words on the page of the log."""
    from attendance.services.audit import SAYS

    kinds = (looks.EVIDENCE, looks.PHOTO, looks.REPORT, looks.MARKS, looks.AUDIT, looks.PEOPLE)
    assert set() == set(kinds) - SAYS.keys()
