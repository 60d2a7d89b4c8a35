"""`attendance gallery export`: everybody for another gallery, or one person's data; `gallery group`: since when."""

import json
import zipfile

import pytest
from servers import wipe

from gallery.repositories import groups, months


@pytest.fixture
def ada(command, draw):
    """Ada is enrolled."""
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A")[0]


@pytest.mark.usefixtures("ada")
def test_one_person(command, tmp_path):
    """--person writes that person's data, and says of whom and how much."""
    code, out, err = command("gallery", "export", tmp_path / "ada.zip", "--person", "Ada")
    assert (0, "") == (code, out)
    assert f"wrote {tmp_path / 'ada.zip'}, all of Ada (A): templates 1, marks 0, sightings 0\n" == err
    with zipfile.ZipFile(tmp_path / "ada.zip") as archive:
        assert "A" == json.loads(archive.read("person.json"))["id"]


@pytest.mark.usefixtures("ada")
def test_what_to_see_to_is_said(command, draw, tmp_path, app):
    """Faces that nobody has looked at are told of, and what does not open ends in exit code 1."""
    app.enroll(draw("bob.png", (2,)), name="Bob")
    policy = app.policy()
    close_call = round(50 * (policy.threshold + policy.review_threshold))  # percent of likeness to Ada
    list(app.check(draw("door.png", (1, close_call))))
    code, _, err = command("gallery", "export", tmp_path / "ada.zip", "--person", "Ada")
    assert (0, "faces in it that may show other people: 1; see 'attendance review list'") == (
        code,
        err.splitlines()[-1],
    )
    with app.store.atomic() as session:
        wipe(session, "template", "vector")
    code, _, err = command("gallery", "export", tmp_path / "again.zip", "--person", "Ada")
    assert 1 == code
    assert err.splitlines()[-1].startswith("templates and faces that do not open, and are not in it: 1;")


@pytest.mark.usefixtures("ada")
def test_one_person_has_templates_anyway(command, tmp_path):
    """--templates belongs to the archive of everybody; with --person it is wrong usage, and there is no file."""
    code, _, err = command("gallery", "export", tmp_path / "ada.zip", "--person", "Ada", "--templates")
    assert (2, False) == (code, (tmp_path / "ada.zip").exists())
    assert "--templates" in err


@pytest.mark.usefixtures("ada")
def test_nobody(command, tmp_path):
    """Somebody who is not enrolled is refused on one line, and there is no file."""
    code, _, err = command("gallery", "export", tmp_path / "eve.zip", "--person", "Eve")
    assert (1, 1, False) == (code, err.count("\n"), (tmp_path / "eve.zip").exists())
    assert err.startswith("error[gallery.person_unknown] Eve: ")


@pytest.mark.usefixtures("ada")
def test_everybody_as_before(command, tmp_path):
    """Without --person it is the archive for another gallery."""
    assert 0 == command("gallery", "export", tmp_path / "all.zip")[0]
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert {"manifest.json", "people.json"} == set(archive.namelist())


@pytest.mark.usefixtures("ada")
def test_groups_since_a_day(command, app):
    """--from tells since when; no day, one that has not begun, and one of a closed month are refused on one line."""
    assert (0, "", "Ada (A): 7b\n") == command("gallery", "group", "A", "7b", "--from", "2026-02-02")
    with app.store.atomic() as step:
        assert [("7b", "2026-02-02")] == [(each.group, each.from_day.isoformat()) for each in groups.turns(step)]
        months.add(step, "2026-01", closed=True, at=app.clock.utc(), by="head", reason="paid")
    for day, expected, refusal in (
        ("monday", 2, "'monday' is no day"),
        ("9999-01-01", 1, "session.day"),
        ("2026-01-31", 1, "month.closed"),
    ):
        code, _, err = command("gallery", "group", "A", "8a", "--from", day)
        assert (expected, True) == (code, refusal in err)
    assert ("7b",) == app.people.find("A").groups
