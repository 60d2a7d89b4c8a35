"""Sessions on pages: opened, closed, and their marks with what they rest on."""


def test_open_show_close(desk, school, words):
    """A session is opened for a group, shows its marks with evidence, and is closed."""
    admin = desk()
    assert "<b>Trip</b> is open." == admin.said("/sessions", name="<b>Trip</b>", group="7b")
    school.enter("O", session="<b>Trip</b>", note="seen at the bus")
    number = school.session_book.find("<b>Trip</b>").session.id
    page = admin.get(f"/sessions/{number}")
    assert ("<b>" in page, "&lt;b&gt;Trip&lt;/b&gt;" in page) == (False, True)
    assert "seen at the bus" in page
    assert "by hand" in page
    assert "is closed." in admin.said(f"/sessions/{number}/close")
    admin.post(f"/sessions/{number}/close", 409)
    assert "closed" in words(admin.get("/sessions"))
    admin.post("/sessions", 409, name="<b>Trip</b>")
    admin.post("/sessions", 422, name="")
    admin.get("/sessions/99", 404)


def test_evidence_of_a_face(desk, school, draw):
    """A mark by a face tells score, threshold and whom it was compared with; to a teacher nobody else is named."""
    list(school.check(draw("door.png", (1,), seed=3)))
    number = next(each.session.id for each in school.session_book.all())
    assert "candidates" in desk().get(f"/sessions/{number}")
    page = desk("teacher", "7b").get(f"/sessions/{number}")
    assert "threshold" in page
    assert "Bob" not in page


def test_teacher(desk, school):
    """A teacher sees sessions of their groups and of all, in them their own people, and opens for their groups."""
    school.session_book.open(school.actor, "Of 8a", group="8a")
    school.session_book.open(school.actor, "Of all")
    for person in ("A", "B"):
        school.enter(person, session="Of all")
    teacher = desk("teacher", "7b")
    page = teacher.get("/sessions")
    assert ("Of all" in page, "Of 8a" in page) == (True, False)
    numbers = {each.session.name: each.session.id for each in school.session_book.all()}
    page = teacher.get(f"/sessions/{numbers['Of all']}")
    assert ("Ada" in page, "Bob" in page) == (True, False)
    teacher.get(f"/sessions/{numbers['Of 8a']}", 404)
    teacher.post(f"/sessions/{numbers['Of 8a']}/close", 404)
    teacher.post(f"/sessions/{numbers['Of all']}/close", 403)
    teacher.post("/sessions", 403, name="x")
    teacher.post("/sessions", 404, name="x", group="8a")
    teacher.said("/sessions", name="x", group="7b")


def test_pages(desk, school, monkeypatch):
    """Many sessions come page by page, the newest first."""
    from attendance.web.routes import sessions

    monkeypatch.setattr(sessions, "A_PAGE", 2)
    for each in ("Trip 1", "Trip 2", "Trip 3"):
        school.session_book.open(school.actor, each)
        school.clock.forward(minutes=1)
    assert ("Trip 3" in desk().get("/sessions"), "Trip 1" in desk().get("/sessions")) == (True, False)
    assert "Trip 1" in desk().get("/sessions", page="2")
    desk().get("/sessions", page="99999")


def test_a_mark_of_a_session_leads_to_why_and_correction(school, desk):
    """Whoever reads a session's marks gets to the evidence of each, and to its correction."""
    school.enter("A", session="2026-03-02", at="2026-03-02T07:58:00+00:00")
    number = school.session_book.find("2026-03-02").session.id
    page = desk().get(f"/sessions/{number}")
    assert 'href="/why/mark/' in page
    assert f"?back=/sessions/{number}" in page
