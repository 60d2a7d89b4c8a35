"""Months on pages: looked at, closed, verified, opened again; an admin's alone."""

import pytest


@pytest.mark.usefixtures("school")
def test_close_verify_open(desk, words):
    """A month that is over is looked at, closed, found to be as it was, and opened with a reason."""
    admin = desk()
    assert "/months/2026-02" == admin.ask("/months", 303, month="2026-02").headers["location"]
    page = words(admin.get("/months/2026-02"))
    assert "60 no log" in page
    assert "2026-02 is closed." in admin.said("/months/2026-02/close", reason="<i>done</i>")
    assert "is as it was when it was closed at 2026-03-02 07:58" in admin.get("/months/2026-02", verify="1")
    assert "&lt;i&gt;done&lt;/i&gt;" in admin.get("/months")
    admin.post("/months/2026-02/close", 422)
    assert "a reason is missing" in admin.error("/months/2026-02/open")
    assert "open again" in admin.said("/months/2026-02/open", reason="late note")


@pytest.mark.usefixtures("school")
def test_refused(desk):
    """A month that is not over, or none, is refused; teachers see nothing of months."""
    for month in ("2026-03", "2026-13", "x", "2026-02-01"):
        desk().get(f"/months/{month}", 422)
    teacher = desk("teacher", "7b")
    for path in ("/months", "/months/2026-02"):
        teacher.get(path, 403)
    teacher.post("/months/2026-02/close", 403)
