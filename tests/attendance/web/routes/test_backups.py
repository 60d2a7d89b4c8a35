"""Backups as a page: which there are, until when; write and try one now; auditors look, teachers do not."""

from dataclasses import replace

import pytest


@pytest.fixture
def backed(school, tmp_path):
    """A home with a folder for backups."""
    (tmp_path / "<b>nas").mkdir()
    settings = replace(school.settings, backup_folder=str(tmp_path / "<b>nas"))
    school.settings = settings
    school.backups._settings = settings
    yield school
    school.jobs.close()


def _job(app, answer) -> str:
    number = int(answer.headers["location"].rpartition("/")[2])
    return app.jobs.wait(number).state


def test_one_is_written_and_tried_from_the_page(desk, backed, words):
    """Both are long work of their own; afterwards the list shows the file, its day, and when it was tried."""
    admin = desk()
    assert "No backup was written yet." in words(admin.get("/settings/backups"))
    assert "done" == _job(backed, admin.post("/settings/backups/run"))
    page = words(admin.get("/settings/backups"))
    assert "never" in page.partition("Tried")[2]
    assert "done" == _job(backed, admin.post("/settings/backups/test"))
    page = admin.get("/settings/backups")

    assert "&lt;b&gt;nas/attendance-20260302T075811Z.backup" in page
    assert "2026-03-09" in words(page)
    assert "Keep a copy of" in words(page)
    assert f"{backed.home}/key" in page
    assert ["backup.run", "backup.test"] == [
        each.action for each in reversed(backed.audit.page(_of("backup"))) if each.by == "admin"
    ]


def _of(action: str):
    from attendance.services.audit import AuditWanted

    return AuditWanted(action)


def test_what_cannot_be_done_is_told_on_the_page(desk, school):
    """No folder is set, and there is nothing to try: the page says so, and no job is begun."""
    assert "no folder for backups is set" in desk().error("/settings/backups/run")
    assert "no backup was written yet" in desk().error("/settings/backups/test")
    assert "none is written by itself" in desk().get("/settings/backups")
    assert [] == school.jobs.all()


def test_auditors_look_and_teachers_do_not(desk, backed):
    """An auditor sees the list and changes nothing; a teacher is refused."""
    assert "Backups" in desk("auditor").get("/settings/backups")
    assert "access.refused" in desk("auditor").post("/settings/backups/run", 403).text
    assert "access.refused" in desk("teacher", "7b").get("/settings/backups", 403)
    assert [] == backed.jobs.all()
