"""The tour of docs/timetable.md, played through the command line from the first photo to the closed month."""

import json
from datetime import UTC, datetime

import pytest

from attendance import Attendance
from attendance.cli import run


@pytest.fixture
def at(home, clock, pipeline, monkeypatch, capsys):
    """Run a command at an instant of UTC; returns its exit code, what it told, and the rows of a report as JSON."""
    working = Attendance.open.__func__

    def opened(cls, *given, **named):
        named |= {"pipeline": pipeline, "preload": False, "clock": clock}
        return working(cls, *given, **named)

    monkeypatch.setattr(Attendance, "open", classmethod(opened))
    monkeypatch.setenv("ATTENDANCE_GUARD_PEOPLE", "0")

    def call(moment: str, *words: object) -> tuple[int, str, str]:
        clock.now = datetime.fromisoformat(f"2026-{moment}").replace(tzinfo=UTC)
        code = run([*map(str, words), "--home", str(home)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return call


def rows(told: tuple[int, str, str]) -> list[dict]:
    """The rows of a report that was printed as JSON."""
    assert 0 == told[0], told[2]
    return json.loads(told[1])["rows"]


def words(found: list[dict]) -> list[tuple[str, str, str]]:
    """Day, name and status of each row."""
    return [(row["day"], row["name"], row["status"]) for row in found]


MONDAY, WEDNESDAY, FRIDAY = "2026-11-23", "2026-11-25", "2026-11-27"
WEEK = ("report", "--from", MONDAY, "--to", FRIDAY, "--json")


@pytest.fixture
def school(at, draw):
    """Three pupils of 7b with mathematics on Mondays, Wednesdays and Fridays at eight in Berlin."""
    for number, name in enumerate(("Ada", "Bob", "Cem"), 1):
        assert 0 == at("11-02T09:00", "enroll", draw(f"{name}.png", (number,)), "--name", name, "--group", "7b")[0]
        assert 0 == at("11-02T09:00", "config", "set", "time_zone", "Europe/Berlin")[0]
    lesson = ("--group", "7b", "--weekly", "MO,WE,FR", "--begins", "08:00", "--ends", "08:45", "--from", "2026-11-02")
    code, _, err = at("11-02T09:00", "timetable", "add", "Maths 7b", *lesson)
    assert 0 == code, err
    return at


def test_a_school_week(school, draw):
    """Present, late, excused ahead, absent, never looked for, a day off, a correction, and the month closed."""
    at = school
    ada, cem = (1,), (3,)
    ahead = ("--from", WEDNESDAY, "--to", WEDNESDAY, "--reason", "competition")
    assert 0 == at("11-20T12:00", "excuse", "add", "Bob", *ahead)[0]
    assert 0 == at("11-23T07:02", "check", draw("monday.png", ada, (2, 60)))[0]
    assert 0 == at("11-23T07:20", "check", draw("later.png", cem))[0]
    assert 0 == at("11-25T07:01", "check", draw("wednesday.png", ada))[0]
    first = [
        (MONDAY, "Ada", "present"),
        (MONDAY, "Bob", "present"),
        (MONDAY, "Cem", "late"),
        (WEDNESDAY, "Ada", "present"),
        (WEDNESDAY, "Bob", "excused"),
        (WEDNESDAY, "Cem", "absent"),
        (FRIDAY, "Ada", "no log"),
        (FRIDAY, "Bob", "no log"),
        (FRIDAY, "Cem", "no log"),
    ]
    found = rows(at("11-27T12:00", *WEEK))
    assert first == words(found)
    assert [20] == [row["late_min"] for row in found if row["status"] == "late"]
    assert 0 == at("11-27T12:00", "calendar", "close", FRIDAY, "staff training")[0]
    assert first[:6] == words(rows(at("11-27T12:01", *WEEK)))
    assert 0 == at("11-27T12:02", "mark", "Cem", "--day", WEDNESDAY, "--at", "08:00", "--note", "sat behind Ada")[0]
    corrected = rows(at("11-27T12:03", *WEEK))
    assert (WEDNESDAY, "Cem", "present") == words(corrected)[5]
    assert 0 == at("12-01T09:00", "month", "close", "2026-11", "--yes")[0]
    code, _, err = at("12-01T09:01", "void", "Cem", "--day", WEDNESDAY, "--reason", "he did not")
    assert (1, True) == (code, "month.closed" in err)
    assert corrected == rows(at("12-01T09:02", *WEEK))
    assert 0 == at("12-01T09:03", "month", "verify", "2026-11")[0]


def test_a_later_rule_leaves_the_days_before_it(school, draw):
    """From its day on the new time holds; what was late before is late still."""
    at = school
    assert 0 == at("11-23T07:20", "check", draw("a.png", (1,)))[0]
    change = ("Maths 7b", "--begins", "08:15", "--from", WEDNESDAY)
    code, out, err = at("11-24T12:00", "timetable", "preview", *change, "--json")
    assert 0 == code, err
    assert MONDAY not in out
    assert 0 == at("11-24T12:00", "timetable", "change", *change)[0]
    assert 0 == at("11-25T07:20", "check", draw("b.png", (1,)))[0]
    found = rows(at("11-25T12:00", "report", "--from", MONDAY, "--to", WEDNESDAY, "--person", "Ada", "--json"))
    assert [(MONDAY, "Ada", "late"), (WEDNESDAY, "Ada", "present")] == words(found)


def test_a_night_shift(at, draw):
    """Ten to six on the night when clocks are put back is nine hours, of the day it begins on, less its break."""
    assert 0 == at("10-24T12:00", "enroll", draw("n.png", (1,)), "--name", "Nur", "--group", "nights")[0]
    assert 0 == at("10-24T12:00", "config", "set", "time_zone", "Europe/Berlin")[0]
    shift = ("--group", "nights", "--weekly", "SA,SU", "--begins", "22:00", "--ends", "06:00", "--from", "2026-10-24")
    hours = ("--pairing", "first-last", "--break", "04:00-04:30")
    code, _, err = at("10-24T12:00", "timetable", "add", "Night", *shift, *hours)
    assert 0 == code, err
    assert 0 == at("10-24T19:55", "check", draw("in.png", (1,)), "--direction", "in")[0]
    code, out, err = at("10-25T05:02", "check", draw("out.png", (1,)), "--direction", "out")
    assert (0, True) == (code, ",present,Nur," in out), err
    span = ("report", "--from", "2026-10-24", "--to", "2026-10-25", "--person", "Nur", "--json")
    first, second = rows(at("10-25T12:00", *span))
    assert ("2026-10-24", "present", 510, 510) == (
        first["day"],
        first["status"],
        first["worked_min"],
        first["planned_min"],
    )
    assert ("2026-10-25", "no log") == (second["day"], second["status"])
