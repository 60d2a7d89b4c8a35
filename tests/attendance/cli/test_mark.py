"""`attendance mark`, `void`, `correct`, `approve` and `coverage`: what each says and prints."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.cli import output
from gallery.repositories import coverage, rules

YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def ada(command, draw, noon):  # noqa: ARG001 - whichever day it is, it does not end under way
    """Ada is enrolled."""
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A")[0]
    return command


def rows(printed: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(printed)))


def documents(printed: str) -> list[dict]:
    return [json.loads(line) for line in printed.splitlines()]


def test_in_and_out_by_hand(ada):
    """A mark of a direction says so; the same again stays; the session shows each."""
    for way, again in (("in", False), ("out", False), ("out", True)):
        code, _, err = ada("mark", "Ada", "--day", YESTERDAY, f"--{way}")
        told = f"marked as going {way} in session {YESTERDAY}"
        assert (0, True, again) == (code, told in err, "that stays" in err)
    shown = ada("session", "show", YESTERDAY)[1]
    assert ["in", "out"] == [each["direction"] for each in rows(shown)]
    ids = [each["mark"] for each in rows(shown)]
    code, _, err = ada("void", "Ada", "--day", YESTERDAY, "--reason", "was Bob")
    assert (1, True) == (code, "error[mark.several]" in err and all(each in err for each in ids))
    assert 0 == ada("void", "Ada", "--mark", ids[1], "--reason", "was Bob")[0]
    assert ["in", "out"] == [each["direction"] for each in documents(ada("session", "show", YESTERDAY, "--json")[1])]
    assert (2, True) == ((both := ada("mark", "Ada", "--in", "--out"))[0], "give either --in or --out" in both[2])


def test_without_directions_sessions_are_shown_as_before(ada):
    """Where no mark has a direction no column tells of one."""
    ada("mark", "Ada", "--day", YESTERDAY)
    shown = ada("session", "show", YESTERDAY)[1]
    assert "at,id,name,how,score,threshold,margin,source,voided,entered" == shown.splitlines()[0]
    assert "direction" not in ada("session", "show", YESTERDAY, "--json", "--evidence")[1]


def test_checks_in_a_direction(ada, draw):
    """A check says which way people went, and no third one."""
    picture = draw("a.png", (1, 90))
    for way, wanted in (("in", "present"), ("out", "present"), ("out", "already")):
        code, out, _ = ada("check", picture, "--direction", way)
        assert (0, wanted) == (code, rows(out)[0]["decision"])
    code, _, err = ada("check", picture, "--direction", "up")
    assert (2, True) == (code, "error[mark.direction] --direction: 'up' is neither in nor out" in err)


def test_a_correction(ada):
    """The void mark and the new one are said; without a reason or a time nothing is done."""
    ada("mark", "Ada", "--day", YESTERDAY, "--at", "08:30")
    code, _, err = ada("correct", "Ada", "--day", YESTERDAY, "--at", "08:00", "--reason", "late bus")
    assert 0 == code
    assert [
        "the mark of Ada (A) is void: late bus",
        f"Ada (A) is marked in session {YESTERDAY}, {YESTERDAY} 08:00",
    ] == [line.split(", by hand")[0] for line in err.splitlines()]
    for missing in (("--at", "08:00"), ("--reason", "x")):
        assert 2 == ada("correct", "Ada", "--day", YESTERDAY, *missing)[0]


def test_one_mark_of_several(ada):
    """Void and correct take the id of a mark."""
    for way in ("in", "out"):
        ada("mark", "Ada", "--day", YESTERDAY, f"--{way}")
    first, second = (each["mark"] for each in documents(ada("session", "show", YESTERDAY, "--json")[1]))
    assert 0 == ada("void", "Ada", "--mark", second, "--reason", "x")[0]
    assert 0 == ada("correct", "Ada", "--mark", first, "--at", "09:00", "--reason", "y")[0]
    found = documents(ada("session", "show", YESTERDAY, "--json")[1])
    assert {(first, "y"), (second, "x")} == {(each["mark"], each["voided"]) for each in found if each["voided"]}
    code, _, err = ada("void", "Ada", "--mark", "0" * 32, "--reason", "x")
    assert (1, True) == (code, "error[mark.unknown]" in err)


@pytest.fixture
def four_eyes(ada):
    """A second person must look."""
    assert 0 == ada("config", "set", "second_approval", "true")[0]
    return ada


def test_a_mark_that_waits_is_listed_and_approved(four_eyes, home):
    """It says that it waits, is listed, cannot be approved by who entered it, and counts once another has."""
    err = four_eyes("mark", "Ada", "--day", YESTERDAY, "--note", "was there")[2]
    assert err.endswith("it does not count yet: somebody else must approve it, see 'attendance approve'\n")
    (row,) = rows(four_eyes("approve")[1])
    assert ("mark", "A", "Ada", YESTERDAY, "was there") == tuple(
        row[key] for key in ("kind", "person", "name", "session", "reason")
    )
    code, _, err = four_eyes("approve", row["id"])
    assert (1, True) == (code, f"error[approval.own] {row['id']}" in err)
    report = four_eyes("report", "--session", YESTERDAY, "--format", "csv")[1]
    assert ("no log", "awaits approval") == tuple(rows(report)[0][key] for key in ("status", "voided"))

    with Attendance.open(home) as app:
        app.approvals.approve(Actor("head"), [row["id"][:8]])
    assert "present" == rows(four_eyes("report", "--session", YESTERDAY, "--format", "csv")[1])[0]["status"]
    assert "" == four_eyes("approve", "--json")[1]


def test_what_waits_can_be_read_on_a_terminal(four_eyes, monkeypatch):
    """On 100 columns no time is cut, and the eight letters shown of an id are enough to approve it."""
    assert "nothing waits for a second person\n" == four_eyes("approve")[2]
    four_eyes("mark", "Ada", "--day", YESTERDAY, "--at", "07:05", "--out", "--note", "a note of several words")
    (row,) = rows(four_eyes("approve")[1])
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setattr("attendance.cli.approve.on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    shown = four_eyes("approve")[1]
    assert (True, False, False) == (f" {row['id'][:8]} " in shown, row["id"][:9] in shown, "…" in shown), shown
    assert {YESTERDAY, "by", "entered"} <= set(shown.split())
    monkeypatch.setattr("attendance.cli.opening.actor", lambda: Actor("head"))
    assert 0 == four_eyes("approve", row["id"][:8])[0]


def test_refusing_and_approving_say_so(four_eyes, monkeypatch):
    """Another account approves one and refuses the other, for which it needs a reason."""
    four_eyes("mark", "Ada", "--day", YESTERDAY, "--in")
    four_eyes("mark", "Ada", "--day", YESTERDAY, "--out")
    first, second = (each["id"] for each in documents(four_eyes("approve", "--json")[1]))
    monkeypatch.setattr("attendance.cli.opening.actor", lambda: Actor("head"))
    code, out, err = four_eyes("approve", first, "--json")
    assert (0, True, f"mark {first} of Ada (A) is approved\n") == (code, documents(out)[0]["approved"], err)
    assert 2 == four_eyes("approve", second, "--refuse")[0]
    assert f"mark {second} of Ada (A) is refused\n" == four_eyes("approve", second, "--refuse", "--reason", "no")[2]
    code, _, err = four_eyes("approve", second)
    assert (1, True) == (code, "error[approval.unknown]" in err and "head has refused it" in err)


def test_coverage_is_added_and_listed(ada):
    """What somebody adds is listed with its times; without a reason it is not taken."""
    code, _, err = ada("coverage", "add", "--day", YESTERDAY, "--from", "08:00", "--to", "08:15", "--reason", "roll")
    assert (0, True) == (code, err.startswith(f"noted: in person, from {YESTERDAY}T08:00:00"))
    (row,) = rows(ada("coverage", "list", "--from", YESTERDAY)[1])
    assert ("span", "hand", "in person", "roll") == tuple(row[key] for key in ("what", "kind", "source", "reason"))
    assert f"{YESTERDAY}T08:15:00" == documents(ada("coverage", "list", "--to", YESTERDAY, "--json")[1])[0]["ends"][:19]
    assert 2 == ada("coverage", "add", "--from", "08:00", "--to", "08:15")[0]
    code, _, err = ada("coverage", "add", "--from", "09:00", "--to", "08:00", "--reason", "x")
    assert (2, True) == (code, "error[coverage.span] --from, --to: 09:00 is not before 08:00" in err)


def test_recordings_cover_the_time_that_is_told(ada, draw):
    """--covers goes with a day gone by and with files."""
    picture = draw("a.png", (1, 90))
    assert 0 == ada("check", picture, "--day", YESTERDAY, "--covers", "08:00-08:15")[0]
    assert ["file"] == [each["kind"] for each in rows(ada("coverage", "list", "--from", YESTERDAY)[1])]
    code, _, err = ada("check", picture, "--covers", "08:00-08:15")
    assert (2, True) == (code, "error[coverage.span] --covers" in err)
    code, _, err = ada("check", "--camera", "0", "--covers", "08:00-08:15")
    assert (2, True) == (code, "a camera shows the time at which it looks" in err)


def test_files_whose_time_is_not_told(ada, draw, home):
    """Where there is a timetable, a check of a day gone by says that nobody is absent by it, until its time is told."""
    picture, hint = draw("a.png", (1, 90)), "when these files were made is not known"
    assert hint not in ada("check", picture, "--day", YESTERDAY)[2]
    with Attendance.open(home) as app, app.store.atomic() as step:
        rules.insert(step, "Maths", at=datetime.now(UTC))
    assert hint not in ada("check", picture)[2]
    assert hint not in ada("check", picture, "--day", YESTERDAY, "--dry-run")[2]
    assert hint in ada("check", picture, "--day", YESTERDAY)[2]
    assert hint not in ada("check", picture, "--day", YESTERDAY, "--covers", "08:00-08:15")[2]


def test_doctor_notes_a_gap_and_is_content(ada, home):
    """A gap of a camera is a note: doctor names it and finds no problem in it."""
    now = datetime.now(UTC)
    with Attendance.open(home) as app, app.store.atomic() as step:
        for begin, end in ((120, 90), (60, 30)):
            coverage.begin(
                step, "camera", "Door", begins=now - timedelta(minutes=begin), ends=now - timedelta(minutes=end),
                at=now, by="t",
            )  # fmt: skip
    out = ada("doctor")[1]
    (note,) = [line for line in out.splitlines() if "coverage.gap" in line]
    assert note.startswith("note     coverage [coverage.gap]: Door has not looked from ")
    (found,) = [each for each in documents(ada("doctor", "--json")[1]) if each["check"] == "coverage"]
    assert (True, "coverage.gap") == (found["ok"], found["id"])
