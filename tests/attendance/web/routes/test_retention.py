"""Retention on a page: the rules, what would go, holds and receipts; and an erasure with its proof."""

import json
from datetime import timedelta

import pytest

from attendance.services.people import person_row
from attendance.services.purging import WORDS
from attendance.services.versions import version_of
from gallery.repositories import sightings
from gallery.values import Sighting

PAGE = "/settings/retention"


@pytest.fixture
def stranger(app):
    """A face of a stranger that is kept although its time is over."""
    with app.store.atomic() as transaction:
        seen = Sighting(app.clock.utc() - timedelta(days=3), "camera", "door", "unknown", "e")
        (number,) = sightings.add(transaction, [seen])
        sightings.keep_crops(transaction, app.gallery.sealer, {number: b"face"})
    return number


def test_rules_are_told_with_a_way_to_change_them(desk, words):
    """Each rule stands in words, with a link to its setting."""
    page = desk().get(PAGE)
    for name in ("keep_unknown_days", "keep_review_days", "keep_sightings_days", "keep_marks_days", "keep_audit_days"):
        assert f"/settings/set/{name}" in page
    assert "as long as their people" in words(page)


@pytest.mark.usefixtures("stranger")
def test_what_would_go_is_counted_and_goes(desk, app, words):
    """What the page counts goes at the next click, and its receipt stands below."""
    admin = desk()
    assert "Faces 1" in words(admin.get(f"{PAGE}?try=1"))
    assert 1 == len(kept(app))
    assert "Gone: 1 face" in admin.said(f"{PAGE}/run")
    assert [] == kept(app)
    assert "1 face" in words(admin.get(PAGE))


def kept(app) -> list[int]:
    with app.store.reading() as transaction:
        return sightings.crop_ids(transaction)


@pytest.mark.usefixtures("school")
def test_holds(desk, app, words):
    """A hold is begun on somebody or on all, shown with its reason, and lifted; without a reason there is none."""
    admin = desk()
    who = app.people.all()[0]
    assert "reason" in admin.error(f"{PAGE}/holds", person=who.external_id)
    assert "is erased until hold 1 is lifted" in admin.said(f"{PAGE}/holds", person=who.external_id, reason="<b>case")
    assert "Nothing of the whole home" in admin.said(f"{PAGE}/holds", all="1", reason="audit")
    page = admin.get(PAGE)
    assert ("<b>case" in page, "case" in words(page)) == (False, True)
    assert "case" in words(admin.get(f"/people/{who.id}/erase"))
    admin.said(f"{PAGE}/holds/1/lift")
    admin.said(f"{PAGE}/holds/2/lift")
    admin.error(f"{PAGE}/holds/2/lift", 404)
    assert [] == app.holds.all()


@pytest.mark.usefixtures("school")
def test_a_wrong_clock_is_asked_about(desk, app, clock, words):
    """After a jump of the clock nothing goes until somebody says that it is right."""
    app.purging.run(app.actor)
    clock.now += timedelta(days=400)
    admin = desk()
    page = admin.get(f"{PAGE}?try=1", 422)
    assert "clock" in words(page)
    admin.error(f"{PAGE}/run")
    admin.said(f"{PAGE}/run", clock_is_right="1")


@pytest.mark.usefixtures("school")
def test_an_erasure_with_proof(desk, app):
    """With the box ticked the person goes as long work, whose result is the signed receipt."""
    app.jobs.start()
    admin, who = desk(), app.people.all()[0]
    answer = admin.post(f"/people/{who.id}/erase", name=who.name, version=version_of(person_row(who)), proof="1")
    number = int(answer.headers["location"].rpartition("/")[2])
    app.jobs.wait(number)
    told = json.loads(admin.get(f"/jobs/{number}/files/receipt.json"))

    assert (who.id, "attendance-receipt") == (told["person"], told["format"])
    assert who.external_id not in {each.external_id for each in app.people.all()}
    assert f"Person {who.id} erased with proof" in admin.get(PAGE)


def test_teachers_are_refused_and_auditors_look(desk):
    """Retention is for admins, and for auditors to look at."""
    desk("teacher", "7b").get(PAGE, 403)
    assert "Retention" in desk("auditor").get(PAGE)
    assert set(WORDS) >= {"faces", "marks"}
