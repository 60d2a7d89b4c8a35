"""What is printed for people: questions, progress, tables that no day is cut off in."""

import io
import sys

import pytest
import typer

from attendance.cli import output


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
