"""Reports on pages and as files: in every form, of whom a visitor may see, names as nothing but names."""

import csv
import io
import json
from urllib.parse import quote

import openpyxl
import pytest

from attendance.services import reportviews

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "csv-plain": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
}


@pytest.fixture
def lesson(school):
    """The lessons of today are over: Ada was there, of the others nothing is known but that somebody looked."""
    school.enter("A", session="2026-03-02", at="2026-03-02T07:58:00+00:00")
    school.clock.forward(hours=2)
    school.coverings.add(school.actor, begins="07:30", ends="08:45", reason="looked")
    return school


@pytest.mark.usefixtures("lesson")
def test_page_of_a_day(desk, words, odd):
    """A day's report shows each person's status and why; odd names are shown as they are."""
    page = desk().get("/reports")
    assert "<b>Ada</b>" not in page
    told = words(page)
    assert odd in told
    assert "1 present" in told
    assert "2 absent" in told
    assert "Ada A Lesson 7b 08:00 present 07:58:00" in told


def test_page_of_days_and_totals(desk, lesson, words):
    """Several days are people by days with a picture, totals are counts; by sessions the table is of sessions."""
    page = desk().get("/reports", **{"from": "2026-02-23", "to": "2026-03-02"})
    assert "form=svg" in page
    assert "Mon 03-02" in page
    assert "rate" in words(desk().get("/reports", kind="totals"))
    assert "Ada" in words(desk().get("/reports", kind="totals", under="100.0%") + desk().get("/reports"))
    assert "2026-03-02" in words(desk().get("/reports", by="sessions"))
    number = next(each.session.id for each in lesson.session_book.all())
    assert "07:58 by hand" in words(desk().get("/reports", session=str(number)))


@pytest.mark.usefixtures("school")
def test_nobody_is_told(desk, words):
    """Where nobody is expected the page says why."""
    assert "nobody is expected" in words(desk().get("/reports", **{"from": "2026-03-01", "to": "2026-03-01"})).lower()


@pytest.mark.usefixtures("lesson")
@pytest.mark.parametrize("form", sorted(KINDS))
def test_every_form(desk, form):
    """Each form is a download of the right kind, under a safe name, kept by nobody."""
    found = desk().ask("/reports/file", form=form, **{"from": "2026-03-02", "to": "2026-03-02", "group": "7b"})
    suffix = reportviews.FORMS[form][0]
    assert (KINDS[form], "no-store") == (found.headers["content-type"], found.headers["cache-control"])
    told = f"attendance 2026-03-02 7b{suffix}"
    assert found.headers["content-disposition"] == f"attachment; filename=\"{told}\"; filename*=UTF-8''{quote(told)}"
    assert len(found.content) > 200


def test_a_teacher_gets_no_more_by_naming_a_person(desk, lesson):
    """A report by sessions is of a group, also where somebody is named; and rules of others have no name there."""
    from attendance.timetable.ruleparts import Parts

    teacher = desk("teacher", "7b")
    parts = Parts(weekly="MO", begins="08:00", ends="08:45")
    for person in ("A", "B"):
        lesson.timetables.add(lesson.actor, f"Help for {person}", parts, person=person)
    number = next(each.session.id for each in lesson.session_book.all())
    for asked in ({"by": "sessions"}, {"session": str(number)}):
        found = [teacher.get(path, person="A", **asked) for path in ("/reports", "/reports/file")]
        assert [False, False] == ["Bob" in each for each in found]
        assert "Ada" in found[1]
    page = teacher.get("/reports")
    assert (True, False) == ("Help for A" in page, "Help for B" in page)


@pytest.mark.usefixtures("lesson")
def test_names_in_files(desk, odd):
    """In files an odd name is a name: no formula in tables, no markup in pictures."""
    ask = desk().ask
    rows = list(csv.DictReader(io.StringIO(ask("/reports/file", form="csv-plain").text)))
    assert f"'{odd}" in {row["name"] for row in rows}
    book = openpyxl.load_workbook(io.BytesIO(ask("/reports/file", form="xlsx").content))
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert odd in {cell.value for cell in cells}
    assert "f" not in {cell.data_type for cell in cells}
    assert "<b>Ada" not in ask("/reports/file", form="svg", **{"from": "2026-02-23"}).text
    assert odd in {row["name"] for row in json.loads(ask("/reports/file", form="json").text)["rows"]}


def test_reasons_of_excuses_only_if_asked_by_an_admin(desk, lesson):
    """Why somebody is excused stands in no report unless an admin asks for it."""
    lesson.excuses.add(lesson.actor, "O", "2026-03-02", "2026-03-02", reason="operation")
    for path in ("/reports", "/reports/file"):
        assert "operation" not in desk().get(path)
        assert "operation" in desk().get(path, why="1")
        assert "operation" not in desk("teacher", "7b").get(path, why="1")


@pytest.mark.usefixtures("lesson")
def test_teacher(desk):
    """A teacher's reports are of their groups, whatever they ask; others' names come in no file."""
    teacher = desk("teacher", "7b")
    assert "Bob" not in teacher.get("/reports") + teacher.get("/reports", by="sessions")
    for form in sorted(KINDS.keys() - {"xlsx", "pdf", "png"}):
        assert "Bob" not in teacher.get("/reports/file", form=form)
    for asked in ({"group": "8a"}, {"person": "B"}, {"person": "Bob"}):
        teacher.get("/reports", 404, **asked)
        teacher.get("/reports/file", 404, **asked)
    teacher.get("/reports/proof", 404, person="B", day="2026-03-02")
    desk("teacher", "9c").get("/reports")


@pytest.mark.usefixtures("lesson")
def test_refused(desk):
    """What cannot be asked is refused in words, on the page as for files."""
    for asked in ({"from": "x"}, {"from": "2026-03-02", "to": "2026-03-01"}, {"kind": "x"},
                  {"kind": "totals", "under": "x"}, {"session": "x"}):  # fmt: skip
        assert 'role="alert"' in desk().get("/reports", 422, **asked)
        desk().get("/reports/file", 422, **asked)
    desk().get("/reports", 404, rule="No such")
    desk().get("/reports", 404, session="99")
    desk().get("/reports/file", 422, form="exe")
    desk().get("/reports/file", 422, form="svg", by="sessions")


def test_large_reports_are_jobs(desk, lesson, monkeypatch):
    """A large report is made in the background, and its job gives the file."""
    monkeypatch.setattr(reportviews, "LARGE", 1)
    asked = {"from": "2026-02-02", "to": "2026-03-02"}
    assert "large report" in desk().get("/reports", **asked)
    answer = desk().ask("/reports/file", 303, form="csv", **asked)
    number = int(answer.headers["location"].rpartition("/")[2])
    lesson.jobs.wait(number)
    [file] = lesson.jobs.files(number)
    assert "Ada" in desk().get(f"/jobs/{number}/files/{quote(file.name)}")
    lesson.jobs.close()


def test_proof(desk, lesson, words):
    """A day of somebody is proved in sentences and as files, whose digest is the same."""
    page = words(desk().get("/reports/proof", person="A", day="2026-03-02"))
    made = lesson.proofs.of(lesson.actor, "A", lesson.status_reports.today)
    assert f"SHA-256 {made.sha256}" in page
    assert made.sha256 == json.loads(desk().get("/reports/proof", person="A", day="2026-03-02", form="json"))["sha256"]
    assert desk().ask("/reports/proof", person="O", day="2026-03-02", form="pdf").content.startswith(b"%PDF")
    assert "<b>Ada" not in desk().get("/reports/proof", person="O", day="2026-03-02")
    desk().get("/reports/proof", 422, person="A", day="x")
    desk().get("/reports/proof", 422, person="A", form="exe")


@pytest.mark.usefixtures("lesson")
def test_a_month_is_one_click(desk):
    """The spans that are asked for most are links: this month, and the whole of the last."""
    page = desk().get("/reports")
    assert "/reports?from=2026-03-01&amp;to=2026-03-02&amp;" in page
    assert "/reports?from=2026-02-01&amp;to=2026-02-28&amp;" in page


def test_an_empty_report_says_what_to_do_on_a_page(desk):
    """Without a timetable the way to one is a link, not a command."""
    page = desk().get("/reports?by=timetable&from=2020-01-01&to=2020-01-02")
    assert "attendance timetable" not in page
