"""The log on a page: in words, filtered, page by page, as a table; names are looked up and never kept."""

import csv
import io

import pytest
from servers import raw

from attendance.services import audit as module
from attendance.web.routes import audit
from gallery.repositories import events


def test_words_and_names(desk, school, words, odd):
    """Entries are told in words with the names of now; an odd name is a name, one who was erased has none."""
    page = desk().get("/audit")
    told = words(page)
    assert ("<b>Ada" in page, odd in told, "A photo was enrolled" in told) == (False, True, True)
    school.people.rename(school.actor, "A", "Augusta")
    assert "Augusta" in desk().get("/audit")
    school.people.remove(school.actor, "A")
    page = words(desk().get("/audit"))
    assert ("Augusta" in page, "somebody removed" in page) == (False, True)


def test_every_action_has_words():
    """Each action that is written by a name of its own has words for people."""
    named = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    assert set() == {each for each in named if "." in each} - module.SAYS.keys()


def test_filters(desk, school, words):
    """By kind, action, actor, days and person; what is none is refused."""
    school.enter("A")
    admin = desk()

    def shown(**asked) -> str:
        return words(admin.get("/audit", **asked)).partition("More ")[2]

    assert "Somebody was marked" in shown(action="mark")
    assert "enrolled" not in shown(action="mark.add")
    assert "An account was made" in shown(by="tests")
    assert "enrolled" not in shown(by="tests")
    assert "Ada" in shown(person="A")
    assert "Bob" not in shown(person="A")
    assert "" == shown(**{"from": "2026-03-03"})
    assert "enrolled" in shown(**{"from": "2026-03-02", "to": "2026-03-02"})
    admin.get("/audit", 422, **{"from": "x"})
    admin.get("/audit", 404, person="Nobody")
    assert "" == shown(action="100%")


def test_pages(desk, school, monkeypatch):
    """Older entries come page by page, each once."""
    monkeypatch.setattr(audit, "A_PAGE", 4)
    admin, found, query = desk(), [], {}
    while True:
        page = admin.get("/audit", **query)
        found += [int(each.split("<")[0]) for each in page.split("<dt>number</dt><dd>")[1:]]
        if "before=" not in page:
            break
        query = {"before": page.rsplit("before=", 1)[1].split('"')[0]}
    with school.store.reading() as view:
        assert [each.seq for each in events.history(view)][::-1] == found


@pytest.mark.usefixtures("school")
def test_csv(desk, odd):
    """All entries are a table in which nothing is a formula."""
    found = desk().ask("/audit.csv", action="person.enroll")
    rows = list(csv.DictReader(io.StringIO(found.text)))
    assert [f"'{odd}", "Ada", "Bob"] == sorted(row["people"] for row in rows)
    assert "text/csv; charset=utf-8" == found.headers["content-type"]
    assert all("=" not in each[:1] for row in rows for each in row.values())


def _looks(app) -> list[tuple[str, str]]:
    with app.store.reading() as view:
        found = events.history(view)
    return [(each.by, each.action) for each in found if each.action.endswith((".look", ".export"))]


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("audit.export", "/audit.csv"),
        ("report.export", "/reports/file"),
        ("marks.export", "/exports/csv"),
        ("evidence.look", "/reports/proof?person=A"),
        ("photo.look", "/people/1/photos/1"),
        ("evidence.look", "/sessions/1"),
    ],
)
def test_looks_are_noted(desk, school, action, path):
    """Who takes something out, or sees evidence or a photo, stands in the log, once an hour."""
    school.enter("A")
    admin = desk()
    admin.get(path)
    admin.get(path)

    assert [("admin", action)] == _looks(school)


def test_a_look_at_why(desk, school):
    """Who reads why there is a mark stands in the log with whose it is; who may not see it does not."""
    mark = school.enter("A").mark.id
    desk("teacher", "8a").get(f"/why/mark/{mark}", 404)
    assert [] == _looks(school)
    desk("teacher", "7b").get(f"/why/mark/{mark}")

    assert [("teacher 7b", "evidence.look")] == _looks(school)
    assert "Somebody saw what a decision rests on" in desk().get("/audit", person="A")


def test_the_proof(desk, school, words):
    """The log is proved on a page, against anchors that are pasted; what was done to it is told in words."""
    admin = desk()
    assert "The log is as it was written" in admin.get("/audit/proof", verify=1)
    assert "An anchor is made" in admin.said("/audit/anchors")
    number = school.audit_chain.all()[0].number
    line = admin.ask(f"/audit/anchors/{number}")
    assert "attachment" in line.headers["content-disposition"]
    assert "Anchors compared: 1" in admin.get("/audit/proof", verify=1, anchors=line.text)
    admin.get("/audit/anchors/1", 422)
    assert "no anchor" in words(admin.get("/audit/proof", 422, verify=1, anchors="x"))
    with raw(school.home) as run:
        run("UPDATE event SET by = 'nobody' WHERE seq = 2")
    assert "Entry 2 was changed after it was written" in admin.get("/audit/proof", verify=1)


def test_an_auditor_proves_and_anchors_nothing(desk, school):
    """An auditor verifies, compares and downloads, and makes no anchor, which would be an entry of theirs."""
    school.audit_chain.anchor(school.actor)
    auditor = desk("auditor")
    assert "The log is as it was written" in auditor.get("/audit/proof", verify=1)
    auditor.get(f"/audit/anchors/{school.audit_chain.all()[0].number}")
    auditor.post("/audit/anchors", 403)

    assert 1 == len(school.audit_chain.all())
