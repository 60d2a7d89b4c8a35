"""Reports by the API, in every form."""

import csv
import io

import pytest

KINDS = {
    "json": "application/json",
    "csv": "text/csv",
    "csv-excel": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "ics": "text/calendar",
    "table": "text/plain",
}


@pytest.fixture
def marked(api):
    """Two people of a group with a timetable, one of them marked."""
    api.post("/people", json={"name": "Ada", "id": "a", "groups": ["7A"]})
    api.post("/people", json={"name": "=HYPERLINK(1)", "id": "b", "groups": ["7A"]})
    parts = {"weekly": "MO,TU", "begins": "08:00", "ends": "08:45"}
    api.post("/timetable/rules", json={"name": "Maths", "parts": parts, "group": "7A", "first": "2026-03-02"})
    api.post("/marks", json={"person": "a"})
    return api


@pytest.mark.parametrize("form", KINDS)
def test_each_form_is_told_by_its_parameter(marked, form):
    """What is asked for comes with its media type, as a file to keep."""
    found = marked.get(f"/reports?format={form}")

    assert 200 == found.status_code
    assert KINDS[form] == found.headers["Content-Type"].partition(";")[0]
    assert found.headers["Content-Disposition"].startswith('attachment; filename="report.')
    assert found.content


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"),
        ("application/pdf;q=0.1, text/csv;q=0.9", "text/csv"),
        ("text/html, application/pdf", "application/pdf"),
        ("text/*", "text/csv"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/calendar", "text/calendar"),
    ],
)
def test_each_form_is_told_by_accept(marked, accept, kind):
    """Without the parameter the header Accept decides."""
    found = marked.get("/reports", headers={"Accept": accept})

    assert (200, kind) == (found.status_code, found.headers["Content-Type"].partition(";")[0])


@pytest.mark.parametrize("accept", ["text/html", "image/png", "text/csv;q=0", ";;;", "text/csv;q=x"])
def test_another_form_is_refused(marked, accept):
    """A media type that no report has is told, and which there are."""
    refused = marked.get("/reports", headers={"Accept": accept})

    assert (422, "request.invalid") == (refused.status_code, refused.json()["id"])
    assert "text/calendar" in refused.json()["detail"]


@pytest.mark.parametrize("by", ["sessions", "timetable"])
@pytest.mark.parametrize("form", ["csv", "csv-excel"])
def test_no_cell_is_a_formula(marked, by, form):
    """A name that begins as a formula does is text in every table."""
    text = marked.get(f"/reports?format={form}&by={by}").content.decode("utf-8-sig")
    names = [row["name"] for row in csv.DictReader(io.StringIO(text))]

    assert ["'=HYPERLINK(1)", "Ada"] == sorted(names)


def test_a_report_is_of_what_is_asked(marked):
    """Sessions, days, groups, people and rules are chosen, and rows, totals or hours told."""

    def rows(query: str) -> list:
        return marked.get(f"/reports?{query}").json()["rows"]

    assert ["present"] == [each["status"] for each in rows("by=sessions&session=2026-03-02") if each["id"] == "a"]
    assert ["a"] == [each["id"] for each in rows("person=a")]
    assert 2 == len(rows("rule=Maths&from=2026-03-02&to=2026-03-02"))
    assert ["a", "b"] == sorted(each["id"] for each in rows("kind=totals&group=7A") if each["of"] == "person")


@pytest.mark.parametrize(
    ("query", "status", "id_"),
    [
        ("session=Nope", 404, "session.unknown"),
        ("group=Nope", 404, "group.unknown"),
        ("person=Ada", 404, "gallery.person_unknown"),
        ("rule=Nope", 404, "rule.unknown"),
        ("from=2026-03-03&to=2026-03-02", 422, "report.period"),
        ("from=1950-01-01&to=2026-03-02", 422, "report.period"),
        ("session=2026-03-02&from=2026-03-02", 422, "report.period"),
        ("session=2026-03-02&by=timetable", 422, "output.form"),
        ("by=sessions&person=a", 422, "output.form"),
        ("by=sessions&format=ics", 422, "output.form"),
        ("format=docx", 422, "request.invalid"),
        ("under=2", 422, "request.invalid"),
    ],
)
def test_a_report_that_cannot_be_is_refused(marked, query, status, id_):
    """What is not there or does not fit together is told by an id."""
    refused = marked.get(f"/reports?{query}")

    assert (status, id_) == (refused.status_code, refused.json()["id"])


def test_nothing_of_a_report_is_left_in_the_home(marked, home):
    """What a workbook or a page is made of is gone when it was sent."""
    before = {each.name for each in home.iterdir()}
    for form in ("xlsx", "pdf"):
        marked.get(f"/reports?format={form}")

    assert before == {each.name for each in home.iterdir()}
