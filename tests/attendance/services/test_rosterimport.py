"""A register is taken in whole, in one step, and the same again writes nothing."""

from datetime import date

import pytest

from attendance.access import Actor
from attendance.errors import ImportIdentity, SessionDay
from attendance.services.rosterimport import RosterWanted
from gallery import SiteUnknown, history
from gallery.errors import Conflict, PersonUnknown
from gallery.repositories import calendar, foreign_ids, groups, months

HEAD = Actor("head", door="web")


def take_in(app, path, **named):
    shown = app.roster_import.preview(RosterWanted(path, **named))
    return app.roster_import.take_in(HEAD, shown)


def events(app):
    with app.store.reading() as transaction:
        return [each.action for each in history(transaction)]


def people(app):
    return {each.external_id: (each.name, each.groups, each.active) for each in app.people.all(gone_too=True)}


def turns(app):
    with app.store.reading() as transaction:
        return [(each.group, each.member, each.from_day) for each in groups.turns(transaction)]


def test_a_register_is_taken_in(app, pack):
    """Students become people with the school's numbers as ids, in their classes from the day told, without a face."""
    done = take_in(app, pack())
    assert {"00123": ("Ann Lee", ("7b",), True), "1E5": ("Bo Ek", ("7b",), True)} == people(app)
    assert [("7b", True, date(2026, 2, 2)), ("7b", True, date(2026, 3, 2))] == turns(app)
    with app.store.reading() as transaction:
        assert {"u1", "u2"} == foreign_ids.of_system(transaction, "oneroster:ledger-1").keys()
    assert ("Ann Lee (00123)", "Bo Ek (1E5)") == done.faceless
    assert "new 2" == done.summary


def test_the_same_again_writes_nothing(app, pack):
    """Nothing is written, not even an event, and it says so."""
    take_in(app, pack(), terms=True)
    before = events(app)
    shown = app.roster_import.preview(RosterWanted(pack(), terms=True))
    app.roster_import.take_in(HEAD, shown)
    assert not shown.plan
    assert before == events(app)
    assert "unchanged 2" == shown.summary


def test_staff_if_asked(app, pack):
    """Teachers come in only if asked, and an import without them leaves them be."""
    take_in(app, pack(), roles=("Teacher",))
    assert "Cy Orr" == people(app)["T7"][0]
    assert not app.roster_import.preview(RosterWanted(pack())).plan


def test_who_has_a_face_keeps_it(app, pack, draw):
    """Somebody enrolled under the school's number is the same person, with the photo, and needs none."""
    app.enroll(draw("ann.png", (1,)), name="Ann Lee", external_id="00123")
    done = take_in(app, pack())
    assert ("Bo Ek (1E5)",) == done.faceless
    assert 1 == app.people.find("00123").templates


def test_leaving_and_coming_back(app, pack, register, clock):
    """Who is not in the next register is inactive and keeps template and marks; who is in it again is active."""
    take_in(app, pack())
    app.mark("Bo Ek")
    clock.forward(days=1)
    shorter = register.USERS.replace("u2,,,true,o1,student,bo,,Bo,Ek,1E5\n", "")
    rows = register.ENROLLMENTS.replace("e2,,,c1,o1,u2,student,,,\n", "")
    take_in(app, pack(users=shorter, enrollments=rows))
    assert ("Bo Ek", ("7b",), False) == people(app)["1E5"]
    assert 1 == app.people.holdings("1E5").marks
    clock.forward(days=1)
    take_in(app, pack())
    assert ("Bo Ek", ("7b",), True) == people(app)["1E5"]


def test_leaving_a_class_alone(app, pack, register, clock):
    """Who changes class leaves the one and joins the other on a day, and a hand-made group stays."""
    take_in(app, pack())
    app.people.put_in(HEAD, "1E5", ["7b", "Chess"])
    clock.forward(days=1)
    moved = register.ENROLLMENTS.replace("e2,,,c1", "e2,,,c2")
    take_in(app, pack(enrollments=moved, classes=register.CLASSES + "c2,,,8a,,k1,8A,homeroom,o1,t1\n"))
    assert ("8a", "Chess") == people(app)["1E5"][1]
    day = date(2026, 3, 3)
    assert {("7b", False, day), ("8a", True, day)} == {each for each in turns(app) if each[2] == day}


def test_a_new_name(app, pack, register):
    """Who has another name in the register is renamed; ids stay."""
    take_in(app, pack())
    take_in(app, pack(users=register.USERS.replace("Ann,Lee", "Ann,Poe")))
    assert "Ann Poe" == people(app)["00123"][0]


def test_a_delta_by_what_was_known_before(app, pack, register, clock):
    """A file of changes finds people and classes of earlier imports without their rows."""
    take_in(app, pack())
    clock.forward(days=1)
    told = register.manifest(
        file__users="delta", file__enrollments="delta", file__classes="absent", file__academicSessions="absent"
    )
    users = register.USERS.split("\n")[0] + "\nu4,active,2026-03-03,true,o1,student,di,,Di,Fox,77\n"
    head = register.ENROLLMENTS.split("\n")[0]
    rows = f"{head}\ne4,active,2026-03-03,c1,o1,u4,student,,,\ne1,tobedeleted,2026-03-03,c1,o1,u1,student,,,\n"
    take_in(app, pack(told=told, users=users, enrollments=rows, classes=None, academicSessions=None))
    assert {"00123": (), "1E5": ("7b",), "77": ("7b",)} == {key: each[1] for key, each in people(app).items()}


def test_a_delta_that_deletes_by_ids_alone(app, pack, register):
    """Rows that are to be deleted need no name and no title: whoever is gone is set inactive, a class is left."""
    take_in(app, pack())
    told = register.manifest(
        file__users="delta", file__classes="delta", file__enrollments="absent", file__academicSessions="absent"
    )
    users = register.USERS.split("\n")[0] + "\nu1,tobedeleted,2026-03-03,,,,,,,,\n"
    classes = register.CLASSES.split("\n")[0] + "\nc1,tobedeleted,2026-03-03,,,,,,,\n"
    done = take_in(app, pack(told=told, users=users, classes=classes, enrollments=None, academicSessions=None))
    assert [] == [each.code for each in done.plan.refused]
    assert {"00123": False, "1E5": True} == {key: each[2] for key, each in people(app).items()}


def test_a_choice_by_match(app, pack, draw):
    """A namesake is refused until somebody chooses; the rest has come in by then."""
    app.enroll(draw("ann.png", (1,)), name="Ann Lee", external_id="old-1")
    done = take_in(app, pack())
    assert ["import.identity"] == [each.code for each in done.plan.refused]
    assert {"old-1", "1E5"} == people(app).keys()
    take_in(app, pack(), matches={"u1": "old-1"})
    assert ("Ann Lee", ("7b",), True) == people(app)["old-1"]


def test_a_second_school_that_numbers_alike(app, pack, register):
    """With a system of its own nobody of the first school becomes somebody else, also with a name in common."""
    take_in(app, pack())
    second = register.USERS.replace("Ann,Lee", "Ann,Poe").replace("Bo,Ek", "Zed,Fox")
    done = take_in(app, pack(users=second), system="south")
    assert ["import.identity"] * 2 == [each.code for each in done.plan.refused]
    assert {"00123": "Ann Lee", "1E5": "Bo Ek"} == {key: each[0] for key, each in people(app).items()}


def test_choices_that_cannot_be(app, pack):
    """Nobody of that id in the file, nobody of that name here, and somebody who is known as another already."""
    take_in(app, pack())
    for matches, error in (
        ({"u9": "new"}, ImportIdentity),
        ({"u3": "Nobody"}, PersonUnknown),
        ({"u1": "1E5"}, ImportIdentity),
        ({"u1": "new"}, ImportIdentity),
    ):
        with pytest.raises(error):
            app.roster_import.preview(RosterWanted(pack(), matches=matches))


def test_terms_become_calendar_entries(app, pack):
    """The terms of the file, with it as their source, once."""
    take_in(app, pack(), terms=True)
    with app.store.reading() as transaction:
        found = [(e.kind, e.name, e.first, e.last, e.source) for e in calendar.entries(transaction)]
    assert [("term", "Spring", date(2026, 1, 7), date(2026, 3, 31), "oneroster ledger.zip")] == found
    assert "calendar.add" in events(app)


def test_a_closed_month_stays(app, pack):
    """Nothing is made to count in a closed month; from a later day on it may."""
    with app.store.atomic() as transaction:
        months.add(transaction, "2026-02", closed=True, at=app.clock.utc(), by="x", reason="")
    done = take_in(app, pack())
    assert ["month.closed"] == [each.code for each in done.plan.refused]
    assert {"00123": (), "1E5": ("7b",)} == {key: each[1] for key, each in people(app).items()}
    take_in(app, pack(), first=date(2026, 3, 1))
    assert ("7b",) == people(app)["00123"][1]


def test_a_day_to_come_is_refused(app, pack):
    """Nothing can count from a day that has not begun."""
    with pytest.raises(SessionDay):
        app.roster_import.preview(RosterWanted(pack(), first=date(2026, 3, 3)))


def test_what_was_shown_is_what_is_done(app, pack):
    """Where somebody changes the people between the look and the step, nothing is done."""
    shown = app.roster_import.preview(RosterWanted(pack()))
    app.gallery.add_person("Ann Lee", at=app.clock.utc(), by="x")
    with pytest.raises(Conflict):
        app.roster_import.take_in(HEAD, shown)
    assert ["P-1"] == list(people(app))


def test_all_or_nothing(app, pack, monkeypatch):
    """Where the last thing fails, nothing has changed."""
    shown = app.roster_import.preview(RosterWanted(pack(), terms=True))

    def broken(*_, **__):
        raise RuntimeError("disk")

    monkeypatch.setattr(calendar, "insert", broken)
    with pytest.raises(RuntimeError):
        app.roster_import.take_in(HEAD, shown)
    assert {} == people(app)
    assert [] == events(app)


def test_no_name_stands_in_an_event(app, pack):
    """Events hold counts and codes: no name of a person or a class, and no id of a person elsewhere."""
    take_in(app, pack())
    with app.store.reading() as transaction:
        told = " ".join(str(each.details) for each in history(transaction))
    for word in ("Ann", "Lee", "'7b'", "00123", "'u1'"):
        assert word not in told


def test_what_a_system_calls_somebody(app, pack):
    """Said once it stays; of somebody else it is refused."""
    take_in(app, pack())
    app.foreign_ids.set(HEAD, "00123", "badge", "0042")
    app.foreign_ids.set(HEAD, "00123", "badge", "0042")
    assert [("badge", "0042"), ("oneroster:ledger-1", "u1")] == [
        (each.system, each.value) for each in app.foreign_ids.all("00123")
    ]
    with pytest.raises(Conflict, match="Ann Lee"):
        app.foreign_ids.set(HEAD, "1E5", "badge", "0042")


def test_a_register_of_a_site(app, pack):
    """New people of a site's register belong to that site alone; a site that is not there is refused first."""
    with pytest.raises(SiteUnknown):
        app.roster_import.preview(RosterWanted(pack(), site="North"))
    app.sites.add(app.actor, "North")
    app.roster_import.take_in(app.actor, app.roster_import.preview(RosterWanted(pack(), site="North")))
    assert {("North",)} == {app.sites.of(each.id) for each in app.people.all()}
