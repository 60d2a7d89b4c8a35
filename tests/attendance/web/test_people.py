"""The pages of people."""

import re

import pytest

from attendance.access import Actor
from attendance.services.people import person_row
from attendance.services.versions import version_of

ODD = '=<b>Ada</b> & "Co" \u05e9\u05e8\u05d4 \N{GRINNING FACE}'
ME = Actor("Grace")


@pytest.fixture
def ada(app, draw):
    return app.people.find(app.enroll(draw("ada.png", (7,)), name="Ada Lovelace", groups=["7a"]).person.key)


@pytest.fixture
def bob(app, draw):
    return app.people.find(app.enroll(draw("bob.png", (8,)), name="Bob Byron", groups=["7b"]).person.key)


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def version(app, person) -> str:
    return version_of(person_row(app.people.find(person.id)))


@pytest.mark.usefixtures("bob")
def test_search_finds_by_name_id_and_group(signed_in, ada) -> None:
    """The list is searched without accents, and by group."""
    admin = signed_in()
    assert "Bob Byron" not in admin.get("/people?q=lovelàce").text
    assert "Ada Lovelace" in admin.get(f"/people?q={ada.external_id}").text
    assert "Ada Lovelace" not in admin.get("/people?group=7b").text
    assert "Nobody" in words(admin.get("/people?q=zzz"))


@pytest.mark.parametrize(
    ("query", "status"),
    [("state=odd", 422), ("page=0", 422), ("page=99999", 200), ("group=none", 404), ("q=" + "x" * 300, 422)],
)
def test_odd_questions_are_answered(signed_in, query, status) -> None:
    """What cannot be asked is one refusal; a page beyond the last is the last."""
    assert status == signed_in().get(f"/people?{query}").status_code


def test_a_photo_is_the_sealed_face_and_is_stored_nowhere(app, signed_in, ada) -> None:
    """The picture is opened for the request, and no cache keeps it."""
    (photo,) = app.photos.all(ada.external_id)
    answer = signed_in().get(f"/people/{ada.id}/photos/{photo.id}")
    assert app.gallery.crop(photo.id) == answer.content
    assert ("no-store", True) == (answer.headers["cache-control"], answer.headers["content-type"].startswith("image/"))


def test_a_photo_is_shown_with_its_own_person_alone(app, signed_in, ada, bob) -> None:
    """By the number of a photo nobody else's is reached."""
    (photo,) = app.photos.all(bob.external_id)
    assert 404 == signed_in().get(f"/people/{ada.id}/photos/{photo.id}").status_code


def test_name_and_groups_are_saved_together(app, signed_in, ada) -> None:
    """One form, one change."""
    answer = signed_in().form(
        f"/people/{ada.id}/edit", name="Ada King", groups=["7a", "7b"], new_group="Choir", version=version(app, ada)
    )
    assert 303 == answer.status_code
    found = app.people.find(ada.id)
    assert ("Ada King", ("7a", "7b", "Choir")) == (found.name, found.groups)


def test_two_who_edit_do_not_overwrite_each_other(app, signed_in, ada) -> None:
    """The second is told, sees what it is now, and keeps what they typed."""
    seen, admin = version(app, ada), signed_in()
    assert 303 == admin.form(f"/people/{ada.id}/edit", name="Ada King", groups=["7a"], version=seen).status_code
    answer = admin.form(f"/people/{ada.id}/edit", name="Ada Byron", groups=["7a"], version=seen)
    assert (412, True) == (answer.status_code, 'value="Ada Byron"' in answer.text)
    assert "Ada King" == app.people.find(ada.id).name


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x07b"])
def test_a_name_that_is_none_is_said_at_its_field(app, signed_in, ada, name) -> None:
    """The page comes again with what is wrong, and nothing is changed."""
    answer = signed_in().form(f"/people/{ada.id}/edit", name=name, groups=["7a"], version=version(app, ada))
    assert (422, True) == (answer.status_code, 'aria-invalid="true"' in answer.text)
    assert "Ada Lovelace" == app.people.find(ada.id).name


def test_somebody_leaves_and_comes_back(app, signed_in, ada) -> None:
    """From a day on or from now; marks and photos stay."""
    admin = signed_in()
    admin.form(f"/people/{ada.id}/active", active="0", since="2026-03-01", version=version(app, ada))
    assert (False, 1) == (app.people.find(ada.id).active, app.people.find(ada.id).templates)
    assert "inactive since 2026-03-01" in words(admin.get(f"/people/{ada.id}"))
    admin.form(f"/people/{ada.id}/active", active="1", version=version(app, ada))
    assert app.people.find(ada.id).active


@pytest.mark.parametrize("since", ["tomorrow", "2027-01-01", "2026-02-30"])
def test_a_day_that_is_none_or_has_not_begun_changes_nothing(app, signed_in, ada, since) -> None:
    """It is one clear refusal."""
    answer = signed_in().form(f"/people/{ada.id}/active", active="0", since=since, version=version(app, ada))
    assert 422 == answer.status_code
    assert app.people.find(ada.id).active


def test_merging_shows_both_before(app, signed_in, ada, bob) -> None:
    """Who goes and who stays is seen first; after it all is kept under one name."""
    admin = signed_in()
    assert "Bob Byron" in admin.get(f"/people/{ada.id}/merge?q=bob").text
    asked = admin.get(f"/people/{ada.id}/merge?other={bob.id}")
    assert "stays" in asked.text
    told = re.search(r'name="version" value="(\w+)"', asked.text)[1]
    assert 412 == admin.form(f"/people/{ada.id}/merge", other=bob.id, version="old").status_code
    assert 303 == admin.form(f"/people/{ada.id}/merge", other=bob.id, version=told).status_code
    assert [("Ada Lovelace", 2)] == [(each.name, each.templates) for each in app.people.all()]


@pytest.mark.usefixtures("bob")
def test_erasing_needs_the_name(app, signed_in, ada) -> None:
    """A page of its own tells what goes; the name of somebody else erases nobody."""
    admin, told = signed_in(), version(app, ada)
    assert "1 photo" in words(admin.get(f"/people/{ada.id}/erase"))
    assert 422 == admin.form(f"/people/{ada.id}/erase", name="Bob Byron", version=told).status_code
    assert 412 == admin.form(f"/people/{ada.id}/erase", name="Ada Lovelace", version="old").status_code
    assert 303 == admin.form(f"/people/{ada.id}/erase", name="ada  lovelace", version=told).status_code
    assert ["Bob Byron"] == [each.name for each in app.people.all(gone_too=True)]
    assert 404 == admin.get(f"/people/{ada.id}").status_code


def test_a_photo_is_removed(app, signed_in, ada) -> None:
    """Its template and its face are gone; removing it twice is refused."""
    (photo,) = app.photos.all(ada.external_id)
    admin = signed_in()
    assert 303 == admin.form(f"/people/{ada.id}/photos/{photo.id}/remove").status_code
    assert 0 == app.people.find(ada.id).templates
    assert 404 == admin.form(f"/people/{ada.id}/photos/{photo.id}/remove").status_code


def test_a_teacher_reaches_nobody_of_another_group(app, signed_in, ada, bob) -> None:
    """Every address of somebody else's person answers as that of nobody."""
    teacher = signed_in("teacher", ["7a"])
    (photo,) = app.photos.all(bob.external_id)
    there, told = f"/people/{bob.id}", version(app, bob)
    asked = [
        teacher.get(there),
        teacher.get(f"{there}/photos/{photo.id}"),
        teacher.get(f"{there}/merge"),
        teacher.get(f"/people/{ada.id}/merge?other={bob.id}"),
        teacher.form(f"{there}/edit", name="X", groups=["7a"], version=told),
        teacher.form(f"{there}/active", active="0", version=told),
        teacher.form(f"{there}/photos/{photo.id}/remove"),
        teacher.form(f"{there}/merge", other=ada.id),
        teacher.form(f"/people/{ada.id}/merge", other=bob.id),
        teacher.get("/people?group=7b"),
    ]
    assert [404] * len(asked) == [each.status_code for each in asked]
    assert bob == app.people.find(bob.id)
    assert "Bob" not in teacher.get("/people?state=all&q=b").text


def test_a_teacher_merges_nobody_across_groups(app, signed_in, clock) -> None:
    """One who is in a group of others, too, is merged with one who is not by an admin alone."""
    given = {"at": clock.now, "by": "tests"}
    eve = app.gallery.add_person("Eve", groups=["7a", "Secret"], **given)
    eva, ewa = (
        app.gallery.add_person(name, groups=["7a", "7c"][:number], **given) for number, name in ((1, "Eva"), (2, "Ewa"))
    )
    teacher = signed_in("teacher", ["7a", "7c"])
    for one, other in ((eve, eva), (eva, eve)):
        assert 422 == _merged(app, teacher, one, other).status_code
    assert 3 == len(app.people.all())
    assert 303 == _merged(app, teacher, eva, ewa).status_code
    assert 303 == _merged(app, signed_in(), eve, eva).status_code


def _merged(app, browser, one, other):
    both = version_of({"this": person_row(app.people.find(one.id)), "other": person_row(app.people.find(other.id))})
    return browser.form(f"/people/{one.id}/merge", other=other.id, version=both)


def test_a_teacher_erases_nobody(app, signed_in, ada) -> None:
    """That is for admins, also in their own groups."""
    teacher = signed_in("teacher", ["7a"])
    assert 403 == teacher.get(f"/people/{ada.id}/erase").status_code
    assert 403 == teacher.form(f"/people/{ada.id}/erase", name=ada.name, version=version(app, ada)).status_code
    assert ada == app.people.find(ada.id)


def test_a_teacher_changes_their_own_groups_alone(app, signed_in, clock) -> None:
    """Groups of others stay as they are, and cannot be given."""
    eve = app.gallery.add_person("Eve", groups=["7a", "Secret"], at=clock.now, by="tests")
    teacher = signed_in("teacher", ["7a", "7c"])
    there = f"/people/{eve.id}/edit"
    assert 303 == teacher.form(there, name="Eve", groups=["7c"], version=version(app, eve)).status_code
    assert ("7c", "Secret") == app.people.find(eve.id).groups
    assert 422 == teacher.form(there, name="Eve", groups=["7b"], version=version(app, eve)).status_code
    assert 422 == teacher.form(there, name="Eve", groups=[], version=version(app, eve)).status_code
    assert ("7c", "Secret") == app.people.find(eve.id).groups


def test_names_are_text_on_every_page(app, draw, signed_in) -> None:
    """Markup, formulas, turns of direction and pictures in names and groups do nothing."""
    person = app.enroll(draw("odd.png", (9,)), name=ODD, groups=[ODD]).person.key
    app.enroll(draw("near.png", (9, 95)), name="Near", allow_duplicate=True)
    app.by_hand.enter(ME, person, note=ODD)
    admin = signed_in()
    other = app.people.find("Near").id
    there = f"/people/{person}", f"/people/{other}"
    asked = ("/merge", "/erase"), ("", "/merge?q=ada", f"/merge?other={person}")
    paths = [
        "/people",
        f"/people?q={ODD}",
        there[0],
        *(f"{to}{each}" for to, of in zip(there, asked, strict=True) for each in of),
    ]
    for path in paths:
        text = admin.get(path).text
        assert "&lt;b&gt;Ada" in text, path
        assert "<b>Ada" not in text, path


def test_a_person_leads_to_what_belongs_to_them(signed_in, ada) -> None:
    """From a person one gets to excuses, report, proof and, as an admin, to who changed what."""
    page = f"/people/{ada.id}"
    admin, teacher = signed_in().get(page).text, signed_in("teacher", ada.groups).get(page).text
    for path in ("/excuses?whose=", "/reports?person=", "/reports/proof?person="):
        assert path in admin
        assert path in teacher
    assert "/audit?person=" in admin
    assert "/audit" not in teacher


def test_a_mark_of_a_person_leads_to_why_and_on_to_its_correction(app, signed_in, ada) -> None:
    """Person, why and correction of a mark are one click from each other."""
    admin = signed_in()
    admin.form("/today/marks", **{"in": ada.id})
    mark = app.day_marks.latest(ada.id)[0].mark.id
    assert f"/why/mark/{mark}" in admin.get(f"/people/{ada.id}").text
    why = admin.get(f"/why/mark/{mark}").text
    assert f'href="/people/{ada.id}"' in why
    assert f'href="/marks/{mark}?back=/why/mark/{mark}"' in why


@pytest.mark.parametrize("path", ["/people", "/people/add", "/people/bulk"])
def test_a_teacher_without_groups_is_told_whom_to_ask(signed_in, path) -> None:
    """Nobody is sent to a form that cannot work for them without being told why."""
    assert "You have no groups yet" in signed_in("teacher").get(path).text
