"""attendance audit: the log as a list and a table, proved, and anchored; and what commands note of looks."""

import csv
import io
import json
import stat

import pytest
from servers import raw


@pytest.fixture
def held(command, draw):
    """A home with Ada, who is marked in a session."""
    command("enroll", draw("Ada.png", (1,)), "--name", "Ada", "--id", "A")
    command("session", "open", "Maths")
    command("mark", "Ada", "--session", "Maths")
    return command


def _listed(command, *asked: str) -> list[dict]:
    return [json.loads(line) for line in command("audit", "list", "--json", *asked)[1].splitlines()]


def test_list(held):
    """Entries are listed newest first, in words, by the same filters as on the page; as JSON with all that is known."""
    code, out, _ = held("audit", "list")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (0, ["Somebody was marked", "A session was opened", "A photo was enrolled"]) == (
        code,
        [row["says"] for row in rows][:3],
    )
    assert [{"number": 1, "name": "Ada"}] == _listed(held, "--action", "mark.add")[0]["people"]
    assert {"mark.add", "person.enroll", "person.add"} >= {each["action"] for each in _listed(held, "--person", "A")}
    assert ([], 1) == (_listed(held, "--to", "2020-01-01"), len(_listed(held, "--limit", "1")))
    assert (0, "nothing of this kind is on record") == _said(held("audit", "list", "--by", "nobody"))
    assert 1 == held("audit", "list", "--person", "Nobody")[0]
    assert 2 == held("audit", "list", "--from", "yesterday")[0]


def _said(outcome: tuple[int, str, str]) -> tuple[int, str]:
    return outcome[0], outcome[2].strip()


def test_export(held, tmp_path):
    """The log is written to a new file that nobody else may read, and that it was taken out stands in it."""
    file = tmp_path / "log.csv"
    assert 0 == held("audit", "export", file)[0]
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert ("audit.export", 0o600) == (rows[0]["action"], stat.S_IMODE(file.stat().st_mode))
    code, _, err = held("audit", "export", file)
    assert (True, True) == (code > 0, "output.failed" in err)


def test_verify_and_anchor(held, home, tmp_path):
    """A whole log is exit code 0; one that was changed names what was done, and is none."""
    file = tmp_path / "anchors"
    assert 0 == held("audit", "verify")[0]
    code, out, err = held("audit", "anchor", "--to", file)
    assert (0, file.read_text(), f"kept: {file}") == (code, out, err.strip())
    assert "anchors compared: 1" in held("audit", "verify", "--anchor", file)[1]
    with raw(home) as run:
        run("DELETE FROM event WHERE action = 'mark.add'")
    code, out, err = held("audit", "verify", "--anchor", file)
    assert (1, True) == (code, err.startswith("error[audit.broken] log: entry "))
    told = json.loads(held("audit", "verify", "--json")[1])
    assert (False, ["deleted"]) == (told["sound"], [each["verdict"] for each in told["findings"]])
    assert "audit.broken" in held("doctor")[1]


def test_one_place_for_an_anchor(held, tmp_path):
    """Two places at once are a wrong usage, and an anchor alone is printed."""
    assert 2 == held("audit", "anchor", "--to", tmp_path / "a", "--syslog")[0]
    assert "attendance-anchor" == json.loads(held("audit", "anchor")[1])["format"]


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("evidence.look", ("session", "show", "Maths", "--evidence")),
        ("evidence.look", ("report", "--proof", "Ada")),
        ("report.export", ("report", "--session", "Maths", "--output", "OUT.csv")),
        ("report.export", ("report", "--by", "timetable", "--output", "OUT.csv")),
        ("marks.export", ("export", "csv", "--output", "OUT.csv")),
        ("people.export", ("gallery", "export", "OUT.zip")),
        ("audit.export", ("audit", "export", "OUT.csv")),
    ],
)
def test_looks_are_noted(held, tmp_path, action, asked):
    """What is taken out to a file, and what a mark or a day rests on, is noted with who asked."""
    told = [str(tmp_path / each) if each.startswith("OUT") else each for each in asked]
    assert 0 == held(*told)[0]

    assert [action] == [each["action"] for each in _listed(held, "--action", action)]


@pytest.mark.parametrize("asked", [("session", "show", "Maths"), ("report", "--session", "Maths"), ("audit", "list")])
def test_plain_reports_are_no_looks(held, asked):
    """A report on the screen, a list of marks and the log itself write nothing."""
    before = _listed(held)
    assert 0 == held(*asked)[0]

    assert before == _listed(held)
