"""Whoever changes something stands in the log, through whichever door they came."""

import importlib
import inspect
import pkgutil
from datetime import date, timedelta

import pytest
from actors_world import SERVICE, TEACHER, WITHOUT_EVENT
from servers import raw

from attendance import Attendance, services
from attendance.register.marks import Marks
from attendance.scope import Scope
from attendance.services.calendars import Days, Proposal
from attendance.services.enrolment import Rules
from attendance.services.markimport import MarksWanted
from attendance.services.rosterimport import RosterWanted
from attendance.timetable.ruleparts import Parts
from enroll import Entry
from gallery import history
from gallery.repositories import excuses

TWINS = Rules(allow_duplicate=True)
LESSON = Parts(weekly="MO", begins="08:00", ends="08:45")
MONDAY = date(2026, 3, 2)
FREE = Days("closed", date(2026, 3, 31), date(2026, 3, 31), "free")


@pytest.fixture
def app(home, clock, pipeline):
    """An open home that keeps the faces of strangers for a day."""
    flags = {"guard_people": 0, "keep_unknown_days": 1}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened
        opened.kiosks.close()
        opened.jobs.close()


@pytest.fixture
def people(app, draw):
    """A home in which something of each kind can be changed.

    Ada with a mark, Bob remembered as like her, and Cid, of whom a close call waits; two places, a rule, a day off, an
    excuse and a closed month.
    """
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.enroll(draw("cid.png", (3,)), name="Cid", external_id="C")
    app.gallery.remember_lookalike("A", "B", 0.2, at=app.clock.utc(), by=app.actor.name)
    app.session_book.open(app.actor, "Maths")
    app.mark("Ada", session="Maths")
    app.places.add(app.actor, "Door", "0")
    app.places.add(app.actor, "Yard", "1")
    app.places.retire(app.actor, "Yard")
    app.timetables.add(app.actor, "Lesson", LESSON)
    app.calendars.add(app.actor, FREE)
    app.excuses.add(app.actor, "Bob", "2026-03-02", "2026-03-02", reason="ill")
    app.months.close(app.actor, "2025-11")
    policy = app.policy()
    close_call = round(50 * (policy.threshold + policy.review_threshold))  # percent of likeness to Cid
    (unsure,) = app.check(draw("unsure.png", (3, close_call)), session="Maths")
    assert ("review", 1) == (unsure.decision, unsure.sighting)
    return app


def table(app, tmp_path):
    """A table of one rule, taken in."""
    file = tmp_path / "plan.csv"
    file.write_text("name,begins,ends,first,weekly\nGym,10:00,11:00,2026-03-02,TU\n", encoding="utf-8")
    app.timetables.take_in(TEACHER, app.timetables.read_file(file))


def events(app):
    with app.store.reading() as transaction:
        return history(transaction)


def now(app) -> str:
    """The only instant at which somebody can be in a session that was opened just now."""
    return app.clock.utc().isoformat()


def waiting(app) -> str:
    """The number of an excuse that waits for a second person."""
    at = app.clock.utc()
    with app.store.atomic() as step:
        return str(
            excuses.insert(
                step, app.gallery.find("Ada").id, at, at + timedelta(hours=1), reason="", at=at, by="t", awaits=True
            ).id
        )


def orphaned(app) -> None:
    """Cid is gone, but the template is not."""
    with raw(app.home) as run:
        run("DELETE FROM person WHERE external_id = 'C'")


def imported(app, tmp_path):
    """An archive of somebody else's home, taken in."""
    with Attendance.open(tmp_path / "elsewhere", clock=app.clock, pipeline=app.pipeline) as other:
        other.gallery.add_person("Eve", at=app.clock.utc(), by="somebody else")
        other.archives.export(tmp_path / "people.zip")
    app.archives.take_in(TEACHER, tmp_path / "people.zip")


def renewed(app, fake, *, drop: bool):
    """A later version's encoder makes its templates, and drops those of before."""
    app.close()
    later = fake.FakePipeline(fake.FakeEncoder(fake.card("fake-2")))
    with Attendance.open(app.home, clock=app.clock, pipeline=later) as opened:
        run = opened.renewal.run(TEACHER)
        list(run)
        if drop:
            run.drop_old()
        return events(opened)


def device_list(tmp_path) -> MarksWanted:
    """A list of a device with one row, of yesterday, and everybody of that day in it."""
    (tmp_path / "list.csv").write_text("person,at\nA,2026-03-01 08:05\n")
    yesterday = date(2026, 3, 1)
    return MarksWanted(tmp_path / "list.csv", covers=(yesterday, yesterday))


PURGED = {"sighting.purge"}
CHANGES = {
    "ByHand.enter": (lambda app, **_: app.by_hand.enter(TEACHER, "Bob"), {"session.open", "mark.add"}),
    "ByHand.void": (
        lambda app, **_: app.by_hand.void(TEACHER, "Ada", session="Maths", reason="ill"),
        {"mark.void"},
    ),
    "ByHand.correct": (
        lambda app, **_: app.by_hand.correct(TEACHER, "Ada", session="Maths", at=now(app), reason="here"),
        {"mark.void", "mark.add"},
    ),
    "Approvals.approve": (lambda app, **_: app.approvals.approve(TEACHER, [waiting(app)]), {"approval.grant"}),
    "Approvals.refuse": (
        lambda app, **_: app.approvals.refuse(TEACHER, [waiting(app)], reason="no"),
        {"approval.refuse"},
    ),
    "Coverings.add": (
        lambda app, **_: app.coverings.add(TEACHER, begins="00:01", ends="00:02", reason="roll"),
        {"coverage.add"},
    ),
    "Timetables.add": (lambda app, **_: app.timetables.add(TEACHER, "Art", LESSON), {"rule.add"}),
    "Timetables.change": (
        lambda app, **_: app.timetables.change(TEACHER, "Lesson", Parts(late_grace=9)),
        {"rule.change"},
    ),
    "Timetables.skip": (lambda app, **_: app.timetables.skip(TEACHER, "Lesson", MONDAY), {"rule.change"}),
    "Timetables.move": (
        lambda app, **_: app.timetables.move(TEACHER, "Lesson", MONDAY, begins="09:00"),
        {"rule.change"},
    ),
    "Timetables.add_day": (
        lambda app, **_: app.timetables.add_day(TEACHER, "Lesson", MONDAY, "10:00", "11:00"),
        {"rule.change"},
    ),
    "Timetables.remove": (lambda app, **_: app.timetables.remove(TEACHER, "Lesson", first=MONDAY), {"rule.end"}),
    "Timetables.take_in": (lambda app, tmp_path, **_: table(app, tmp_path), {"rule.add"}),
    "Calendars.add": (lambda app, **_: app.calendars.add(TEACHER, FREE), {"calendar.add"}),
    "Calendars.take_in": (
        lambda app, **_: app.calendars.take_in(TEACHER, Proposal("a file", (FREE,))),
        {"calendar.add"},
    ),
    "Calendars.withdraw": (
        lambda app, **_: app.calendars.withdraw(TEACHER, app.calendars.entries()[0].id, reason="slip"),
        {"calendar.withdraw"},
    ),
    "Excuses.add": (
        lambda app, **_: app.excuses.add(TEACHER, "Ada", "2026-03-09", "2026-03-09", reason="trip"),
        {"excuse.add"},
    ),
    "Excuses.withdraw": (
        lambda app, **_: app.excuses.withdraw(TEACHER, app.excuses.all()[0].stored.id, reason="well"),
        {"excuse.withdraw"},
    ),
    "Months.close": (lambda app, **_: app.months.close(TEACHER, "2025-12"), {"month.close"}),
    "Months.open": (lambda app, **_: app.months.open(TEACHER, "2025-11", reason="late note"), {"month.open"}),
    "Enroller.photo": (
        lambda app, draw, **_: app.enrolment.photo(TEACHER, draw("dan.png", (3, 20)), name="Dan", rules=TWINS),
        {"person.enroll", "lookalike.add"},
    ),
    "Enroller.many": (
        lambda app, draw, **_: list(app.enrolment.many(TEACHER, [Entry(draw("dan.png", (3, 20)), "Dan")], TWINS)),
        {"person.enroll", "lookalike.add"},
    ),
    "Leaving.set_active": (lambda app, **_: app.leaving.set_active(TEACHER, "Ada", False), {"person.active"}),
    "Lookalikes.clear": (lambda app, **_: app.lookalikes.clear(TEACHER, [("Ada", "Bob")]), {"lookalike.clear"}),
    "People.rename": (lambda app, **_: app.people.rename(TEACHER, "Ada", "Ada Lovelace"), {"person.rename"}),
    "People.put_in": (lambda app, **_: app.people.put_in(TEACHER, "Ada", ["7b"]), {"person.groups"}),
    "People.merge": (lambda app, **_: app.people.merge(TEACHER, "Bob", "Ada"), {"person.merge"}),
    "People.remove": (lambda app, **_: app.people.remove(TEACHER, "Ada"), {"person.remove"}),
    "Places.add": (lambda app, **_: app.places.add(TEACHER, "Hall", "1"), {"place.add"}),
    "Places.change": (
        lambda app, **_: app.places.change(TEACHER, "Door", site="North"),
        {"place.change", "site.add"},
    ),
    "Places.retire": (lambda app, **_: app.places.retire(TEACHER, "Door"), {"place.retire"}),
    "Places.restore": (lambda app, **_: app.places.restore(TEACHER, "Yard"), {"place.restore"}),
    "Places.remove": (lambda app, **_: app.places.remove(TEACHER, "Door"), {"place.remove"}),
    "SessionBook.open": (lambda app, **_: app.session_book.open(TEACHER, "Arts"), {"session.open"}),
    "SessionBook.close": (lambda app, **_: app.session_book.close(TEACHER, "Maths"), {"session.close"}),
    "Archives.take_in": (
        lambda app, tmp_path, **_: imported(app, tmp_path),
        {"person.add", "gallery.import"},
    ),
    "Archives.person": (
        lambda app, tmp_path, **_: app.archives.person(TEACHER, "Ada", tmp_path / "ada.zip"),
        {"person.export"},
    ),
    "Upkeep.repair": (lambda app, **_: (orphaned(app), app.upkeep.repair(TEACHER)), {"repair.orphan"}),
    "Checks.run": (
        lambda app, draw, **_: list(app.checks.run(TEACHER, [draw("door.png", (2, 90))], Scope())),
        {"session.open", "session.check", "mark.add"},
    ),
    "Desk.by": (lambda app, **_: app.desk.by(TEACHER).note_check("camera"), {"session.open", "session.check"}),
    "Reviews.confirm": (lambda app, **_: app.reviews.confirm(TEACHER, 1), {"sighting.confirm", "mark.add", *PURGED}),
    "Reviews.reassign": (
        lambda app, **_: app.reviews.reassign(TEACHER, 1, "Bob"),
        {"sighting.reassign", "mark.add", *PURGED},
    ),
    "Reviews.dismiss": (lambda app, **_: app.reviews.dismiss(TEACHER, 1), {"sighting.dismiss", *PURGED}),
    "RosterImport.take_in": (
        lambda app, pack, **_: app.roster_import.take_in(
            TEACHER, app.roster_import.preview(RosterWanted(pack(), matches={"u2": "Bob"}))
        ),
        {"person.add", "person.rename", "person.foreign_id", "person.groups", "roster.import"},
    ),
    "MarkImport.take_in": (
        lambda app, tmp_path, **_: app.mark_import.take_in(TEACHER, device_list(tmp_path)),
        {"session.open", "mark.add", "coverage.add"},
    ),
    "ForeignIds.set": (
        lambda app, **_: app.foreign_ids.set(TEACHER, "Ada", "badge", "0042"),
        {"person.foreign_id"},
    ),
    "Renewal.run": (lambda app, fake, **_: renewed(app, fake, drop=True), {"template.add", "pipeline.drop"}),
}


@pytest.mark.parametrize("call", CHANGES)
def test_who_acts_is_recorded(people, draw, tmp_path, fake, pack, call):
    """Each change is recorded as done by who asked for it, whoever had the home opened."""
    change, wanted = CHANGES[call]
    before = len(events(people))
    later = change(people, draw=draw, tmp_path=tmp_path, fake=fake, pack=pack)
    done = (later if call == "Renewal.run" else events(people))[before:]
    assert wanted == {each.action for each in done}
    assert {"teacher"} == {each.by for each in done}
    assert people.actor.name != "teacher"


@pytest.mark.parametrize("call", SERVICE)
def test_who_acts_through_the_service_is_recorded(people, draw, tmp_path, call):
    """What pages, kiosks and programs change is recorded as done by who asked for it, and by nobody else."""
    row = SERVICE[call]
    there = row.before(people, draw)
    before = len(events(people))
    row.call(people, there=there, draw=draw, tmp_path=tmp_path)
    done = events(people)[before:]
    assert row.wanted == {each.action for each in done}
    assert {"teacher"} == {each.by for each in done}


def taking_actors():
    """Every method of a service that takes an actor, with its parameters."""
    for module in pkgutil.iter_modules(services.__path__):
        name = f"attendance.services.{module.name}"
        for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            for method, function in inspect.getmembers(kind, inspect.isfunction):
                parameters = list(inspect.signature(function).parameters)
                if kind.__module__ == name and "actor" in parameters and not method.startswith("_"):
                    yield f"{kind.__name__}.{method}", parameters


def test_no_change_is_left_out():
    """Every method of a service that takes an actor takes them first, and stands in one of the tables, once."""
    found = dict(taking_actors())
    assert {} == {name: parameters for name, parameters in found.items() if parameters[1] != "actor"}
    assert sorted(found) == sorted([*CHANGES, *SERVICE, *WITHOUT_EVENT])


def test_a_mark_tells_who_voided_it(people):
    """A mark voided by somebody names them, and one entered by hand does so in what it rests on."""
    assert "teacher" == people.by_hand.void(TEACHER, "Ada", session="Maths", reason="ill").mark.voided_by
    assert "teacher" == people.by_hand.enter(TEACHER, "Ada", session="Maths").mark.evidence["by"]


def test_the_parts_act_for_others_without_changing(people):
    """Acting for one person changes nothing for the next: the parts themselves stay whose they were."""
    marks = Marks(people.store, "first")
    marks.by("second")
    (ada,) = [each.person.id for each in people.session_book.marks("Maths")]
    assert "first" == marks.void(ada, people.sessions.find("Maths"), reason="x", at=people.clock.utc()).voided_by
