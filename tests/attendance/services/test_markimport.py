"""Marks of other devices are taken as they say, once; what cannot be is named, and a day is covered only whole."""

from datetime import UTC, date, datetime, time

import pytest

from attendance.access import Actor
from attendance.errors import CoverageSpan
from attendance.services.markimport import MarksWanted
from attendance.services.rosterimport import RosterWanted
from attendance.services.statuses import StatusesWanted
from attendance.timetable.rule import Rule
from attendance.timetable.ruleparts import Parts
from gallery import history
from gallery.repositories import coverage, groups, marks, months, rules

CLERK = Actor("clerk", door="web")
DAY = date(2026, 3, 1)


@pytest.fixture
def people(app):
    """Ann with a badge, and Bo."""
    for external_id, name in (("A", "Ann Lee"), ("B", "Bo Ek")):
        app.gallery.add_person(name, external_id=external_id, at=app.clock.utc(), by="x")
    app.foreign_ids.set(CLERK, "A", "badge", "0042")
    return app


@pytest.fixture
def take_in(people, tmp_path):
    def taking(text, **named):
        path = tmp_path / "list.csv"
        path.write_text(text)
        return people.mark_import.take_in(CLERK, MarksWanted(path, **named))

    return taking


def events(app):
    with app.store.reading() as transaction:
        return [each.action for each in history(transaction)]


def stored(app, day):
    session = app.sessions.find(day)
    with app.store.reading() as transaction:
        return marks.of_session(transaction, session.id)


def covers(app):
    with app.store.reading() as transaction:
        found = coverage.within(transaction, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    return [(each.kind, each.source, each.begins.isoformat(), each.ends.isoformat()) for each in found]


def test_an_id_behind_an_apostrophe(people, take_in):
    """An id that a device keeps from a spreadsheet is that id, unless somebody is called so, apostrophe and all."""
    done = take_in("person,at\n'0042,2026-03-01 08:05\n'B,2026-03-01 08:06\n'x,2026-03-01 08:07\n")
    assert (2, ["nobody has the id 'x"]) == (done.new, [each.detail.split(";")[0] for each in done.refused])
    people.gallery.add_person("Cy Orr", external_id="'B", at=people.clock.utc(), by="x")
    take_in("person,at\n'B,2026-03-01 09:06\n")
    assert ["Ann Lee", "Bo Ek", "Cy Orr"] == [people.people.find(each.person).name for each in stored(people, DAY)]


def test_marks_are_taken_in(people, take_in):
    """By external ids and badges, with direction and device, in the session of their own day."""
    done = take_in("person,at,direction,source\nA,2026-03-01 08:05,in,gate\n0042,2026-03-01T17:00Z,out,gate\n")
    assert (2, ()) == (done.new, done.remarks)
    assert [("in", "device", "gate"), ("out", "device", "gate")] == [
        (each.direction, each.method, each.details["source"]) for each in stored(people, "2026-03-01")
    ]
    assert {people.people.find("A").id} == {each.person for each in stored(people, "2026-03-01")}


def test_the_same_again_writes_nothing(people, take_in):
    """Nothing is written twice, not even within one list, and a mark that was declared wrong does not come back."""
    text = "person,at\nA,2026-03-01 08:05\nA,2026-03-01 08:05\n"
    assert (1, 1) == ((done := take_in(text)).new, done.unchanged)
    people.void("A", reason="lent the badge", session="2026-03-01")
    before = events(people)
    assert (0, 2) == ((done := take_in(text)).new, done.unchanged)
    assert before == events(people)


def test_two_devices_and_two_directions_are_four_marks(take_in):
    """Only the same person, instant, direction and source is the same mark."""
    rows = "".join(f"A,2026-03-01 08:05,{way},{where}\n" for way in ("in", "out") for where in ("gate", "yard"))
    assert 4 == take_in("person,at,direction,source\n" + rows).new


def test_what_cannot_be_taken_is_named(people, take_in):
    """Unknown people, times to come, closed months, and people who had left; the others are taken."""
    with people.store.atomic() as transaction:
        months.add(transaction, "2026-02", closed=True, at=people.clock.utc(), by="x", reason="")
    people.leaving.set_active(CLERK, "B", False, since=DAY)
    done = take_in(
        "person,at\nC,2026-03-01 08:00\nA,2026-03-02 09:00\nA,2026-02-27 08:00\nB,2026-03-01 08:00\n"
        "A,1969-01-01 08:00\nA,2026-03-01 08:00\n"
    )
    assert 1 == done.new
    assert [
        ("person.unknown", "list.csv line 2"),
        ("mark.future", "list.csv line 3"),
        ("month.closed", "list.csv line 4"),
        ("person.inactive", "list.csv line 5"),
        ("session.day", "list.csv line 6"),
    ] == [(each.code, each.where) for each in done.refused]


def test_the_day_before_a_shift_may_be_closed(people, take_in):
    """Where a mark or a look counts for another day, too, as marks by hand do, its month must be open as well."""
    night = Parts(rrule="FREQ=DAILY", begins="22:00", ends="06:00", pairing="first-last")
    people.timetables.add(CLERK, "Night", night, first=date(2026, 2, 20))
    with people.store.atomic() as transaction:
        months.add(transaction, "2026-02", closed=True, at=people.clock.utc(), by="x", reason="")
    done = take_in("person,at\nA,2026-03-01 05:50\nA,2026-03-01 06:31\n", covers=(DAY, DAY))
    assert (1, ["month.closed"] * 2) == (done.new, [each.code for each in done.refused])
    assert () == done.covered


def test_a_word_of_two_people(people, take_in):
    """One person's id that is another's badge is refused, until the system is named."""
    people.gallery.add_person("Cy Orr", external_id="0042", at=people.clock.utc(), by="x")
    assert ["person.ambiguous"] == [each.code for each in take_in("person,at\n0042,2026-03-01 08:05\n").refused]
    assert 1 == take_in("person,at\n0042,2026-03-01 08:05\n", system="badge").new
    assert people.people.find("A").id == stored(people, "2026-03-01")[0].person


def test_times_are_those_of_the_zone_told(people, take_in):
    """--zone is the clock of the device; the day is the site's."""
    take_in("person,at\nA,2026-03-01 08:05\n", zone="Asia/Tokyo")
    assert [datetime(2026, 2, 28, 23, 5, tzinfo=UTC)] == [each.at for each in stored(people, "2026-02-28")]


def test_covered_days(people, take_in):
    """A list that has everybody covers its days whole, today until now, and once."""
    text = "person,at\nA,2026-03-01 08:05\n"
    done = take_in(text, covers=(DAY, date(2026, 3, 2)))
    assert ((DAY, date(2026, 3, 2)),) == done.covered
    whole = ("device", "device", "2026-03-01T00:00:00+00:00", "2026-03-02T07:58:11.204000+00:00")
    assert [whole] == covers(people)
    before = events(people)
    take_in(text, covers=(DAY, date(2026, 3, 2)))
    assert ([whole], before) == (covers(people), events(people))


def test_a_day_of_which_a_row_was_refused_is_not_covered(take_in):
    """Who is behind an unknown badge was there: of that day nobody is absent, unless a person says so."""
    text = "person,at\n9999,2026-03-01 08:05\nA,2026-03-02 07:05\n"
    done = take_in(text, covers=(DAY, date(2026, 3, 2)))
    assert ((date(2026, 3, 2), date(2026, 3, 2)),) == done.covered
    assert ["person.unknown", "coverage.refused"] == [each.code for each in done.refused]
    assert ((DAY, date(2026, 3, 2)),) == take_in(text, covers=(DAY, date(2026, 3, 2)), anyway=True).covered


def test_a_day_with_times_to_come_is_not_covered(take_in):
    """Whose device is ahead was there today, though the row cannot be taken."""
    done = take_in("person,at\nA,2026-03-02 10:01\n", covers=(DAY, date(2026, 3, 2)))
    assert ((DAY, DAY),) == done.covered


def test_a_row_without_a_time_may_be_of_any_day(take_in):
    """So that no day is covered."""
    assert () == take_in("person,at\nA,soon\n", covers=(DAY, DAY)).covered


@pytest.mark.parametrize("span", [(date(2026, 3, 2), DAY), (DAY, date(2026, 3, 3))])
def test_days_that_cannot_be_covered(take_in, span):
    """In the wrong order, or not come yet."""
    with pytest.raises(CoverageSpan):
        take_in("person,at\n", covers=span)


def test_a_clock_that_is_hours_ahead(take_in):
    """Rows are taken as they say; where many lie in the future or outside the days covered, a warning says so."""
    rows = "A,2026-03-02 07:00,gate\nB,2026-03-02 07:01,gate\nA,2026-03-02 10:01,yard\nB,2026-03-02 10:02,yard\n"
    done = take_in("person,at,source\n" + rows, covers=(DAY, DAY))
    assert 2 == done.new
    assert ["marks.clock"] * 2 == [each.code for each in done.remarks if not each.refused]


def test_a_dry_run_writes_nothing(people, take_in):
    """It says the same and changes nothing."""
    before = events(people)
    done = take_in("person,at\nA,2026-03-01 08:05\n", covers=(DAY, DAY), dry_run=True)
    assert (1, ((DAY, DAY),)) == (done.new, done.covered)
    assert (before, []) == (events(people), covers(people))


def test_imported_marks_have_their_events(people, take_in):
    """Nothing is missing in the log: the gallery finds no defect but that nobody has a photo yet."""
    take_in("badge,at\n0042,2026-03-01 08:05\n", covers=(DAY, DAY))
    assert ["session.open", "mark.add", "coverage.add"] == events(people)[-3:]
    assert {"gallery.no_template"} == {each.id for each in people.upkeep.verify()}


def test_from_a_register_and_a_device_to_who_was_absent(app, pack, tmp_path):
    """People without a face, a lesson for their class, and a device's list of the day: who is not in it was absent."""
    app.roster_import.take_in(CLERK, app.roster_import.preview(RosterWanted(pack())))
    today = date(2026, 3, 2)
    with app.store.atomic() as transaction:
        made = rules.insert(transaction, "Maths", at=app.clock.utc(), group_id=groups.number_of(transaction, "7b"))
        spec = Rule(time(6), time(6, 45), "UTC", today).to_dict()
        rules.add_version(transaction, made, from_day=today, spec=spec, at=app.clock.utc(), by="x")
    path = tmp_path / "list.csv"
    path.write_text("person,at\n00123,2026-03-02 06:01\n")
    app.mark_import.take_in(CLERK, MarksWanted(path))
    assert {"00123": "present", "1E5": "no log"} == statuses(app, today)
    app.mark_import.take_in(CLERK, MarksWanted(path, covers=(today, today)))
    assert {"00123": "present", "1E5": "absent"} == statuses(app, today)


def statuses(app, day):
    found = app.statuses.derive(StatusesWanted(day, day))
    return {found.people[each.person].id: str(each.status) for each in found.rows}
