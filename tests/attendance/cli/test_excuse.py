"""`attendance excuse`: excuses are added, listed and withdrawn from the command line."""

import json

import pytest


@pytest.fixture
def school(command, draw, clock, monkeypatch):
    """Ada is enrolled; it is 2 March 2026."""
    monkeypatch.setattr("attendance.app.SystemClock", lambda: clock)
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A")[0]
    return command


DAYS = ("--from", "2026-03-09", "--to", "2026-03-10", "--reason", "trip")


def test_an_excuse_from_first_to_last(school, tmp_path):
    """What is stored is said, listed, and withdrawn by its number; --all goes on listing it."""
    note = tmp_path / "note.txt"
    note.write_bytes(b"ill")
    assert (0, "", "excuse 1: Ada (A), 2026-03-09 to 2026-03-10\n") == school("excuse", "add", "Ada", *DAYS)
    hours = ("--from", "2026-03-02T10:00", "--to", "2026-03-02T11:30", "--reason", "dentist", "--document", note)
    assert "excuse 2: Ada (A), 2026-03-02 10:00 to 2026-03-02 11:30\n" == school("excuse", "add", "A", *hours)[2]
    listed = school("excuse", "list")[1].splitlines()
    assert ("number,id,name,span,reason,state,by", "2,A,Ada,2026-03-02 10:00 to 2026-03-02 11:30,dentist,counts") == (
        listed[0], listed[1].rpartition(",")[0]
    )  # fmt: skip
    row = json.loads(school("excuse", "list", "--json")[1].splitlines()[0])
    assert (64, "2026-03-02T10:00:00.000Z") == (len(row["document"]), row["begins"])
    assert "withdrawn: excuse 1: Ada (A), 2026-03-09 to 2026-03-10\n" == school(
        "excuse", "withdraw", "1", "--reason", "it rains"
    )[2]  # fmt: skip
    assert ("there is no such excuse\n", 1) == (
        school("excuse", "list", "--from", "2026-03-05")[2],
        len(school("excuse", "list", "--from", "2026-03-05", "--all", "--json")[1].splitlines()),
    )


def test_with_four_eyes_it_says_that_it_waits(school):
    """With the setting the command says that somebody else has to approve it."""
    school("config", "set", "second_approval", "true")
    assert "; it counts once somebody else has approved it" in school("excuse", "add", "Ada", *DAYS)[2]
    assert "awaits approval" == json.loads(school("excuse", "list", "--json")[1])["state"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "Zoe", *DAYS), 1, "error[gallery.person_unknown] Zoe"),
        (("add", "Ada", "--from", "soon", *DAYS[2:]), 2, "error[excuse.span] soon"),
        (("add", "Ada", "--from", "2026-03-11", *DAYS[2:]), 2, "error[excuse.span]"),
        (("add", "Ada", *DAYS[:4]), 2, "--reason"),
        (("add", "Ada", *DAYS[:5], ""), 2, "error[excuse.span] reason"),
        (("add", "Ada", *DAYS, "--document", "none.pdf"), 1, "error[excuse.document] none.pdf"),
        (("withdraw", "7", "--reason", "x"), 1, "error[excuse.unknown] 7"),
        (("list", "--person", "Zoe"), 1, "error[gallery.person_unknown] Zoe"),
        (("list", "--from", "2026-03-02", "--to", "2026-03-01"), 2, "error[excuse.span]"),
    ],
)
def test_what_is_refused(school, words, code, said):
    """Each is refused with its id and what to do, and nothing is stored."""
    found, out, err = school("excuse", *words)
    assert (code, "", True) == (found, out, said in err), err
    assert "" == school("excuse", "list", "--all", "--json")[1]
