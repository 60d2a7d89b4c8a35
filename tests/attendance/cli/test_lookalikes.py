"""`attendance gallery lookalikes`: which pairs are remembered, and what it takes to forget one."""

import csv
import io
import json

import pytest

from attendance.cli import run
from gallery import Gallery, open_database


@pytest.fixture
def pairs(app, draw, home, monkeypatch):
    """A home in which Bob and Cid look like Ada."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="E-1")
    app.enroll(draw("b.png", (1, 20)), name="Bob", external_id="E-2")
    app.enroll(draw("c.png", (1, 18)), name="Cid", external_id="E-3", allow_duplicate=True)
    app.close()
    monkeypatch.setenv("ATTENDANCE_HOME", str(home))


@pytest.fixture
def command(pairs, capsys):  # noqa: ARG001 - the home is in the environment
    """Run one command: its exit code, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["gallery", "lookalikes", *arguments])
        return code, *capsys.readouterr()

    return call


def listed(command) -> list[tuple[str, str]]:
    return [(row["id"], row["other_id"]) for row in map(json.loads, command("list", "--json")[1].splitlines())]


def test_list(command):
    """Each pair is one line with both people, the score, since when, and whether both are searched."""
    code, out, err = command("list")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (0, "") == (code, err)
    assert ("E-1", "Ada", "E-2", "Bob", "0.200", "True") == tuple(
        rows[1][name] for name in ("id", "name", "other_id", "other_name", "score", "active")
    )
    assert "2026-03-02T07:58:11" in rows[1]["since"]
    assert [("E-2", "E-3"), ("E-1", "E-2"), ("E-1", "E-3")] == [(row["id"], row["other_id"]) for row in rows]


def test_list_while_another_program_enrols(command, home, app, monkeypatch):
    """A pair that another program remembers while the list is being read is in the next one, and no fault of this."""
    people, calls, at = Gallery.people, [], app.clock.now

    def then_enrolled(gallery, *given, **named):
        found = people(gallery, *given, **named)
        if not calls:
            calls.append(None)
            with open_database(home) as other:
                elsewhere = Gallery(other, gallery.pipeline_id)
                new = elsewhere.add_person("Dee", external_id="E-4", at=at, by="another program")
                elsewhere.remember_lookalike("E-1", new.id, 0.9, at=at, by="another program")
        return found

    monkeypatch.setattr(Gallery, "people", then_enrolled)
    code, out, err = command("list", "--json")

    assert (0, "", 3) == (code, err, len(out.splitlines()))
    assert ("E-1", "E-4") in listed(command)


def test_clear_one(command):
    """Two people, by id or name, in any order, are forgotten as a pair; the others stay."""
    assert (0, "", "forgotten: Ada (E-1) and Bob (E-2), score 0.200\n") == command("clear", "Bob", "E-1")
    assert [("E-2", "E-3"), ("E-1", "E-3")] == listed(command)


def test_clear_what_is_not_remembered(command):
    """A pair that is not remembered, or a person who is not enrolled, is refused with what to do."""
    command("clear", "Ada", "Bob")
    code, out, err = command("clear", "Ada", "Bob")
    assert (1, "") == (code, out)
    assert "error[gallery.lookalike_unknown] Ada, Bob: these two are not remembered as look-alikes" in err
    assert "gallery.person_unknown" in command("clear", "Ada", "Nobody")[2]


def test_clear_all(command):
    """All pairs go at once, but never unasked."""
    code, _, err = command("clear", "--all")
    assert (2, True) == (code, "--yes" in err)
    assert 3 == len(listed(command))
    code, _, err = command("clear", "--all", "--yes")
    assert (0, 3) == (code, err.count("forgotten"))
    assert [] == listed(command)
    assert (0, "", "no pair is remembered\n") == command("clear", "--all")


@pytest.mark.parametrize("arguments", [(), ("Ada",), ("Ada", "Bob", "--all"), ("Ada", "--all")])
def test_clear_needs_two_people_or_all(command, arguments):
    """One person alone, nobody, and people together with --all are wrong usage."""
    code, _, err = command("clear", *arguments)
    assert (2, True) == (code, "name two people, or give --all" in err)
    assert 3 == len(listed(command))
