"""What is printed for people: questions, progress, tables that no day is cut off in."""

import ast
import io
import re
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from attendance.cli import output
from attendance.records import Decision, PersonRef


class Terminal(io.StringIO):
    """A stream that a person sits at."""

    def isatty(self) -> bool:
        return True


def screen(monkeypatch) -> Terminal:
    """Somebody who types nothing, and what they see; put up in the test itself, as capturing would take it away."""
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def test_no_answer_ends_its_line(monkeypatch):
    """Where input ends what is proposed is taken, or nothing is done, and what comes next has a line of its own."""
    shown = screen(monkeypatch)
    assert "UTC" == output.ask("Time zone", "UTC", str)
    with pytest.raises(typer.Exit):
        output.confirm("Remove it?", yes=False)
    assert "Time zone [UTC]: \nRemove it? [y/N] \n" == shown.getvalue()


def test_no_progress_of_nothing(monkeypatch):
    """Where nothing is to be counted no bar is shown."""
    shown = screen(monkeypatch)
    with output.progress("Enrolling", 0) as advance:
        advance()
    assert "" == shown.getvalue()


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_no_day_is_cut(monkeypatch, capsys, columns):
    """However narrow a table is, days and times are whole; what is cut is another word."""
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    row = {"at": "2026-03-02T08:05:00+01:00", "ends": "2026-03-02T08:45:00.000Z", "name": "n" * 30, "what": "w" * 30}
    output.records([row], as_json=False, columns=("at", "ends", "name", "what", "none"))
    words = capsys.readouterr().out.split()
    assert {"2026-03-02", "08:05:00", "+01:00", "08:45:00", "Z"} <= set(words)
    assert "none" not in words


COUNTED = re.compile(r" (old )?(templates|marks|people|problems|crops|forms|rows|pairs|vectors|values|entries|files)\b")
MANY = {"MOST_PEOPLE", "len(report.people())"}
"""What is told of alone where there are several of it."""


def test_no_command_tells_of_one_as_of_several():
    """How many there are of something is told by `refusal.counted`, in the singular where it is one."""
    told = []
    for path in sorted(Path(output.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else []
            for number, words in pairwise(parts):
                if isinstance(number, ast.FormattedValue) and isinstance(words, ast.Constant):
                    what = ast.unparse(number.value)
                    told += [f"{path.name}: {what}"] if COUNTED.match(words.value) and what not in MANY else []
    assert [] == told


def test_one_is_told_as_one(command, draw):
    """A person with one template and one mark is removed as that, and a session with one mark is closed as that."""
    command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "E-1")
    command("session", "open", "Maths")
    command("check", draw("seen.png", (1,), seed=3), "--session", "Maths")
    assert "session Maths is closed, 1 mark" == command("session", "close", "Maths")[2].splitlines()[-1]
    assert "removed E-1: 1 template, 1 mark" in command("gallery", "remove", "Ada", "--yes")[2]


@pytest.mark.parametrize(
    ("kind", "liveness", "noted"),
    [("present", "unsure", True), ("present", "live", False), ("present", None, False), ("review", "unsure", False)],
)
def test_a_mark_of_whom_it_could_not_be_told(monkeypatch, capsys, kind, liveness, noted):
    """On a terminal a mark of whom it could not be told that they live has a note; piped lines stay as they were."""
    person = PersonRef("E-1", "Ada")
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    decision = Decision("door", at, None, kind, 0.5, 0.003, 2, "test", person=person, liveness=liveness)
    output.DecisionPrinter(as_json=False, header=False)(decision)
    assert f"door,{kind},Ada,E-1,,\n" == capsys.readouterr().out
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    output.DecisionPrinter(as_json=False)(decision)
    assert noted == ("(liveness unsure)" in capsys.readouterr().out)
