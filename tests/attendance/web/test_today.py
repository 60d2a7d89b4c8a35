"""The page of the day, and marks by hand."""

import re
from datetime import date

import pytest

from attendance.access import Actor
from attendance.timetable.ruleparts import Parts

ODD = '=<b>Ada</b> & "Co" \u05e9\u05e8\u05d4 \N{GRINNING FACE}'
ME = Actor("Grace")


@pytest.fixture
def ada(app, clock):
    return app.gallery.add_person("Ada", groups=["7a"], at=clock.now, by="tests")


@pytest.fixture
def bob(app, clock):
    return app.gallery.add_person("Bob", groups=["7b"], at=clock.now, by="tests")


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def marks(app, person) -> list[tuple[str | None, bool]]:
    return [(each.mark.direction, each.mark.valid) for each in reversed(app.day_marks.latest(person.id))]


def test_one_click_marks_in_and_another_out(app, signed_in, ada) -> None:
    """A button is all it takes; the next page says what was done."""
    admin = signed_in()
    assert f'name="in" value="{ada.id}"' in admin.get("/").text
    answer = admin.form("/today/marks", **{"in": ada.id})
    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert "Ada is marked in at 07:58" in words(admin.get("/"))
    admin.form("/today/marks", out=ada.id)
    assert [("in", True), ("out", True)] == marks(app, ada)


def test_a_second_click_changes_nothing(app, signed_in, ada) -> None:
    """Who is marked stays marked once, and it says so."""
    admin = signed_in()
    for _ in range(2):
        admin.form("/today/marks", **{"in": ada.id})
    assert [("in", True)] == marks(app, ada)
    assert "was marked in before" in words(admin.get("/"))


def test_the_actor_is_who_signed_in(app, signed_in, ada) -> None:
    """The record names the account."""
    signed_in(name="Grace Hopper").form("/today/marks", **{"in": ada.id})
    assert "Grace Hopper" == app.day_marks.latest(ada.id)[0].mark.by


def test_a_void_needs_a_reason_and_keeps_it(app, signed_in, ada) -> None:
    """Without a reason nothing is void; with one it stays on record."""
    admin = signed_in()
    mark = app.by_hand.enter(ME, ada.id).mark.id
    assert 422 == admin.form(f"/marks/{mark}/void", reason=" ").status_code
    assert [(None, True)] == marks(app, ada)
    assert 303 == admin.form(f"/marks/{mark}/void", reason="the twin").status_code
    assert "the twin" == app.day_marks.latest(ada.id)[0].mark.void_reason
    assert "the twin" in words(admin.get(f"/marks/{mark}"))


def test_a_time_is_corrected(app, signed_in, ada) -> None:
    """The old mark is void, the new one is of the time given; a time that is none is said at its field."""
    admin = signed_in()
    mark = app.by_hand.enter(ME, ada.id).mark.id
    wrong = admin.form(f"/marks/{mark}/correct", at="25:99", reason="typo")
    assert (422, True) == (wrong.status_code, 'value="25:99"' in wrong.text)
    assert 303 == admin.form(f"/marks/{mark}/correct", at="07:30", reason="was earlier").status_code
    found = app.day_marks.latest(ada.id)
    assert [True, False] == sorted((each.mark.valid for each in found), reverse=True)
    assert ["07:30"] == [f"{each.mark.at:%H:%M}" for each in found if each.mark.valid]


def test_a_teacher_marks_nobody_of_another_group(app, signed_in, ada, bob) -> None:
    """Somebody else's person and mark answer as if they were not there, and are not changed."""
    teacher = signed_in("teacher", ["7a"])
    mark = app.by_hand.enter(ME, bob.id).mark.id
    asked = [
        teacher.form("/today/marks", **{"in": bob.id}),
        teacher.get(f"/marks/{mark}"),
        teacher.form(f"/marks/{mark}/void", reason="x"),
        teacher.form(f"/marks/{mark}/correct", at="07:00", reason="x"),
        teacher.get("/?group=7b"),
        teacher.get("/today/board?group=7b"),
    ]
    assert [404] * 6 == [each.status_code for each in asked]
    unknown = teacher.form("/today/marks", **{"in": 4711})
    assert words(unknown).replace("4711", str(bob.id)) == words(asked[0])
    assert [(None, True)] == marks(app, bob)
    assert 303 == teacher.form("/today/marks", **{"in": ada.id}).status_code
    assert "Bob" not in teacher.get("/").text


def test_names_are_text_whatever_is_in_them(app, clock, signed_in) -> None:
    """Markup, formulas and turns of direction in names of people, groups and sessions do nothing."""
    person = app.gallery.add_person(ODD, groups=[ODD], at=clock.now, by="tests")
    app.session_book.open(ME, ODD, group=ODD)
    app.timetables.add(ME, ODD, Parts(weekly="MO", begins="07:00", ends="09:00"), group=ODD, first=date(2026, 3, 2))
    admin = signed_in()
    admin.form("/today/marks", **{"in": person.id})
    mark = app.day_marks.latest(person.id)[0].mark.id
    for path in ("/", f"/?group={ODD}", "/today/board", f"/marks/{mark}"):
        text = admin.get(path).text
        assert "&lt;b&gt;Ada" in text
        assert "<b>Ada" not in text


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "javascript:alert(1)", "/\\example.org", ""])
def test_a_form_leads_to_no_other_site(signed_in, ada, back) -> None:
    """Where a form says to go on to is a page of this service, or Today."""
    assert "/" == signed_in().form("/today/marks", **{"in": ada.id, "back": back}).headers["location"]


@pytest.mark.parametrize("value", ["0", "-1", "x", str(2**63), ""])
def test_a_number_that_is_none_is_refused(signed_in, value) -> None:
    """What numbers nobody is one clear refusal."""
    assert 422 == signed_in().form("/today/marks", **{"in": value}).status_code


def test_the_board_alone_is_what_the_page_holds(signed_in, ada) -> None:
    """A script gets the same board as stands in the page."""
    admin = signed_in()
    part, whole = admin.get("/today/board").text, admin.get("/").text
    assert 'id="board"' in part
    assert "<html" not in part
    assert ada.name in part
    assert 'data-board="/today/board"' in whole


def test_a_new_home_says_what_to_do(signed_in) -> None:
    """Without people Today leads to adding the first; a teacher without groups is told who gives them."""
    assert 'href="/people/add"' in signed_in().get("/").text
    assert "You have no groups yet" in words(signed_in("teacher").get("/"))


@pytest.mark.usefixtures("bob")
def test_a_teacher_marks_in_no_session_of_others(app, signed_in, ada) -> None:
    """It is as if there were none, and no name of one is told; their own sessions and days are theirs."""
    for name, group in (("Choir", "7b"), ("Maths", "7a"), ("Trip", None)):
        app.session_book.open(ME, name, group=group)
    teacher = signed_in("teacher", ["7a"])
    refused = [teacher.form("/today/marks", **{"in": ada.id, "session": each}) for each in ("Choir", "Choirs", "x")]
    assert [404] * 3 == [each.status_code for each in refused]
    assert [] == [each for each in refused[1:] if "Choir<" in each.text or "'Choir'" in each.text]
    assert [] == marks(app, ada)
    for own in ("Maths", "Trip", "2026-03-02"):
        assert 303 == teacher.form("/today/marks", **{"in": ada.id, "session": own}).status_code


def test_a_new_home_leads_through_the_first_steps(signed_in) -> None:
    """An admin of an empty home finds people, timetable, cameras, kiosks and accounts from Today."""
    told = signed_in().get("/").text
    for step in ("/people/add", "/people/bulk", "/timetable/new", "/cameras/add", "/cameras/kiosks/add"):
        assert f'href="{step}"' in told
    assert 'href="/settings/accounts"' in told


@pytest.mark.usefixtures("ada")
def test_what_takes_place_leads_to_the_people_and_to_the_rule(app, signed_in) -> None:
    """From a lesson on Today one gets to its class, and from the class's list to the rule of the timetable."""
    app.timetables.add(
        ME, "Maths", Parts(weekly="MO", begins="07:00", ends="09:00"), group="7a", first=date(2026, 3, 2)
    )
    (rule,) = app.timetables.all()
    admin = signed_in()
    assert '<h3><a href="/?group=7a">' in admin.get("/").text
    assert f'<a href="/timetable/{rule.stored.id}"><bdi>Maths</bdi></a>' in admin.get("/?group=7a").text


@pytest.mark.usefixtures("ada")
def test_an_open_session_leads_to_its_marks(app, signed_in) -> None:
    """A session on Today is a link to its page."""
    made = app.session_book.open(ME, "Choir")
    assert f'<h3><a href="/sessions/{made.id}">' in signed_in().get("/").text


@pytest.mark.usefixtures("ada")
def test_without_a_timetable_it_says_why_nobody_is_missing(signed_in) -> None:
    """Who sees no lesson on Today reads that nobody is expected, and gets to the timetable."""
    answer = signed_in().get("/")
    assert "nobody is expected today" in words(answer)
    assert '<a href="/timetable">timetable</a>' in answer.text


def test_a_time_to_come_is_refused_where_it_was_entered(app, signed_in, ada) -> None:
    """Who enters a mark of a time to come is back on the person's page, which says why nobody is marked."""
    admin = signed_in()
    answer = admin.form("/today/marks", at="23:59", back=f"/people/{ada.id}", **{"in": ada.id})
    assert (303, f"/people/{ada.id}") == (answer.status_code, answer.headers["location"])
    assert "Ada is not marked. 23:59 has not come yet" in words(admin.get(f"/people/{ada.id}"))
    assert [] == marks(app, ada)


@pytest.mark.usefixtures("ada")
def test_how_many_strangers_the_site_saw_is_told_to_those_who_see_the_site(app, draw, signed_in) -> None:
    """An admin reads how many unknown faces there are today, a teacher of some groups does not."""
    app.enroll(draw("bob.png", (2,)), name="Bob")
    list(app.check(draw("door.png", (3,))))
    assert "unknown face today" in signed_in().get("/").text
    assert "unknown face" not in signed_in("teacher", ["7a"]).get("/").text
