"""A command run in this process, and what it printed, without models."""

import csv
import io

import pytest

from attendance import Attendance
from attendance.cli import run


@pytest.fixture
def command(home, capsys, monkeypatch, pipeline):
    """Run a command in this process with the pipeline without models; returns exit code, stdout and stderr."""
    working = Attendance.open.__func__

    def opened(cls, *given, **named):
        return working(cls, *given, **{**named, "pipeline": pipeline, "preload": False})

    monkeypatch.setattr(Attendance, "open", classmethod(opened))

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments), "--home", str(home)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return call


def _outcomes(text: str) -> list[tuple[str, str]]:
    """Decision or outcome and name of each line, without a header."""
    rows = [(row[1], row[2]) for row in csv.reader(io.StringIO(text))]
    return [row for row in rows if row not in {("decision", "name"), ("outcome", "name")}]


@pytest.fixture
def outcomes():
    """Decision or outcome and name of each line that was printed as CSV, without a header."""
    return _outcomes
