"""The calendar: what is stored decides; sources propose differences, and nothing is deleted."""

from datetime import UTC, date, datetime

import pytest

from attendance.errors import CalendarCountry, CalendarDays, CalendarFile, CalendarUnknown, GroupUnknown, MonthClosed
from attendance.services.calendars import Days, span_of
from attendance.timetable.ruleparts import Parts
from gallery import PersonInvalid, history

LESSON = Parts(weekly="MO-FR", begins="08:00", ends="08:45")


@pytest.fixture
def school(app, draw):
    """Ada of 7b and Bob, a lesson on each weekday for everybody since February."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.timetables.add(app.actor, "Lesson", LESSON, first=date(2026, 2, 2))
    return app


def told(app) -> list[tuple]:
    """The events of the calendar, in order."""
    with app.store.reading() as view:
        return [(e.action, e.details) for e in history(view) if e.action.startswith("calendar.")]


def decided(app, first: date | None = None, last: date | None = None) -> list[tuple]:
    """First and last day, whether closed, name, site and group of each stretch."""
    return [
        (f"{each.first:%m-%d}", f"{each.last:%m-%d}", each.closed, each.to_dict()["name"], each.site, each.group)
        for each in app.calendars.decided(first, last)
    ]


def close(app, days: str, name: str, **whom: str):
    return app.calendars.add(app.actor, Days("closed", *span_of(days), name), **whom)


def test_a_closed_day_takes_the_lesson_out(school):
    """On a closed day nothing takes place, and on one that is opened it does again; the log holds no name."""
    close(school, "2026-03-02..2026-03-06", "Holiday week")
    school.calendars.add(school.actor, Days("open", date(2026, 3, 4), date(2026, 3, 4), "Make-up day"))
    days = [each.day for each in school.timetables.find("Lesson", coming=2).next]
    assert [date(2026, 3, 4), date(2026, 3, 9)] == days
    assert [
        ("03-02", "03-03", True, "Holiday week", None, None),
        ("03-04", "03-04", False, "Make-up day", None, None),
        ("03-05", "03-06", True, "Holiday week", None, None),
    ] == decided(school)
    assert [("calendar.add", {"kind": "closed", "days": 5}), ("calendar.add", {"kind": "open", "days": 1})] == told(
        school
    )


def test_terms_close_the_days_around_them(school):
    """Once there is a term, days outside are closed, and the list says that no term runs."""
    school.calendars.add(school.actor, Days("term", date(2026, 3, 3), date(2026, 3, 5), "first half"))
    assert [
        ("03-01", "03-02", True, "no term runs", None, None),
        ("03-03", "03-05", False, "first half", None, None),
        ("03-06", "03-07", True, "no term runs", None, None),
    ] == decided(school, date(2026, 3, 1), date(2026, 3, 7))


def test_of_a_site_or_group_alone(school):
    """What is said of a site or group is listed for it alone, and all is listed once."""
    close(school, "2026-03-02", "Painting", site="North")
    close(school, "2026-03-02..2026-03-03", "Trip", group="7b")
    close(school, "2026-03-03", "All", group="")
    assert [
        ("03-02", "03-02", True, "Painting", "North", None),
        ("03-02", "03-02", True, "Trip", None, "7b"),
        ("03-03", "03-03", True, "All", None, None),
    ] == sorted(decided(school), key=lambda each: (each[0], each[3]))
    with pytest.raises(GroupUnknown):
        close(school, "2026-03-02", "Trip", group="7c")


def test_what_is_withdrawn_stays_on_record(school):
    """A withdrawn entry decides nothing, is listed where wanted with why, and is withdrawn once."""
    made = close(school, "2026-03-02", "Slip")
    school.calendars.withdraw(school.actor, made.id, reason="wrong day")
    assert ([], ["wrong day"]) == (
        school.calendars.decided(), [each.to_dict()["withdrawn"] for each in school.calendars.every()]
    )  # fmt: skip
    assert "calendar.withdraw" == told(school)[-1][0]
    for number in (made.id, 99, 2**70):
        with pytest.raises(CalendarUnknown):
            school.calendars.withdraw(school.actor, number, reason="again")


def test_holidays_are_proposed_as_a_difference(school):
    """First all is new; then nothing; what was stored otherwise is renamed, what is not told any more goes."""
    pytest.importorskip("holidays")
    found = school.calendars.holidays("DE", "BY", 2026, 2026)
    assert (12, True) == (len(found.new), found.source.startswith("holidays ") and found.source.endswith(" DE-BY"))
    school.calendars.take_in(school.actor, found)
    assert school.calendars.holidays("de", "by", 2026, 2026).empty
    (new_year, *_) = school.calendars.entries()
    school.calendars.withdraw(school.actor, new_year.id, reason="test")
    older = "holidays 0.1 DE-BY"
    for day, name in ((date(2026, 1, 1), "New Year of old"), (date(2026, 7, 7), "Forgotten")):
        school.calendars.add(school.actor, Days("closed", day, day, name), source=older)
    found = school.calendars.holidays("DE", "BY", 2026, 2026)
    assert [
        "renamed  2026-01-01 New Year of old: now Neujahr", "gone     2026-07-07 Forgotten"
    ] == list(found.lines())  # fmt: skip
    school.calendars.take_in(school.actor, found)
    assert school.calendars.holidays("DE", "BY", 2026, 2026).empty
    assert 12 == len(school.calendars.entries())
    assert 24 == len(school.calendars.holidays("DE", "BY", 2026, 2027).new) + 12
    assert 12 == len(school.calendars.holidays("DE", None, 2026, 2026, site="South").new) + 3
    with pytest.raises(CalendarCountry, match="Germany"):
        school.calendars.holidays("Germoney", None, 2026, 2026)


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
SUMMARY:{name}
DTSTART;VALUE=DATE:20260330
DTEND;VALUE=DATE:20260411
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Meeting
DTSTART:20260305T100000Z
DTEND:20260305T110000Z
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_file_closes_days(school, tmp_path):
    """Its whole days are closed under the file's name; again there is nothing new, and another name renames."""
    pytest.importorskip("icalendar")
    file = tmp_path / "off.ics"
    file.write_text(ICS.format(name="Easter"), encoding="utf-8", newline="\r\n")
    found = school.calendars.read_file(file)
    assert [
        "new      2026-03-30..2026-04-10 closed Easter", "note: Meeting: not of whole days, passed over"
    ] == list(found.lines())  # fmt: skip
    (made,) = school.calendars.take_in(school.actor, found)
    assert ("file off.ics", "Easter") == (made.source, made.name)
    assert school.calendars.read_file(file).empty
    file.write_text(ICS.format(name="Spring"), encoding="utf-8", newline="\r\n")
    school.calendars.take_in(school.actor, school.calendars.read_file(file))
    assert [("Easter", True), ("Spring", False)] == sorted(
        (each.entry.name, each.entry.withdrawn is not None) for each in school.calendars.every()
    )
    file.write_bytes(b"no calendar")
    for bad in (file, tmp_path / "none.ics", tmp_path):
        with pytest.raises(CalendarFile):
            school.calendars.read_file(bad)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "tomorrow",
        "2026-03-02..2026-03-01",
        "",
        "2026-03-02..",
        "0001-01-01",
        "1970-01-01..2199-12-31",
        "2200-01-01",
    ],
)
def test_days_that_are_none(text):
    """What is no day, or two the wrong way round, or longer than anybody lives, is refused."""
    with pytest.raises(CalendarDays):
        span_of(text)


def test_a_closed_month_refuses_what_reaches_it(school):
    """Its own days, terms that would close them, and nights whose windows reach in, are refused; nothing is kept."""
    school.timetables.add(
        school.actor, "Vigil", Parts(on="2026-03-01", begins="00:10", ends="01:00"), first=date(2026, 2, 2)
    )
    school.clock.now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    kept = close(school, "2026-02-16", "Carnival")
    school.months.close(school.actor, "2026-02")
    before = told(school)
    for refused in (
        lambda: close(school, "2026-02-28..2026-03-04", "Late"),
        lambda: school.calendars.withdraw(school.actor, kept.id, reason="x"),
        lambda: school.calendars.add(school.actor, Days("term", date(2026, 3, 1), date(2026, 3, 31), "half")),
        lambda: close(school, "2026-03-01", "The vigil is off"),
    ):
        with pytest.raises(MonthClosed):
            refused()
    assert before == told(school)
    close(school, "2026-03-02", "Free")


def test_a_name_that_is_none(school):
    """An entry needs a name that can be read."""
    with pytest.raises(PersonInvalid):
        close(school, "2026-03-02", " \t")
    assert [] == told(school)
