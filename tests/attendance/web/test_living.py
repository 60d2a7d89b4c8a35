"""Whether a living face was there, on pages: in words, with what was measured, and never an accusation."""

import re
from html import unescape

import pytest
from living_world import LIVE, PLANE, STILL, TURNED, UNTURNED, Door

from attendance.access import Actor
from attendance.register.cues import ADVICE, NOTE, RULINGS
from attendance.services.newsfacts import NewsFacts

BAD = re.compile(r"\b(fake|fraud|cheat|spoof|attack|impost)", re.IGNORECASE)


@pytest.fixture
def door(app, pipeline, draw) -> Door:
    """Ada and Bob are enrolled, and seen there."""
    for number, name in ((1, "Ada"), (2, "Bob")):
        app.enroll(draw(f"{number}.png", (number,), seed=number), name=name, external_id=f"P-{number}")
    return Door(app, pipeline, draw)


def words_of(page: str) -> str:
    """What stands on a page, without its marks."""
    inside = page[page.index("<main") : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inside)).split())


def test_a_mark_with_a_note_says_so(signed_in, door):
    """The page Why says that it could not be told, why each cue could not, and by which setting it was marked."""
    found = door.see(1)
    assert ("present", "unsure") == (found.decision, found.liveness)
    told = words_of(signed_in().get(f"/why/{found.sighting}").text)
    assert f"Was a living face there? {NOTE} The mark was made with this as its note." in told
    assert "cannot tell How the face turns. It was in view too briefly to tell: 5 pictures were looked at." in told
    assert "By the setting (liveness = review)" in told
    assert "the kept numbers give the same decision: recognised and marked" in told
    assert f"Note {NOTE}" in words_of(signed_in().get(f"/marks/{found.mark}").text)


def test_a_mark_without_a_note_has_none(signed_in, door):
    """Who was seen to live is marked without a note, and the page says what spoke for it."""
    found = door.see(1, {"planar": LIVE, "surround": STILL})
    told = words_of(signed_in().get(f"/why/mark/{found.mark}").text)
    assert f"Was a living face there? {RULINGS['live']} What was looked at" in told
    assert "for it How the face turns. The nose moved against the rest of the face" in told
    assert "as a head's does, by 1.10." in told
    assert "Size of the face, in pixels 96" in told
    assert NOTE not in words_of(signed_in().get(f"/marks/{found.mark}").text)


def test_a_review_says_what_to_do_and_calls_nobody_anything(signed_in, door):
    """On the lists and on its own page: why somebody looks, what they do, and no word against the person."""
    found = door.see(1, {"planar": PLANE}, distrust=("virtual_camera",))
    assert ("review", "attack") == (found.decision, found.liveness)
    admin = signed_in()
    for path in ("/review", f"/review/{found.sighting}"):
        told = words_of(admin.get(path).text)
        assert RULINGS["attack"] in told
        assert "The pictures come from a program, not from a camera." in told
        assert ADVICE in told
        assert not BAD.search(told)
    told = words_of(admin.get(f"/why/{found.sighting}").text)
    assert "against it How the face turns. It moved as a flat picture does" in told
    assert "The pictures came from a program, not from a camera." in told
    assert not BAD.search(told.replace("fake-1", ""))  # the encoder of the tests
    admin.form(f"/review/{found.sighting}", say="right")
    assert ADVICE not in words_of(admin.get(f"/review/{found.sighting}").text)


@pytest.mark.usefixtures("door")
def test_another_review_has_no_such_advice(signed_in, door):
    """A close call is none of a living face."""
    found = door.see(1, {"planar": LIVE}, share=25)
    assert "review" == found.decision
    assert ADVICE not in words_of(signed_in().get("/review").text)


ASKED = [
    (TURNED, "live", "for it The turn of the head. The head was turned as asked: left, right, left."),
    (UNTURNED, "unsure", "cannot tell The turn of the head. The turns that were asked for were not seen: right, left,"),
]


@pytest.mark.parametrize(("said", "ruling", "told"), ASKED)
def test_what_was_asked_of_a_head(signed_in, door, said, ruling, told):
    """The page tells that somebody was asked, what, and whether it was seen; only then there is a mark."""
    found = door.see(2, {"planar": STILL, "turns": said}, asked=True, challenge="turns")
    assert (ruling, "present" if ruling == "live" else "review") == (found.liveness, found.decision)
    page = words_of(signed_in().get(f"/why/{found.sighting}").text)
    assert "The person was asked for a turn of the head" in page
    assert told in page
    assert "give the same decision" in page


def test_where_it_was_not_asked(signed_in, door, draw):
    """Of a photo nothing is asked, and the page says so."""
    (found,) = door.app.check(draw("photo.png", (2,)))
    told = words_of(signed_in().get(f"/why/{found.sighting}").text)
    assert "Was a living face there? This was not asked: a single photo does not move" in told


def test_other_systems_are_told(door):
    """Webhooks and brokers hear of the note with the mark, and of the ruling with the review."""
    door.see(1)
    door.see(2, {"planar": PLANE})
    room = door.app.newsroom
    facts = [NewsFacts(door.app.gallery, room).told(each) for each in room.after(0)]
    told = {each["kind"]: each["decision"]["liveness"] for each in facts if each["decision"]}
    assert {"mark.made": "unsure", "review.waiting": "attack"} == told


def test_the_evidence_of_a_mark_keeps_the_note(door):
    """So do the proof of a day, what a person is handed, and what the review's command shows."""
    found = door.see(1)
    (mark,) = door.app.marks.of_session(1)
    assert "unsure" == mark.evidence["liveness"]
    seen = door.see(2, {"planar": PLANE}, wanted="require")
    lines = [*door.app.reviews.seen(seen.sighting).lines()]
    assert f"living     {RULINGS['attack']}" in lines
    assert any(each.startswith("           How the face turns: it moved as a flat picture does") for each in lines)
    assert any(each.startswith("why        moves as a picture: what was seen") for each in lines)
    assert found.mark == mark.id
    door.app.reviews.confirm(Actor("Grace"), seen.sighting, keep=True)
    confirmed = [each for each in door.app.marks.of_session(1) if each.id != mark.id]
    assert ["attack"] == [each.evidence["liveness"] for each in confirmed]
