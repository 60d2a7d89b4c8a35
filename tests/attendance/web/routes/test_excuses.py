"""Excuses on pages: of whom a visitor may see; a document leaves its hash and no file."""

import hashlib

import pytest

NEW = {"person": "A", "first": "2026-03-04", "reason": "<u>dentist</u>"}


def test_add_list_withdraw(desk, school):
    """Somebody is excused ahead with a document's hash, listed, and the excuse is withdrawn with a reason."""
    admin = desk()
    said = admin.said("/excuses", **NEW, files={"document": ("note.pdf", b"paper", "application/pdf")})
    assert "Excuse 1: Ada (A), 2026-03-04 is entered." == said
    page = admin.get("/excuses")
    assert "&lt;u&gt;dentist&lt;/u&gt;" in page
    assert hashlib.sha256(b"paper").hexdigest() in page
    assert [] == list((school.home / "jobs").rglob("note.pdf"))
    assert "a reason is missing" in admin.error("/excuses/1/withdraw")
    admin.said("/excuses/1/withdraw", reason="came")
    assert "Nobody is excused" in admin.get("/excuses")
    assert "withdrawn" in admin.get("/excuses", all="1", whose="A")


def test_times(desk, school):
    """With times it is from when to when on the clock of the site."""
    desk().said("/excuses", **NEW, first_time="10:00", last_time="11:30", last="2026-03-04")
    assert "2026-03-04 10:00 to 2026-03-04 11:30" == school.excuses.find(1).span


@pytest.mark.usefixtures("school")
def test_refused(desk):
    """What cannot be comes back with what was typed."""
    admin = desk()
    for wrong in ({"person": "Nobody"}, {"first": "x"}, {"last": "2026-03-01"}, {"reason": " "}, {"person": ""}):
        answer = admin.post("/excuses", (404 if wrong == {"person": "Nobody"} else 422), **{**NEW, **wrong})
        assert 'role="alert"' in answer.text
    admin.get("/excuses", 422, **{"from": "x"})
    admin.get("/excuses/99/withdraw", 404)


def test_teacher(desk, school):
    """A teacher excuses and sees people of their groups; somebody else is as if unknown, and is not named."""
    school.excuses.add(school.actor, "B", "2026-03-04", "2026-03-04", reason="secret of Bob")
    teacher = desk("teacher", "7b")
    page = teacher.get("/excuses")
    assert "Bob" not in page
    assert "Ada" in page
    for person in ("B", "Bob", "Bobb"):
        assert "Did you mean" not in teacher.error("/excuses", 404, **{**NEW, "person": person})
    teacher.get("/excuses/1/withdraw", 404)
    teacher.post("/excuses/1/withdraw", 404, reason="x")
    teacher.said("/excuses", **NEW)
    assert "counts" == school.excuses.find(2).state
