"""The log on a page: in words, filtered, page by page, as a table; names are looked up and never kept."""

import csv
import io

import pytest

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
