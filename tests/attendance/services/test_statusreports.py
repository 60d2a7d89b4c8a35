"""Reports by the timetable as a service: what was recorded, judged by what the timetable said."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from attendance.errors import GroupUnknown, RuleUnknown
from attendance.services.statusreports import AskedStatuses
from attendance.timetable.attended import Status
from attendance.timetable.rule import Rule
from gallery.errors import PersonUnknown
from gallery.repositories import calendar, coverage, excuses, groups, rules

MONDAY = date(2026, 3, 2)
LESSON = Rule(time(8), time(8, 45), "UTC", MONDAY, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")


@pytest.fixture
def school(app, draw, clock):
    """Ada and Bob of 7b, Eve of 8a; Ada seen on Monday, on Tuesday late; on Wednesday excused; Friday closed."""
    for number, (name, group) in enumerate((("Ada", "7b"), ("Bob", "7b"), ("Eve", "8a")), 1):
        app.enroll(draw(f"{name}.png", (number,)), name=name, external_id=name[0], groups=[group])
    with app.store.atomic() as transaction:
        entry = rules.insert(transaction, "Maths", at=clock.now, group_id=groups.ensure(transaction, "7b"))
        rules.add_version(transaction, entry, from_day=MONDAY, spec=LESSON.to_dict(), at=clock.now, by="head")
        excuses.insert(
            transaction,
            app.gallery.find("Ada").id,
            datetime(2026, 3, 4, tzinfo=UTC),
            datetime(2026, 3, 5, tzinfo=UTC),
            reason="dentist",
            at=clock.now,
            by="office",
        )
        calendar.insert(
            transaction, "closed", date(2026, 3, 6), date(2026, 3, 6), name="Founders", source="x", at=clock.now, by="h"
        )
        begins = datetime(2026, 3, 3, 7, 50, tzinfo=UTC)
        coverage.begin(
            transaction, "hand", "roll", begins=begins, ends=begins + timedelta(hours=1), at=clock.now, by="head"
        )
    list(app.check(draw("monday.png", (1, 80))))
    clock.forward(days=1, minutes=17)
    list(app.check(draw("tuesday.png", (1, 80))))
    clock.forward(days=3)
    return app


def told(found) -> list[tuple[str, str, str]]:
    return [(f"{each.occurrence.day:%a}", found.facts.people[each.person].id, str(each.status)) for each in found.rows]


def asked(**more) -> AskedStatuses:
    return AskedStatuses(**({"first": MONDAY, "last": date(2026, 3, 6)} | more))


def test_week(school):
    """Each day of each pupil has its status; who is not of the group has none, and a closed day no line."""
    found = told(school.status_reports.report(asked()))
    assert [("Mon", "A", "present"), ("Tue", "A", "late"), ("Wed", "A", "excused"), ("Thu", "A", "no log")] == [
        each for each in found if each[1] == "A"
    ]
    assert ["absent"] == [status for day, who, status in found if (day, who) == ("Tue", "B")]
    assert {"A", "B"} == {who for _, who, _ in found}


def test_narrowed(school):
    """A group, a person or an entry narrows the report."""
    reports = school.status_reports
    assert [] == told(reports.report(asked(group="8a")))
    assert {"B"} == {who for _, who, _ in told(reports.report(asked(person="Bob")))}
    assert 8 == len(told(reports.report(asked(entry="Maths"))))


def test_facts(school):
    """Rows name the mark of the arrival with its method, the excuse, the groups, and why a day is closed."""
    found = school.status_reports.report(asked(person="A"))
    grid = found.grid()
    rows = [dict(zip(grid.columns, line, strict=True)) for line in grid.rows()]
    assert ["face", "face", None, None] == [each["how"] for each in rows]
    assert [True, True, False, False] == [each["mark"] is not None for each in rows]
    assert [None, None, "number 1", None] == [each["excuse"] for each in rows]
    assert ("7b",) == found.facts.groups[found.scope.person.key]
    assert {date(2026, 3, 6): "Founders"} == dict(found.closed)


def test_why_somebody_is_excused_is_told_where_it_is_asked_for(school):
    """The reason of an excuse may be nobody's business: reports hold its number, unless somebody asks for more."""
    found = school.status_reports.report(asked(person="A", why_excused=True)).grid()
    rows = [dict(zip(found.columns, line, strict=True)) for line in found.rows()]
    assert [None, None, "dentist", None] == [each["excuse"] for each in rows]


def test_today_unless_told(school, clock):
    """Without days it is today's report, on the wall of the site."""
    found = school.status_reports.report(AskedStatuses())
    assert (clock.now.date(), clock.now.date()) == (found.scope.first, found.scope.last)
    assert "closed: Founders" in school.status_reports.why_no_rows(found)


def test_before_the_first_rule(school):
    """Before all that concerns those asked for has begun, it is told what begins when; later nothing is said of it."""
    days = {"first": date(2026, 2, 23), "last": date(2026, 3, 1)}
    for more in ({}, {"group": "7b"}, {"entry": "Maths"}):
        found = school.status_reports.report(asked(**days, **more))
        assert "2026-03-01 (Maths begins on 2026-03-02; '" in school.status_reports.why_no_rows(found)
    found = school.status_reports.report(asked(first=date(2026, 3, 7), last=date(2026, 3, 8)))
    assert school.status_reports.why_no_rows(found).endswith("is expected, 2026-03-07 to 2026-03-08")


def test_unknown(school):
    """A group, person or entry that does not exist is an error, not an empty report."""
    for more, error in (
        ({"group": "x"}, GroupUnknown),
        ({"person": "x"}, PersonUnknown),
        ({"entry": "x"}, RuleUnknown),
    ):
        with pytest.raises(error):
            school.status_reports.report(asked(**more))


def test_why_nothing(app):
    """Without a timetable the report says how to enter one."""
    assert not app.status_reports.any()
    assert "attendance timetable add" in app.status_reports.why_no_rows(app.status_reports.report(AskedStatuses()))


def test_marks_of_several(school, clock):
    """Of several marks that of the arrival is named, and by hand is by hand."""
    with school.store.atomic() as transaction:
        entry = rules.insert(transaction, "Shift", at=clock.now, person=school.gallery.find("Eve").id)
        shift = Rule(time(6), time(12), "UTC", MONDAY, "FREQ=DAILY", follows_calendar=False).to_dict()
        rules.add_version(transaction, entry, from_day=MONDAY, spec=shift, at=clock.now, by="head")
    school.enter("Eve", session="2026-03-02", at="06:10")
    found = school.status_reports.report(asked(person="Eve", last=MONDAY))
    grid = found.grid()
    (first,) = (dict(zip(grid.columns, line, strict=True)) for line in grid.rows())
    assert ("late", "manual", "06:10") == (first["status"], first["how"], f"{first['at']:%H:%M}")


def events_of(data: bytes) -> dict[str, str]:
    icalendar = pytest.importorskip("icalendar", reason="calendars need the extra 'reports'")
    return {str(each["uid"]): str(each["summary"]) for each in icalendar.Calendar.from_ical(data).walk("VEVENT")}


def test_calendar_of_a_person(school, clock):
    """A person's calendar has an event a time with the status, of what is still to come without; names are kept."""
    reports = school.status_reports
    wanted = asked(person="Ada", last=date(2026, 3, 10))
    first = reports.feed(reports.report(wanted))
    assert ["Maths", "Maths", "Maths (excused)", "Maths (late)", "Maths (no log)", "Maths (present)"] == sorted(
        events_of(first).values()
    )
    assert first == reports.feed(reports.report(wanted)), "nothing has changed"
    with school.store.atomic() as transaction:
        begins = datetime(2026, 3, 5, 7, 50, tzinfo=UTC)
        coverage.begin(
            transaction, "hand", "roll", begins=begins, ends=begins + timedelta(hours=1), at=clock.now, by="head"
        )
    after = events_of(reports.feed(reports.report(wanted)))
    assert set(events_of(first)) == set(after)
    assert "Maths (absent)" in after.values()


def test_calendar_of_a_group(school):
    """A group's calendar has each time once, with how many were there, and no name."""
    reports = school.status_reports
    data = reports.feed(reports.report(asked(group="7b")))
    assert ["Maths (0 of 2 there)", "Maths (1 of 2 there)", "Maths (1 of 2 there)", "Maths (no log)"] == sorted(
        events_of(data).values()
    )
    assert b"Ada" not in data


def test_statuses_of_reports_are_all_told(school):
    """What a report counts are statuses of the timetable alone."""
    assert {each.status for each in school.status_reports.report(asked()).rows} <= set(Status)
