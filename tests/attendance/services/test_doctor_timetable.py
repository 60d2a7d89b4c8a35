"""Doctor tells which source decides days off, and whether statuses and hours can be told at all."""

from datetime import UTC, date, datetime

import pytest

from attendance.services.calendars import Days
from attendance.services.doctor import Doctor
from attendance.timetable.ruleparts import Parts
from gallery.repositories import coverage

LESSON = Parts(weekly="MO-FR", begins="08:00", ends="08:45")


@pytest.fixture
def school(app, draw):
    """Ada, and a lesson on each weekday since February; it is Monday, 2 March 2026."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.timetables.add(app.actor, "Lesson", LESSON, first=date(2026, 2, 2))
    return app


@pytest.fixture
def look(home, clock):
    """All that doctor finds of timetable and calendar."""

    def found() -> list:
        return [each for each in Doctor(home, clock).examine() if each.check in {"timetable", "calendar", "months"}]

    return found


def ids(found) -> set[str]:
    """The ids of what is to be known or mended."""
    return {each.id for each in found if each.id is not None}


def looked(app, day: int) -> None:
    """Somebody looked for an hour on a day of February."""
    begins = datetime(2026, 2, day, 8, tzinfo=UTC)
    with app.store.atomic() as transaction:
        coverage.begin(transaction, "hand", "me", begins=begins, ends=begins.replace(hour=9), at=begins, by="me")


def test_a_home_without_a_timetable(app, draw, look):
    """Where there is no rule and no entry nothing is said of either."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    assert [] == look()


def test_which_source_decides(school, look):
    """Public holidays with their source and how far they reach, own days, and until when terms run."""
    for day in (date(2026, 1, 1), date(2027, 12, 26)):
        school.calendars.add(school.actor, Days("closed", day, day, "x"), source="holidays 0.109 DE-BY")
    school.calendars.add(school.actor, Days("closed", date(2026, 5, 4), date(2026, 5, 6), "own"))
    school.calendars.add(school.actor, Days("closed", date(2026, 5, 7), date(2026, 5, 7), "x"), source="file off.ics")
    school.calendars.add(school.actor, Days("term", date(2026, 1, 7), date(2026, 7, 31), "half"))
    told = [each.detail for each in look() if each.check == "calendar"]
    assert [
        (
            "public holidays until 2027-12-31 from holidays 0.109 DE-BY, 3 own days, 1 day from file off.ics, "
            "terms until 2026-07-31"
        )
    ] == told


def test_no_public_holidays_are_advice(school, look):
    """Rules that follow the calendar without public holidays are worth knowing, and no problem."""
    looked(school, 25)
    (found,) = [each for each in look() if each.id is not None]
    assert ("calendar.holidays", 0, True) == (found.id, found.exit_code, found.ok)
    assert "attendance calendar holidays COUNTRY --years 2026" == found.repair
    school.timetables.change(school.actor, "Lesson", Parts(always=True))
    assert set() == ids(look())


def test_terms_that_have_ended(school, look):
    """After the last term nothing takes place any more, which is a problem with its repair."""
    looked(school, 25)
    school.calendars.add(school.actor, Days("term", date(2026, 1, 7), date(2026, 2, 27), "half"))
    assert {"calendar.holidays", "calendar.terms"} == ids(look())
    school.calendars.add(school.actor, Days("term", date(2026, 3, 2), date(2026, 7, 31), "second half"))
    assert {"calendar.holidays"} == ids(look())


def test_nobody_looks(school, look):
    """People were expected all week, and no source has looked: found until one has."""
    assert "timetable.unseen" in ids(look())
    looked(school, 20)
    assert "timetable.unseen" in ids(look())
    looked(school, 23)
    assert "timetable.unseen" not in ids(look())


def test_nobody_is_expected(app, look):
    """Where nobody is enrolled there is nobody to be looked for."""
    app.timetables.add(app.actor, "Lesson", LESSON, first=date(2026, 2, 2))
    assert {"calendar.holidays"} == ids(look())


def test_a_rule_that_has_not_begun_needs_no_look(app, draw, look):
    """Before a rule has taken place nobody can have looked."""
    app.enroll(draw("ada.png", (1,)), name="Ada")
    app.timetables.add(app.actor, "Lesson", LESSON)
    assert {"calendar.holidays"} == ids(look())


def test_hours_that_cannot_be_told(school, look, home):
    """Hours with one mark a day and no direction: a direction, marks that tell it, or the setting mend it."""
    looked(school, 25)
    school.timetables.change(school.actor, "Lesson", Parts(pairing="first-last"))
    (found,) = [each for each in look() if each.id == "timetable.hours"]
    assert "attendance config set mark_again_minutes 5" == found.repair
    school.places.add(school.actor, "Gate", "0", direction="in")
    assert "timetable.hours" not in ids(look())
    school.places.retire(school.actor, "Gate")
    assert "timetable.hours" in ids(look())
    with (home / "config.toml").open("a") as file:
        file.write("mark_again_minutes = 5\n")
    assert "timetable.hours" not in ids(look())
