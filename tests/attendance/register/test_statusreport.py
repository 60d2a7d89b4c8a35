"""Rows by the timetable: typed cells, the arrival's mark, minutes to the second, hours by local day."""

from datetime import date, time, timedelta

import pytest
from status_world import ADA, BOB, MONDAY, held, report, row, rule, week

from attendance.register.report import COLUMNS as SESSION_COLUMNS
from attendance.register.statusreport import (
    COLUMNS,
    MARKS,
    ZONED,
    arrival,
    counts,
    json_row,
    minutes,
    words_of,
)
from attendance.timetable.attended import Status
from attendance.timetable.reasons import REASONS, Reason
from attendance.timetable.rule import Pairing


def cells(found) -> list[dict]:
    grid = found.grid()
    return [dict(zip(grid.columns, line, strict=True)) for line in grid.rows()]


def test_columns_of_sessions_come_first():
    """Whoever reads reports by sessions finds the same columns at the same place."""
    assert SESSION_COLUMNS == COLUMNS[: len(SESSION_COLUMNS)]
    assert set(COLUMNS) | {"zone"} == set(ZONED)


def test_row():
    """A row tells entry, day, person, status, arrival on the rule's wall, its mark, and what it was judged by."""
    first = cells(week())[0]
    assert ("Maths", MONDAY, "E-1", "Ada Lovelace", "late") == tuple(
        first[name] for name in ("session", "day", "id", "name", "status")
    )
    assert "2026-03-02T08:10:00+01:00" == first["at"].isoformat()
    assert ("face", "m1", 10, 0, None, 90) == tuple(
        first[name] for name in ("how", "mark", "late_min", "early_min", "worked_min", "planned_min")
    )
    assert (rule().digest, 5, "Europe/Berlin") == (first["rule"], first["version"], first["zone"])
    assert ("2026-03-02T08:00:00+01:00", "2026-03-02T09:30:00+01:00") == tuple(
        first[name].isoformat() for name in ("begins", "ends")
    )


def test_reasons_and_excuses():
    """Reasons stand as codes, an excuse with its reason; nothing is void or entered in a status."""
    found = cells(week())
    assert [None, None, None, "gap", None, "half_day"] == [each["reasons"] for each in found]
    assert ["dentist"] == [each["excuse"] for each in found if each["excuse"]]
    assert {(None, None)} == {(each["voided"], each["entered"]) for each in found}


@pytest.mark.parametrize(
    ("status", "arrived", "left", "marks", "mark"),
    [
        (Status.PRESENT, 0, None, ("a",), "a"),
        (Status.PRESENT, 5, None, ("a", "b"), "b"),
        (Status.PRESENT, None, None, ("u",), "u"),
        (Status.PRESENT, None, 5, ("b",), None),
        (Status.ABSENT, None, None, ("u",), None),
        (Status.EXCUSED, None, None, (), None),
    ],
)
def test_mark_of_arrival(status, arrived, left, marks, mark):
    """The mark of a row is that of the arrival, or one of no known time; never one of leaving, or of the absent."""
    begins = held().begins
    at = {"a": begins, "b": begins + timedelta(minutes=5), "u": None}
    times = {
        "arrived": None if arrived is None else begins + timedelta(minutes=arrived),
        "left": None if left is None else begins + timedelta(minutes=left),
    }
    assert mark == arrival(row(ADA, status, marks=marks, **times), at)


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (60, 1), (90, 1.5), (1, 0.02), (5400, 90), (61, 1.02)])
def test_minutes(seconds, expected):
    """Minutes keep their seconds, and whole ones have no point."""
    assert str(expected) == str(minutes(seconds))


def test_hours_split_at_midnight():
    """A night's work is told by the calendar days of the rule's wall, with the zone."""
    night = held(of=rule(time(22), time(6), pairing=Pairing.FIRST_LAST), name="Night")
    by_day = ((MONDAY, 7200), (MONDAY + timedelta(days=1), 21600))
    found = report([row(ADA, Status.PRESENT, night, worked_s=28800, worked_by_day=by_day)])
    assert [
        (MONDAY, "E-1", "Ada Lovelace", "Europe/Berlin", 120),
        (date(2026, 3, 3), "E-1", "Ada Lovelace", "Europe/Berlin", 360),
    ] == list(found.hours().rows())
    assert [480] == [each["worked_min"] for each in cells(found)]


def test_hours_of_a_day_add_up():
    """What somebody worked at several times of a day is one line."""
    first = held(of=rule(pairing=Pairing.PAIRS))
    second = held(of=rule(time(10), time(11), pairing=Pairing.PAIRS), name="Later")
    rows = [row(BOB, Status.PRESENT, each, worked_s=60, worked_by_day=((MONDAY, 60),)) for each in (first, second)]
    assert [2] == [line[-1] for line in report(rows).hours().rows()]


def test_json_values():
    """As JSON a day is a day, a time has its offset, and the zone's column is left out."""
    grid = week().grid()
    first = json_row(grid.columns, next(grid.rows()))
    assert list(COLUMNS) == list(first)
    assert ("2026-03-02", "2026-03-02T08:10:00+01:00") == (first["day"], first["at"])


def test_grid_is_read_again():
    """The rows can be gone through again and again."""
    grid = week().grid()
    assert list(grid.rows()) == list(grid.rows())
    assert 6 == len(list(grid.rows()))


def test_every_status_has_a_sign():
    """No two statuses share a sign, and every reason has words."""
    assert len(Status) == len(set(MARKS.values()))
    assert set(Status) == set(MARKS)
    assert REASONS[Reason.GAP] == words_of(["gap"])
    assert "unheard_of" == words_of(["unheard_of"])


def test_counts_in_order():
    """The counts of a report are those of the statuses that occur, in their order."""
    assert [("present", 1), ("late", 1), ("partial", 1), ("excused", 1), ("absent", 1), ("no log", 1)] == list(
        counts(week().rows).items()
    )


def test_people_by_name():
    """People stand by name, capitals or not, each once."""
    assert [ADA, BOB] == week().people()
