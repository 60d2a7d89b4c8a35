"""The addresses of reviews and reasons: forms and scripts get the same done, and nothing is told to the wrong one."""

import pytest

from attendance import Attendance
from attendance.access import Actor

UNSURE = 25  # percent: above the review threshold of three people, below the one of a mark
JSON = {"Accept": "application/json"}
NAME = "<i>Ada</i> & Co"


@pytest.fixture
def app(home, clock, pipeline):
    """A home that keeps the faces of strangers for a day."""
    flags = {"guard_people": 0, "keep_unknown_days": 1}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened


@pytest.fixture
def unsure(app, draw):
    """Two faces that may be people of 7a and of 7b; their numbers."""
    for number, (name, group) in enumerate(((NAME, "7a"), ("Bob", "7b"), ("Cid", "7b")), 1):
        photo = draw(f"{number}.png", (number,), seed=number)
        app.enroll(photo, name=name, external_id=f"E-{number}", groups=[group])
    found = app.check(draw("one.png", (1, UNSURE)), draw("two.png", (2, UNSURE)))
    return [each.sighting for each in found]


@pytest.fixture
def stranger(app, draw) -> int:
    """A face that is nobody's, seen beside others that are unsure; its number."""
    (found,) = app.check(draw("stranger.png", (40, 90)))
    return found.sighting


def test_a_script_is_answered_in_json(signed_in, unsure):
    """What a form says by going on, a script hears at once."""
    admin = signed_in()
    answer = admin.post(f"/review/{unsure[0]}", data={"say": "right"}, headers={**JSON, "X-Form-Token": admin.token})
    assert {"number": unsure[0], "told": f"{NAME} is marked at 07:58."} == answer.json()
    again = admin.post(f"/review/{unsure[0]}", data={"say": "right"}, headers={**JSON, "X-Form-Token": admin.token})
    assert (409, "sighting.settled") == (again.status_code, again.json()["id"])
    back = admin.post(f"/review/{unsure[0]}/undo", headers={**JSON, "X-Form-Token": admin.token})
    assert back.json()["told"].startswith("It waits again")


@pytest.mark.parametrize("path", ["", "/who", "/undo", "/photo", "/enrol"])
def test_nothing_is_changed_from_another_site(signed_in, unsure, path):
    """Without the token of a page every change is refused."""
    answer = signed_in().post(f"/review/{unsure[0]}{path}", data={"say": "right", "person": 1, "name": "x"})
    assert 403 == answer.status_code


@pytest.mark.parametrize("given", [{}, {"say": "maybe"}, {"say": ""}])
def test_a_word_that_nobody_knows_is_refused(signed_in, unsure, app, given):
    """And the review waits on."""
    assert 422 == signed_in().form(f"/review/{unsure[0]}", **given).status_code
    assert 2 == app.reviews.count()


@pytest.mark.parametrize("number", ["0", "-1", "99", str(2**63), "x", "1.5"])
def test_numbers_that_are_none(signed_in, number):
    """They are answered as what is not there or cannot be, never by a failure."""
    admin = signed_in()
    for path in (f"/review/{number}", f"/review/{number}/face", f"/why/{number}", f"/review/{number}/who"):
        assert admin.get(path).status_code in {404, 422}


def test_what_is_not_theirs_is_answered_as_what_is_not_there(signed_in, unsure):
    """By the same words, so that nobody learns that it is there."""
    teacher = signed_in("teacher", ["7b"])
    for path in ("/review/{}", "/review/{}/face", "/review/{}/who", "/review/{}/enrol", "/why/{}"):
        foreign, missing = (teacher.get(path.format(number), headers=JSON) for number in (unsure[0], 999))
        told = [each.json() | {"instance": "", "detail": ""} for each in (foreign, missing)]
        assert (404, told[0]) == (foreign.status_code, told[1])
        assert foreign.json()["detail"].replace(str(unsure[0]), "") == missing.json()["detail"].replace("999", "")
    assert 404 == teacher.form(f"/review/{unsure[0]}", say="stranger").status_code


def test_a_teacher_gives_a_face_to_their_own_people_alone(signed_in, unsure, app):
    """Somebody of another group is not known to them."""
    teacher = signed_in("teacher", ["7b"])
    refused = teacher.form(f"/review/{unsure[1]}/who", person=app.gallery.find("E-1").id)
    assert 404 == refused.status_code
    assert 303 == teacher.form(f"/review/{unsure[1]}/who", person=app.gallery.find("E-3").id).status_code


def test_nobody_chosen_is_told(signed_in, unsure):
    """A form sent without a choice says so."""
    answer = signed_in().form(f"/review/{unsure[0]}/who")
    assert (422, True) == (answer.status_code, "nobody was chosen" in answer.text)


def test_many_at_once_name_those_that_were_not(signed_in, unsure):
    """What was settled meanwhile is named beside the number of those that went."""
    admin = signed_in()
    admin.form(f"/review/{unsure[0]}", say="stranger")
    token = {**JSON, "X-Form-Token": admin.token}
    answer = admin.post("/review/many", data={"say": "right", "numbers": unsure}, headers=token)
    assert [unsure[1]] == answer.json()["settled"]
    assert "has looked at it" in answer.json()["refused"][0]
    assert 303 == admin.form("/review/many", say="right").status_code


def test_faces_are_kept_nowhere(signed_in, unsure):
    """A face that was seen is a picture that no browser may keep; without a sign-in there is none."""
    answer = signed_in().get(f"/review/{unsure[0]}/face")
    assert ("image/png", "no-store") == (answer.headers["content-type"], answer.headers["cache-control"])
    assert answer.content.startswith(b"\x89PNG")


def test_names_are_text(signed_in, unsure):
    """Whatever somebody is called stands on the pages as it was written, and is no part of them."""
    admin = signed_in()
    for path in ("/review", f"/review/{unsure[0]}", f"/review/{unsure[0]}/who", f"/why/{unsure[0]}"):
        text = admin.get(path).text
        assert ("<i>Ada" not in text, "&lt;i&gt;Ada&lt;/i&gt; &amp; Co" in text) == (True, True)


@pytest.mark.usefixtures("unsure")
def test_strangers_of_today_are_listed_given_and_enrolled(signed_in, stranger, app):
    """The page has them; one word makes a stranger somebody who is there, or somebody new, who is marked."""
    admin = signed_in()
    assert f"/review/{stranger}/enrol" in admin.get("/review/unknown").text
    given = admin.form(f"/review/{stranger}/who", person=app.gallery.find("E-3").id)
    assert 303 == given.status_code
    admin.form(f"/review/{stranger}/undo")
    made = admin.form(f"/review/{stranger}/enrol", name="Eve", id="E-9", groups="7b")
    assert (303, "7b") == (made.status_code, app.gallery.find("E-9").groups[0])
    assert app.marks.of(app.gallery.find("E-9").id, 1).valid
    assert f"/review/{stranger}/enrol" not in admin.get("/review/unknown").text


@pytest.mark.usefixtures("unsure")
def test_a_confirmed_face_is_added_by_a_button_of_its_own(signed_in, app, draw):
    """The button is there after somebody has said whose it is, and what it does is one photo more."""
    app.enroll(draw("dan.png", (40,)), name="Dan", external_id="E-4")
    (found,) = app.check(draw("door.png", (40, 30)))
    admin = signed_in()
    assert "Add this face" not in admin.get(f"/review/{found.sighting}").text
    admin.form(f"/review/{found.sighting}", say="right")
    assert 1 == len(app.gallery.templates_of("E-4"))
    assert "Add this face as a photo of Dan" in admin.get(f"/review/{found.sighting}").text
    assert 303 == admin.form(f"/review/{found.sighting}/photo").status_code
    assert 2 == len(app.gallery.templates_of("E-4"))


def test_why_says_what_was_decided_and_what_came_of_it(signed_in, unsure, app):
    """The same decision from the kept numbers, the score and what it needs, and who has said what since."""
    app.reviews.confirm(Actor("Grace"), unsure[0], keep=True)
    text = signed_in().get(f"/why/{unsure[0]}").text
    for told in ("give the same decision", "confirmed by", "Grace", "0.250", "people enrolled"):
        assert told in text
    (mark,) = app.marks.of_session(1)
    assert "Why is" in signed_in().get(f"/why/mark/{mark.id}").text
    assert 404 == signed_in("teacher", ["7b"]).get(f"/why/mark/{mark.id}").status_code
    assert 404 == signed_in().get("/why/mark/none").status_code


def test_why_asks_what_was_decided(signed_in, unsure, stranger):
    """The page of a face that somebody had to look at does not say that it was taken for anybody."""
    admin = signed_in()
    assert "Why was it not sure that this is" in admin.get(f"/why/{unsure[0]}").text
    assert "Why was nobody recognised?" in admin.get(f"/why/{stranger}").text
