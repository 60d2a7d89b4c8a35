"""attendance job: what the service does and has done."""

import csv
import io
import json

from attendance import Attendance
from attendance.access import Actor


def _held(home, clock) -> int:
    """A home in which a job has made a file."""
    with Attendance.open(home, clock=clock) as app:
        made = app.jobs.begin(
            Actor("=Ada", door="web"), "report", lambda p: {"rows": p.file("r.csv").write_text("a\n"), "refused": 0}
        )
        app.jobs.wait(made.id)
        app.jobs.close()
        return made.id


def test_list(command, home, clock):
    """Jobs are listed newest first, with how they ended; a name that looks like a formula is none."""
    assert (0, "the service has done no long work yet") == _said(
        command("session", "open", "x") and command("job", "list")
    )
    number = _held(home, clock)
    code, out, _ = command("job", "list")
    row = next(csv.DictReader(io.StringIO(out)))
    assert (0, str(number), "report", "'=Ada", "done", "refused 0, rows 2") == (
        code, row["number"], row["kind"], row["by"], row["state"], row["told"],
    )  # fmt: skip
    assert {"rows": 2, "refused": 0} == json.loads(command("job", "list", "--json")[1])["told"]


def _said(outcome: tuple[int, str, str]) -> tuple[int, str]:
    return outcome[0], outcome[2].strip()


def test_show(command, home, clock):
    """One job is shown with the files that it has made; of a number that is none the error tells so."""
    number = _held(home, clock)
    code, out, _ = command("job", "show", number)
    assert 0 == code
    assert f"file    {home / 'jobs' / str(number) / 'r.csv'}" in out.splitlines()
    assert ["r.csv"] == [
        each.rsplit("/", 1)[-1] for each in json.loads(command("job", "show", number, "--json")[1])["files"]
    ]
    code, _, err = command("job", "show", 99)
    assert (1, True) == (code, err.startswith("error[job.unknown]"))
