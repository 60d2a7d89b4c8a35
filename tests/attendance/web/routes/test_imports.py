"""Imports and exports on pages: shown first, taken in then, and in the background where there is much."""

import pytest

from attendance.web.routes import imports

LIST = b"person,at\nA,2026-03-02T07:50:00+00:00\nB,2026-03-02T07:51:00+00:00\nNobody,2026-03-02T07:52:00+00:00\n"


def key_of(page: str) -> str:
    return page.split('name="key" value="')[1][:32]


def test_roster(desk, app, pack, words):
    """A register is shown person by person, then taken in as it was shown."""
    admin = desk()
    file = pack()
    with file.open("rb") as data:
        page = admin.post("/imports/roster", 200, files={"file": (file.name, data, "application/zip")}).text
    assert "Nothing was changed yet" in words(page)
    assert [] == app.people.all()
    version = page.split('name="version" value="')[1][:16]
    said = admin.said("/imports/roster", key=key_of(page), version=version, step="apply")
    assert said.startswith("Taken in from")
    people = len(app.people.all())
    assert people > 0
    assert "send it again" in admin.error("/imports/roster", key=key_of(page), version=version, step="apply")


def test_roster_seen_otherwise(desk, app, pack):
    """Where people were changed since it was shown, a register is not taken in."""
    with pack().open("rb") as data:
        page = desk().post("/imports/roster", 200, files={"file": ("a.zip", data, "application/zip")}).text
    desk().post("/imports/roster", 412, key=key_of(page), version="0" * 16, step="apply")
    assert [] == app.people.all()


def test_large_roster_is_a_job(desk, app, pack, monkeypatch):
    """Many changes are taken in in the background; the job counts them, and the file is gone afterwards."""
    monkeypatch.setattr(imports, "LARGE", 0)
    with pack().open("rb") as data:
        page = desk().post("/imports/roster", 200, files={"file": ("a.zip", data, "application/zip")}).text
    version = page.split('name="version" value="')[1][:16]
    to = desk().post("/imports/roster", key=key_of(page), version=version, step="apply").headers["location"]
    done = app.jobs.wait(int(to.rpartition("/")[2]))
    assert ("done", len(app.people.all())) == (done.state, done.told["new"])
    assert [] == list((app.home / "jobs").rglob("*.zip"))
    app.jobs.close()


def test_marks(desk, school, words):
    """A list of marks is shown with what is refused of it, then what can be is taken."""
    admin = desk()
    page = admin.post("/imports/marks", 200, files={"file": ("list.csv", LIST, "text/csv")}).text
    assert "2 new" in words(page)
    assert "1 refused" in words(page)
    assert [] == school.session_book.marks_if_any()
    assert "new 2" in admin.said("/imports/marks", key=key_of(page), step="apply")
    assert 2 == len(school.session_book.marks("2026-03-02"))


@pytest.mark.parametrize("path", ["/imports/roster", "/imports/marks"])
def test_refused(desk, path):
    """What is none of these, or nothing, is refused in words."""
    admin = desk()
    admin.post(path, 422)
    for name, data in (("a.zip", b"PK\x03\x04broken"), ("../../a.csv", b"\x00\x01\x02"), ("x" * 300, b"")):
        assert 'role="alert"' in admin.post(path, 422, files={"file": (name, data, "application/zip")}).text
    admin.post(path, 422, key="../../config.toml", step="apply")


@pytest.mark.usefixtures("school")
def test_not_anothers_upload(desk):
    """What one admin has sent no other one can use."""
    page = desk().post("/imports/marks", 200, files={"file": ("list.csv", LIST, "text/csv")}).text
    desk(name="Grace").post("/imports/marks", 422, key=key_of(page), step="apply")


def test_exports(desk, school, odd):
    """Marks go out as a table in which a name is nothing but a name."""
    school.enter("O")
    found = desk().ask("/exports/csv")
    assert f'"\'{odd.replace(chr(34), chr(34) * 2)}"' in found.text
    assert 'attachment; filename="marks csv 2026-03-02.csv"' in found.headers["content-disposition"]
    assert "Employee" in desk().get("/exports/frappe")
    desk().get("/exports/x", 422)
    desk().get("/exports/csv", 404, group="9z")


@pytest.mark.parametrize("path", ["/imports/roster", "/imports/marks", "/timetable/import", "/calendar/import"])
def test_what_cannot_be_read_is_told_by_its_name(desk, school, path):
    """And nobody is told where the service keeps it meanwhile."""
    found = desk().post(path, 422, files={"file": ("odd.png", b"no list\xff\x00")})
    assert "odd.png" in found.text
    assert str(school.home) not in found.text


def test_what_is_wrong_with_a_file_names_the_file_alone(desk, school):
    """Where the service keeps what is sent is nobody's business: the page names the file as it was called."""
    told = desk().error("/imports/roster", 422, files={"file": ("pupils.zip", b"no zip", "application/zip")})
    assert "pupils.zip: this is no zip that can be read" in told
    assert str(school.home) not in told
