"""The officer's page: what it shows, for whom, and what is taken out of it; and the sheet of cards."""

import re

import pytest

from attendance.access import Actor
from gallery import history

CLERK = Actor("clerk")


@pytest.fixture
def school(app, draw):
    """Ada of 7b with a face, Bob of 7c."""
    app.enroll(draw("ada.png", (1,)), name="Ada Lovelace", external_id="E-100", groups=["7b"])
    app.gallery.add_person("Bob Bobson", external_id="E-200", groups=["7c"], at=app.clock.utc(), by="t")
    return app


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.mark.usefixtures("school")
@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_the_page(signed_in, role):
    """Counts, retention, backups and the anchor in words, for admins and auditors; nobody is named."""
    answer = signed_in(role).get("/settings/privacy")
    text = words(answer)
    assert 200 == answer.status_code
    for told in ("1 faces of 2 active people", "not asked for consent", "Last backup never", "Log last anchored never",
                 "until somebody has looked, 30 days at most", "Being marked by face 0 0 2"):  # fmt: skip
        assert told in text
    assert not {"Ada", "Bob"} & set(text.split())


@pytest.mark.usefixtures("school")
@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_its_links_lead_somewhere(signed_in, role):
    """Every page that it links to opens for whoever sees it."""
    browser = signed_in(role)
    links = re.findall(r"<main.*</main>", browser.get("/settings/privacy").text, re.DOTALL)[0]
    found = {each.replace("&amp;", "&") for each in re.findall(r'href="(/[^"]*)"', links)}
    assert {"/settings/retention", "/settings/backups", "/consents", "/audit"} <= found
    pages = [each for each in found if "/report." not in each or "language=de&part=law" in each]
    assert {200} == {browser.get(each).status_code for each in pages}


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF"), ("html", b"<!doctype"), ("md", b"# Ver")])
def test_the_drafts(school, signed_in, form, begins):
    """Each form comes as a file with a name, also for an auditor, and the log tells who took it."""
    answer = signed_in("auditor", name="Ida").get(f"/settings/privacy/report.{form}?language=de")
    assert (200, True) == (answer.status_code, answer.content.startswith(begins))
    assert f'filename="privacy-de.{form}"' in answer.headers["content-disposition"]
    with school.store.reading() as view:
        assert ["Ida"] == [each.by for each in history(view, action="privacy.report")]


@pytest.mark.usefixtures("school")
def test_one_part(signed_in):
    """One draft alone has its own name; what is none is refused."""
    admin = signed_in()
    answer = admin.get("/settings/privacy/report.md?part=notice")
    assert (True, 'filename="notice-en.md"' in answer.headers["content-disposition"]) == (
        answer.text.startswith("# Notice"), True,
    )  # fmt: skip
    for wrong in ("report.doc", "report.md?part=all", "report.md?language=fr"):
        assert 422 == admin.get(f"/settings/privacy/{wrong}").status_code


@pytest.mark.usefixtures("school")
def test_a_teacher_is_not_let_in(signed_in):
    """Neither to the page nor to the drafts."""
    teacher = signed_in("teacher", ["7b"])
    assert [403, 403] == [teacher.get(f"/settings/privacy{each}").status_code for each in ("", "/report.md")]


def test_cards(school, signed_in):
    """A teacher prints the cards of their own people; another group is unknown to them, an auditor prints none."""
    teacher = signed_in("teacher", ["7b"])
    answer = teacher.form("/people/cards", group="7b")
    assert (200, "application/pdf") == (answer.status_code, answer.headers["content-type"])
    assert 200 == teacher.form("/people/cards").status_code
    assert ["Ada Lovelace"] == [each.person.name for each in school.credentials.all()]
    assert 404 == teacher.form("/people/cards", group="7c").status_code
    assert 403 == signed_in("auditor", name="Ida").form("/people/cards").status_code
    assert "Print QR cards" in words(teacher.get("/people"))
