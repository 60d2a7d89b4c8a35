"""The timetable: rules are changed from a day on, by whom and why stays, and closed months stay as they are."""

from datetime import UTC, date, datetime, time

import pytest

from attendance.errors import (
    GroupUnknown,
    MonthClosed,
    RuleExists,
    RuleFile,
    RuleInvalid,
    RuleRecurrence,
    RuleUnknown,
    ZoneUnknown,
)
from attendance.timetable.rule import Pairing
from attendance.timetable.ruleparts import Parts
from gallery import PersonInvalid, history
from gallery.errors import PersonUnknown
from gallery.repositories import rules

TODAY = date(2026, 3, 2)
EIGHT = Parts(weekly="MO,WE", begins="08:00", ends="08:45")
NIGHT = Parts(rrule="FREQ=DAILY", begins="22:00", ends="06:00", pairing="first-last")


@pytest.fixture
def school(app, draw):
    """Ada and Bob of 7b, and Cid; mathematics of 7b on Mondays and Wednesdays at eight, since February."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B", groups=["7b"])
    app.enroll(draw("cid.png", (3,)), name="Cid", external_id="C")
    app.timetables.add(app.actor, "Maths", EIGHT, group="7b", first=date(2026, 2, 2))
    return app


def told(app) -> list[tuple]:
    """The events of rules, in order."""
    with app.store.reading() as view:
        return [(e.action, e.subject, e.details) for e in history(view) if e.action.startswith("rule.")]


def coming(app, name: str, count: int = 4) -> list[str]:
    """Day and beginning of the next occurrences."""
    return [f"{each.begins:%m-%d %H:%M}" for each in app.timetables.find(name, coming=count).next]


def test_a_rule_is_kept_and_shown(school):
    """All of it is listed: what it says, for whom, since when; the log tells that it was made, and no name."""
    (found,) = school.timetables.all()
    row = found.to_dict()
    assert ("Maths", "7b", None, "2026-02-02", None, False) == (
        row["name"], row["group"], row["person"], row["since"], row["until"], row["ended"]
    )  # fmt: skip
    assert "Mondays and Wednesdays 08:00-08:45 (UTC), from 2026-02-02, late after 5 min" == row["says"]
    assert "group 7b" == found.whom
    number = str(found.stored.id)
    version = found.stored.versions[0].id
    assert [("rule.add", number, {"version": version, "day": "2026-02-02"})] == told(school)


def test_whom_a_rule_is_for(school):
    """A group, a person or everybody; a group that is not there and nobody of the name are refused."""
    who = school.timetables.add(school.actor, "Piano", EIGHT, person="Cid").rule
    everybody = school.timetables.add(school.actor, "Fire drill", Parts(on="2026-03-06", begins="10:00", ends="10:30"))
    assert ("Cid (C)", "everybody") == (who.whom, everybody.rule.whom)
    for whom, error in (
        ({"group": "7c"}, GroupUnknown),
        ({"person": "Zoe"}, PersonUnknown),
        ({"group": "7b", "person": "Cid"}, RuleInvalid),
    ):
        with pytest.raises(error):
            school.timetables.add(school.actor, "Art", EIGHT, **whom)
    assert ["Fire drill", "Maths", "Piano"] == [each.stored.name for each in school.timetables.all()]


def test_a_change_holds_from_its_day_on(school):
    """Only what is named changes, days before it keep what held, and who, when and why stay readable."""
    found = school.timetables.change(
        school.actor, "Maths", Parts(begins="09:00", ends="09:45"), first=date(2026, 3, 9), reason="new bus"
    )
    assert ["03-02 08:00", "03-04 08:00", "03-09 09:00", "03-11 09:00"] == coming(school, "Maths")
    said = found.rule.versions()
    assert [("2026-02-02", ""), ("2026-03-09", "new bus")] == [(each["from"], each["reason"]) for each in said]
    assert {school.actor.name} == {each["by"] for each in said}
    assert ["rule.add", "rule.change"] == [action for action, *_ in told(school)]


def test_a_change_that_changes_nothing(school):
    """What a rule says already adds no version and no event."""
    found = school.timetables.change(school.actor, "Maths", Parts(begins="08:00", late_grace=5))
    assert (False, 1) == (found.new, len(found.rule.stored.versions))
    assert 1 == len(told(school))


def test_a_rule_begins_earlier(school):
    """A day alone lets a rule hold from then on; where it does already, that is refused, and nothing is added."""
    found = school.timetables.change(school.actor, "Maths", Parts(), first=date(2026, 1, 13))
    said = "Mondays and Wednesdays 08:00-08:45 (UTC), from 2026-01-13, late after 5 min"
    assert (f"from 2026-01-13: {said}", said, date(2026, 1, 13)) == (
        found.told.split("; ")[0], found.rule.says, found.rule.since
    )  # fmt: skip
    with pytest.raises(RuleInvalid, match="say what to change"):
        school.timetables.change(school.actor, "Maths", Parts(), first=date(2026, 1, 20))
    school.timetables.remove(school.actor, "Maths", first=TODAY)
    school.timetables.change(school.actor, "Maths", Parts(), first=date(2026, 3, 9))
    assert ["03-09 08:00", "03-11 08:00"] == coming(school, "Maths", 2)


def test_since_when(school):
    """A rule goes on since its first day, whatever was changed of it or left out; after a break, since that ended."""
    school.timetables.skip(school.actor, "Maths", date(2026, 3, 4))
    school.timetables.change(school.actor, "Maths", Parts(late_grace=9), first=date(2026, 2, 16))
    assert ("2026-02-02", date(2026, 2, 2)) == (
        school.timetables.all()[0].to_dict()["since"], school.timetables.find("Maths").since
    )  # fmt: skip
    school.timetables.remove(school.actor, "Maths", first=date(2026, 2, 16))
    assert date(2026, 2, 16) == school.timetables.find("Maths").since
    school.timetables.change(school.actor, "Maths", Parts(late_grace=9), first=TODAY)
    assert TODAY == school.timetables.find("Maths").since


def test_single_days(school):
    """A day is skipped, moved, added; the others stay; each is refused where there is nothing to skip or move."""
    book, by = school.timetables, school.actor
    book.skip(by, "Maths", date(2026, 3, 4), reason="trip")
    book.move(by, "Maths", date(2026, 3, 9), date(2026, 3, 10), "10:00", "10:45")
    book.add_day(by, "Maths", date(2026, 3, 13))
    assert ["03-02 08:00", "03-10 10:00", "03-11 08:00", "03-13 08:00", "03-16 08:00"] == coming(school, "Maths", 5)
    for change in (
        lambda: book.skip(by, "Maths", date(2026, 3, 4)),
        lambda: book.move(by, "Maths", date(2026, 3, 3), date(2026, 3, 5)),
        lambda: book.move(by, "Maths", date(2026, 3, 11), date(2026, 3, 16)),
        lambda: book.add_day(by, "Maths", date(2026, 3, 13)),
        lambda: book.add_day(by, "Maths", date(2026, 3, 13), "08:30", "09:15"),
        lambda: book.add_day(by, "Maths", date(2026, 1, 13)),
        lambda: book.move(by, "Maths", date(2026, 3, 11), date(2026, 1, 16)),
    ):
        with pytest.raises(RuleInvalid):
            change()
    assert 4 == len(told(school))


def test_moved_across_a_change(school):
    """What is moved to a day on which another version holds takes place there, and no more on its own day."""
    school.timetables.change(school.actor, "Maths", Parts(begins="09:00", ends="09:45"), first=date(2026, 3, 9))
    school.timetables.move(school.actor, "Maths", date(2026, 3, 4), date(2026, 3, 10))
    assert ["03-02 08:00", "03-09 09:00", "03-10 09:00", "03-11 09:00"] == coming(school, "Maths")


def test_a_rule_ends_and_begins_again(school):
    """An end leaves the days before it; the rule is listed where wanted, and a change lets it go on."""
    school.timetables.remove(school.actor, "Maths", first=TODAY, reason="term is over")
    assert ([], ["Maths"]) == (
        school.timetables.all(), [each.stored.name for each in school.timetables.all(ended_too=True)]
    )  # fmt: skip
    assert "rule.end" == told(school)[-1][0]
    assert (True, "ended", date(2026, 3, 1)) == (
        school.timetables.find("Maths").over, school.timetables.find("Maths").says,
        school.timetables.find("Maths").until,
    )  # fmt: skip
    assert not school.timetables.remove(school.actor, "Maths", first=date(2026, 3, 9)).new
    school.timetables.change(school.actor, "Maths", Parts(ends="08:40"), first=date(2026, 3, 9))
    assert ["03-09 08:00", "03-11 08:00"] == coming(school, "Maths", 2)


def test_a_rule_with_its_last_day(school):
    """Until is the last day, told beforehand or later."""
    school.timetables.add(school.actor, "Art", EIGHT, until=date(2026, 3, 9))
    assert ["03-02 08:00", "03-04 08:00", "03-09 08:00"] == coming(school, "Art", 9)
    school.timetables.change(school.actor, "Art", Parts(), until=date(2026, 3, 11))
    assert ["03-02 08:00", "03-04 08:00", "03-09 08:00", "03-11 08:00"] == coming(school, "Art", 9)
    school.timetables.change(school.actor, "Art", Parts(), until=date(2026, 3, 4))
    assert ["03-02 08:00", "03-04 08:00"] == coming(school, "Art", 9)


def test_a_rule_of_one_day_that_is_over(school):
    """One day alone, also gone by, is counted from that day on; without it a rule begins today."""
    school.timetables.add(school.actor, "Exam", Parts(on="2026-02-20", begins="10:00", ends="12:00"))
    assert date(2026, 2, 20) == school.timetables.find("Exam").version.from_day
    school.timetables.add(school.actor, "Art", EIGHT)
    assert TODAY == school.timetables.find("Art").version.from_day


def test_what_was_planned_for_later_is_told(school):
    """A change says from when on what was planned before holds instead."""
    school.timetables.change(school.actor, "Maths", Parts(begins="09:00", ends="09:45"), first=date(2026, 3, 9))
    found = school.timetables.change(school.actor, "Maths", Parts(begins="07:55"))
    assert ("from 2026-03-09 on begins of Maths stay as they were planned for then",) == found.remarks
    assert () == school.timetables.change(school.actor, "Maths", Parts(late_grace=10)).remarks
    assert 10 == school.timetables.find("Maths").entry.versions[-1].rule.late_grace


def test_overlaps_are_told_not_refused(school):
    """A rule that expects somebody who is expected elsewhere is named, with how many it is about."""
    clash = Parts(weekly="WE", begins="08:30", ends="09:00")
    found = school.timetables.add(school.actor, "Piano", clash, person="Ada")
    assert ("Piano overlaps Maths for 1 person, first on 2026-03-04",) == found.remarks
    assert () == school.timetables.add(school.actor, "Chess", clash, person="Cid").remarks
    later = Parts(weekly="WE", begins="09:00", ends="10:00")
    everybody = school.timetables.add(school.actor, "Assembly", later)
    assert () == everybody.remarks
    moved = school.timetables.change(school.actor, "Assembly", Parts(begins="08:40"))
    assert {
        "Assembly overlaps Chess for 1 person, first on 2026-03-04",
        "Assembly overlaps Maths for 2 people, first on 2026-03-04",
        "Assembly overlaps Piano for 1 person, first on 2026-03-04",
    } == set(moved.remarks)


@pytest.mark.parametrize(
    ("name", "parts", "error"),
    [
        ("Maths", EIGHT, RuleExists),
        ("  ", EIGHT, PersonInvalid),
        ("Art", Parts(weekly="MO"), RuleInvalid),
        ("Art", Parts(begins="08:00", ends="09:00"), RuleRecurrence),
        ("Art", Parts(weekly="XX", begins="08:00", ends="09:00"), RuleRecurrence),
        ("Art", Parts(weekly="MO", begins="08:00", ends="09:00", zone="Mars/Olympus"), ZoneUnknown),
    ],
)
def test_what_is_refused(school, name, parts, error):
    """What cannot be is refused by its own error, and nothing is kept of it."""
    with pytest.raises(error):
        school.timetables.add(school.actor, name, parts)
    assert 1 == len(told(school))


def test_names_that_come_near(school):
    """A mistyped name offers the one that is meant; blanks and composed letters make no difference."""
    with pytest.raises(RuleUnknown, match="did you mean Maths"):
        school.timetables.find("Mathes")
    school.timetables.add(school.actor, "Café  crème", EIGHT)
    assert "Café crème" == school.timetables.find(" Cafe\u0301 crème").stored.name
    with pytest.raises(RuleInvalid):
        school.timetables.change(school.actor, "Maths", EIGHT, first=TODAY, until=date(2026, 3, 1))


def test_what_does_not_fit_later_is_refused(school):
    """A change that would make no sense of a version planned for later is refused as a whole."""
    book, by = school.timetables, school.actor
    book.change(by, "Maths", Parts(begins="08:30", ends="08:45"), first=date(2026, 3, 9))
    with pytest.raises(RuleInvalid, match="half_day"):
        book.change(by, "Maths", Parts(half_day=30))
    with pytest.raises(RuleInvalid, match="08:00-08:10"):
        book.change(by, "Maths", Parts(breaks=("08:00-08:10",)))
    assert 2 == len(told(school))


@pytest.mark.parametrize("day", [date.min, date(1969, 12, 31), date(2200, 1, 1), date.max])
def test_days_that_nobody_means(school, day):
    """A day before or after all that is kept is refused, whatever it is given for."""
    book, by = school.timetables, school.actor
    for refused in (
        lambda: book.add(by, "Art", EIGHT, first=day),
        lambda: book.add(by, "Art", EIGHT, until=day),
        lambda: book.change(by, "Maths", Parts(late_grace=1), first=day),
        lambda: book.preview("Maths", Parts(late_grace=1), first=day),
        lambda: book.remove(by, "Maths", first=day),
        lambda: book.move(by, "Maths", date(2026, 3, 4), day),
        lambda: book.add_day(by, "Maths", day),
        lambda: book.skip(by, "Maths", day),
    ):
        with pytest.raises(RuleInvalid):
            refused()
    assert 1 == len(told(school))


def test_a_rule_that_takes_place_no_more(school):
    """Where a change leaves nothing to take place, that is said."""
    school.timetables.add(school.actor, "Exam", Parts(on="2026-02-20", begins="10:00", ends="12:00"))
    found = school.timetables.change(school.actor, "Exam", Parts(begins="11:00"))
    assert ("Exam takes place on no day from 2026-03-02 on",) == found.remarks


def test_a_closed_month_refuses_what_reaches_it(school):
    """A rule is changed from the first free day on, not before it, and not where nothing but a window reaches back."""
    book, by = school.timetables, school.actor
    book.add(by, "Night", NIGHT, first=date(2026, 2, 20))
    assert Pairing.FIRST_LAST is book.find("Night").version.rule.pairing
    school.clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    school.months.close(by, "2026-02")
    before = told(school)
    march = date(2026, 3, 1)
    for refused in (
        lambda: book.change(by, "Maths", Parts(late_grace=9), first=date(2026, 2, 28)),
        lambda: book.add(by, "Art", EIGHT, first=date(2026, 2, 28)),
        lambda: book.skip(by, "Night", date(2026, 2, 28)),
        lambda: book.move(by, "Night", march, date(2026, 2, 28), "12:00", "13:00"),
        lambda: book.remove(by, "Night", first=date(2026, 2, 28)),
        lambda: book.add(
            by, "Early", Parts(on="2026-03-01", begins="00:15", ends="01:00", opens_before=30), first=march
        ),
        lambda: book.add_day(by, "Night", march, "00:20", "01:00"),
    ):
        with pytest.raises(MonthClosed):
            refused()
    assert before == told(school)
    book.change(by, "Night", Parts(late_grace=9), first=march)
    book.add(by, "Early", Parts(on="2026-03-01", begins="00:30", ends="01:00", opens_before=30), first=march)
    school.months.open(by, "2026-02", reason="a mistake")
    assert book.change(by, "Maths", Parts(late_grace=9), first=date(2026, 2, 28)).new


def test_versions_are_never_rewritten(school):
    """Each change adds rows; those that are there stay as they were entered."""
    with school.store.reading() as view:
        first = rules.named(view, "Maths").versions
    school.timetables.skip(school.actor, "Maths", date(2026, 2, 4))
    school.timetables.change(school.actor, "Maths", Parts(late_grace=1))
    with school.store.reading() as view:
        found = rules.named(view, "Maths").versions
    assert (first, 3) == (found[:1], len(found))


ICS = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
SUMMARY:Maths
DTSTART:20260302T091500Z
DTEND:20260302T100000Z
RRULE:FREQ=WEEKLY;BYDAY=MO
EXDATE:20260316T091500Z
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Art
DTSTART:20260305T100000Z
DTEND:20260305T110000Z
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


def test_what_is_no_file_to_take_in(school, tmp_path):
    """A folder is called one, and what is not there is said not to be."""
    for file, words in ((tmp_path, "this is a folder"), (tmp_path / "none.csv", "there is no such file")):
        with pytest.raises(RuleFile, match=words):
            school.timetables.read_file(file)


def test_a_calendar_file_is_taken_in(school, tmp_path):
    """A rule of the name is changed and keeps how it judges, another is added; again there is nothing to do."""
    pytest.importorskip("icalendar")
    file = tmp_path / "plan.ics"
    file.write_bytes(ICS)
    school.timetables.change(school.actor, "Maths", Parts(late_grace=12), first=date(2026, 2, 2))
    found = school.timetables.read_file(file, group="7b")
    assert {"changed   Maths", "new       Art"} == {line.split(",")[0] for line in found.lines()}
    assert 2 == len(told(school))
    school.timetables.take_in(school.actor, found)
    assert ["03-02 09:15", "03-09 09:15", "03-23 09:15"] == coming(school, "Maths", 3)
    rule = school.timetables.find("Maths").version.rule
    assert (12, time(9, 15)) == (rule.late_grace, rule.begins)
    assert "group 7b" == school.timetables.find("Art").whom
    assert school.timetables.read_file(file, group="7b").empty
    with pytest.raises(RuleExists, match="for others"):
        school.timetables.read_file(file, person="Cid")


def test_a_table_is_taken_in_whole_or_not_at_all(school, tmp_path):
    """Each row says whom it is for; one that reaches a closed month leaves nothing of the file."""
    file = tmp_path / "plan.csv"
    file.write_text(
        "name,begins,ends,first,weekly,group,person\n"
        "Art,10:00,11:00,2026-03-02,TU,7b,\nPiano,12:00,12:30,2026-03-02,FR,,Cid\n",
        encoding="utf-8",
    )
    school.clock.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    school.months.close(school.actor, "2026-03")
    back = school.timetables.read_file(file, first=date(2026, 3, 30))
    with pytest.raises(MonthClosed):
        school.timetables.take_in(school.actor, back)
    assert ["Maths"] == [each.stored.name for each in school.timetables.all()]
    found = school.timetables.take_in(school.actor, school.timetables.read_file(file))
    assert [("Art", "group 7b"), ("Piano", "Cid (C)")] == [(each.rule.stored.name, each.rule.whom) for each in found]
    file.write_text("name,begins,ends,first,weekly,group\nGym,10:00,11:00,2026-03-02,TU,7c\n", encoding="utf-8")
    with pytest.raises(GroupUnknown):
        school.timetables.read_file(file)
