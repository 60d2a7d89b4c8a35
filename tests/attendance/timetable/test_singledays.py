"""Single days of an entry: what is skipped, moved or held besides, and what of that cannot be."""

from datetime import date, time

import pytest

from attendance.errors import RuleInvalid
from attendance.timetable.calendar import Calendar
from attendance.timetable.drafting import Draft
from attendance.timetable.facts import Entry, Version
from attendance.timetable.occurrences import of_entry
from attendance.timetable.rule import Rule
from attendance.timetable.singledays import held_besides, left_out, moved

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
RULE = Rule(time(8), time(9), "UTC", MONDAY, "FREQ=WEEKLY;BYDAY=MO,WE")
ENTRY = Entry(1, "Maths", None, None, (Version(1, MONDAY, RULE),))


def held(draft: Draft) -> list[str]:
    """What takes place in the week, by day and hour."""
    return [f"{each.begins:%a %H:%M}" for each in of_entry(draft.applied(), MONDAY, date(2026, 3, 8), Calendar(()))]


def test_what_becomes_of_a_week():
    """Each change shows on its day alone."""
    assert ["Mon 08:00"] == held(left_out(ENTRY, MONDAY, WEDNESDAY))
    assert ["Mon 08:00", "Tue 08:00"] == held(moved(ENTRY, MONDAY, WEDNESDAY, TUESDAY, None, None))
    assert ["Mon 08:00", "Wed 14:00"] == held(moved(ENTRY, MONDAY, WEDNESDAY, WEDNESDAY, "14:00", "15:00"))
    assert ["Mon 08:00", "Tue 08:00", "Wed 08:00"] == held(held_besides(ENTRY, MONDAY, TUESDAY, None, None))
    assert ["Mon 08:00", "Wed 08:00", "Wed 09:00"] == held(held_besides(ENTRY, MONDAY, WEDNESDAY, "9:00", "10:00"))


@pytest.mark.parametrize(
    "change",
    [
        lambda: left_out(ENTRY, MONDAY, TUESDAY),
        lambda: moved(ENTRY, MONDAY, TUESDAY, WEDNESDAY, None, None),
        lambda: moved(ENTRY, MONDAY, MONDAY, WEDNESDAY, "08:30", "09:30"),
        lambda: held_besides(ENTRY, MONDAY, WEDNESDAY, None, None),
        lambda: held_besides(ENTRY, MONDAY, WEDNESDAY, "07:30", "08:30"),
        lambda: held_besides(ENTRY, MONDAY, date(2026, 3, 1), None, None),
        lambda: held_besides(ENTRY, MONDAY, TUESDAY, "noon", None),
    ],
)
def test_what_cannot_be(change):
    """What does not take place is not skipped or moved, and nothing takes place twice at once or before its time."""
    with pytest.raises(RuleInvalid):
        change()


def test_a_day_that_a_zone_left_out():
    """On the day that Apia went without nothing can take place."""
    entry = Entry(
        1, "x", None, None, (Version(1, date(2011, 12, 1), Rule(time(8), time(9), "Pacific/Apia", date(2011, 12, 1))),)
    )
    with pytest.raises(RuleInvalid, match="no such day"):
        held_besides(entry, date(2011, 12, 1), date(2011, 12, 30), None, None)
