"""`attendance month`: a month is shown, closed, verified and opened from the command line."""

import json
from datetime import UTC, datetime

import pytest

from attendance import Attendance
from gallery.repositories import excuses


@pytest.fixture
def april(command, draw, clock, monkeypatch):
    """Ada had two lessons in March 2026 and came to none; it is April."""
    monkeypatch.setattr("attendance.app.SystemClock", lambda: clock)
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A")[0]
    lesson = ("--weekly", "MO", "--begins", "08:00", "--ends", "08:45", "--from", "2026-03-23", "--until", "2026-03-31")
    assert 0 == command("timetable", "add", "Lesson", *lesson)[0]
    clock.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    return command


def test_a_month_is_shown_before_it_is_closed(april):
    """Totals and what is open come first, and nothing is closed without a yes."""
    code, out, err = april("month", "close", "2026-03")
    look = "'attendance coverage list --from 2026-03-01 --to 2026-03-31'"
    told = ["2026-03: 2 no log", f"open: 2 statuses are no log: {look}"]
    assert (2, "", told) == (code, out, err.splitlines()[:2])
    assert "no month was ever closed\n" == april("month", "list")[2]


def test_a_month_from_closing_to_opening(april, home, clock, pipeline):
    """A closed month refuses changes, verifies, tells what differs, and opens with a reason that stays."""
    code, _, err = april("month", "close", "2026-03", "--yes", "--reason", "payroll")
    digest = err.split()[-1]
    assert (0, 64) == (code, len(digest))
    code, _, err = april("excuse", "add", "Ada", "--from", "2026-03-23", "--to", "2026-03-23", "--reason", "ill")
    assert (1, True) == (code, "error[month.closed] 2026-03" in err)
    code, _, err = april("month", "verify", "2026-03")
    assert (0, True) == (code, "2026-03 is as it was" in err)
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app, app.store.atomic() as transaction:
        begins = datetime(2026, 3, 23, tzinfo=UTC)
        excuses.insert(transaction, 1, begins, begins.replace(hour=20), reason="x", at=clock.now, by="nobody")
    code, out, err = april("month", "verify", "2026-03")
    assert (1, "day,entry,id,name,status,reasons\n2026-03-23,Lesson,A,Ada,excused,") == (code, out.rstrip("\n"))
    assert "differing: 1 person on 1 day" in err
    told = json.loads(april("month", "verify", "2026-03", "--json")[1])
    assert (False, digest, [{"id": "A", "name": "Ada"}]) == (told["same"], told["digest"], told["people"])
    assert "opened: 2026-03\n" == april("month", "open", "2026-03", "--reason", "a late note")[2]
    rows = [json.loads(line) for line in april("month", "list", "--json")[1].splitlines()]
    assert [("closed", "payroll", digest), ("open", "a late note", None)] == [
        (row["state"], row["reason"], row["digest"]) for row in rows
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("close", "2026-04", "--yes"), 2, "error[month.invalid] 2026-04: this month is not over: today is 2026-04-02"),
        (("close", "March", "--yes"), 2, "error[month.invalid] March"),
        (("close", "2026-02", "--yes"), 1, "error[month.state] 2026-02"),
        (("open", "2026-03", "--reason", "x"), 1, "error[month.state] 2026-03"),
        (("open", "2026-03"), 2, "--reason"),
        (("verify", "2026-03"), 1, "error[month.state] 2026-03"),
        (("verify", "2026-3"), 2, "error[month.invalid] 2026-3"),
    ],
)
def test_what_is_refused(april, words, code, said):
    """Each is refused with its id and what to do, and no month is closed or opened."""
    april("month", "close", "2026-02", "--yes")
    found, out, err = april("month", *words)
    assert (code, "", True) == (found, out, said in err), err
    assert 1 == len(april("month", "list", "--json")[1].splitlines())
