"""Reviews as pages work through them: seen by those who may, settled, taken back, and faces enrolled on request."""

from datetime import timedelta

import pytest

from attendance.access import Actor
from attendance.errors import MarkUnknown, SightingFaceless, SightingOpen, SightingSettled, SightingUnknown
from attendance.register.retention import UNDO
from attendance.service_errors import GroupsRefused
from enroll.errors import PhotoRefused
from gallery import PersonUnknown, history
from gallery.errors import DuplicateId
from gallery.repositories import corrections

UNSURE = 25  # percent: above the review threshold of three people, below the one of a mark
FIRST, SECOND = Actor("Grace", door="web"), Actor("Linus", door="web")


@pytest.fixture
def people(app, draw):
    """Ada of 7a, Bob of 7b and Cid of neither are enrolled."""
    for number, (name, group) in enumerate((("Ada", ["7a"]), ("Bob", ["7b"]), ("Cid", [])), 1):
        app.enroll(draw(f"{name}.png", (number,), seed=number), name=name, external_id=f"E-{number}", groups=group)
    return app


@pytest.fixture
def seen(people, draw):
    """A face that may be somebody: ``seen(1)`` may be Ada; the number of its sighting."""
    count = iter(range(1, 1000))

    def look(person: int, likeness: int = UNSURE, **scope) -> int:
        (found,) = people.check(draw(f"door{next(count)}.png", (person, likeness), seed=50 + person), **scope)
        return found.sighting

    return look


def marks_of(app, sighting: int) -> list[tuple[int, bool]]:
    found = app.marks.of_session(app.sessions.held(None, app.clock.utc()).id)
    return [(each.person, each.valid) for each in found if each.sighting == sighting]


def events_of(app, sighting: int) -> list[tuple[str, str]]:
    with app.store.reading() as view:
        return [(e.action, e.by) for e in history(view, subject=sighting) if "sighting" in e.action]


def test_a_teacher_sees_reviews_of_their_people_alone(people, seen):
    """Whose people are of 7a sees Ada's review and none of Bob's; what they do not see is not there for them."""
    of_ada, of_bob = seen(1), seen(2)
    desk = people.review_desk
    assert [of_ada] == [each.number for each in desk.waiting({"7a"})]
    assert [of_ada, of_bob] == [each.number for each in desk.waiting(None)]
    assert (1, 2) == (desk.count({"7a"}), desk.count(None))
    for act in (
        lambda: desk.of({"7a"}, of_bob),
        lambda: desk.face({"7a"}, of_bob),
        lambda: desk.settle(FIRST, {"7a"}, of_bob, "stranger"),
        lambda: desk.undo(FIRST, {"7a"}, of_bob),
    ):
        with pytest.raises(SightingUnknown, match="there is no sighting of this number"):
            act()


def test_a_review_of_ones_own_session_hides_who_is_not_ones_own(people, seen):
    """In a session of 7a a face that may be Bob, of 7b by now, has no name there, and cannot be confirmed as his."""
    people.people.put_in(FIRST, "E-2", ["7a"])
    people.sessions.open("Maths", at=people.clock.utc(), group="7a")
    number = seen(2, session="Maths")
    people.people.put_in(FIRST, "E-2", ["7b"])
    item = people.review_desk.of({"7a"}, number)
    assert (True, None) == (item.hidden, item.person)
    assert [(None, True), ("Ada", False)] == [(each.person and each.person.name, each.hidden) for each in item.rivals]
    with pytest.raises(PersonUnknown, match="none of yours"):
        people.review_desk.settle(FIRST, {"7a"}, number, "right")
    with pytest.raises(PersonUnknown, match="nobody of this name"):
        people.review_desk.give(FIRST, {"7a"}, number, "E-2")
    given = people.review_desk.give(FIRST, {"7a"}, number, "E-1")
    assert "Ada" == people.gallery.find(given.mark.person).name


@pytest.mark.parametrize("say", ["right", "give", "stranger"])
def test_what_was_said_is_taken_back(people, seen, say):
    """The mark made by it is void, the sighting waits with its face, and everything said is there with its actor."""
    number, desk = seen(1), people.review_desk
    before = desk.waiting(None)
    said = desk.give(FIRST, None, number, "E-2") if say == "give" else desk.settle(FIRST, None, number, say)
    assert [] == desk.waiting(None)
    desk.undo(SECOND, None, number)
    assert [each.number for each in before] == [each.number for each in desk.waiting(None)]
    assert before[0].review.face
    assert [] == [each for each in marks_of(people, number) if each[1]]
    assert [(f"sighting.{said.correction.kind}", "Grace"), ("sighting.reopen", "Linus")] == events_of(people, number)
    assert [] == people.gallery.verify()

    again = desk.settle(SECOND, None, number, "right")
    assert (True, people.gallery.find("Ada").id) == (again.new, again.mark.person)
    assert [(again.mark.person, True)] == [each for each in marks_of(people, number) if each[1]]
    assert [] == people.gallery.verify()


def test_void_takes_the_mark_along_and_undo_brings_it_back(people, seen):
    """Where the person named was marked by mistake, one word says both; taken back, the mark counts again."""
    (sure,) = people.check(people.home.parent / "photos" / "Ada.png")
    number, desk = seen(1), people.review_desk
    assert sure.mark == desk.of(None, number).mark.id
    voided = desk.settle(FIRST, None, number, "void")
    assert (sure.mark, "Grace", "dismiss") == (voided.mark.id, voided.mark.voided_by, voided.correction.kind)
    assert "absent" == people.report()[0].status
    desk.undo(FIRST, None, number)
    assert "present" == people.report()[0].status
    assert [] == people.gallery.verify()


def test_void_without_a_mark_is_refused(people, seen):
    """There is nothing to void where the person has no mark in the session: the review waits on."""
    number = seen(1)
    with pytest.raises(MarkUnknown, match="no mark in that session"):
        people.review_desk.settle(FIRST, None, number, "void")
    assert [number] == [each.number for each in people.review_desk.waiting(None)]


def test_a_second_reviewer_hears_who_was_first(people, seen):
    """Two look at one review: the second is told who has settled it, and nothing is changed."""
    number = seen(1)
    people.review_desk.settle(FIRST, None, number, "right")
    with pytest.raises(SightingSettled, match="Grace has looked at it"):
        people.review_desk.settle(SECOND, None, number, "stranger")
    assert [("sighting.confirm", "Grace")] == events_of(people, number)


def test_nothing_said_is_nothing_to_take_back(people, seen):
    """A review that waits cannot be opened again, and neither can one that was."""
    number = seen(1)
    with pytest.raises(SightingOpen):
        people.review_desk.undo(FIRST, None, number)
    people.review_desk.settle(FIRST, None, number, "stranger")
    people.review_desk.undo(FIRST, None, number)
    with pytest.raises(SightingOpen):
        people.review_desk.undo(FIRST, None, number)


def test_many_at_once_stop_at_none(people, seen):
    """Several are settled in one go; one that somebody has settled is named, and the others are done."""
    numbers = [seen(1), seen(2), seen(3)]
    people.review_desk.settle(FIRST, None, numbers[1], "stranger")
    found = people.review_desk.many(SECOND, None, [*numbers, 99], "right")
    assert [True, False, True, False] == [each.refused is None for each in found]
    assert ["sighting.settled", "sighting.unknown"] == [each.refused.id for each in found if each.refused]
    assert [] == people.review_desk.waiting(None)


def test_the_face_stays_while_it_can_be_taken_back(people, seen, clock):
    """Some minutes after somebody has looked the face goes for good, whoever looks in."""
    number = seen(1)
    people.review_desk.settle(FIRST, None, number, "right")
    clock.forward(seconds=UNDO.total_seconds() - 1)
    assert (0, True) == (people.retention.purge(FIRST), people.review_desk.of(None, number).review.face)
    clock.forward(seconds=2)
    assert (1, None) == (people.retention.purge(FIRST), people.reviews.face(number))
    with pytest.raises(SightingFaceless):
        people.review_desk.face(None, number)


def test_a_confirmed_face_is_no_photo_until_somebody_asks(people, draw):
    """Confirming makes no template; filing the face is a step of its own, with an event."""
    people.enroll(draw("dan.png", (40,)), name="Dan", external_id="E-4")
    (found,) = people.check(draw("door.png", (40, 30)))
    assert "review" == found.decision
    people.review_desk.settle(FIRST, None, found.sighting, "right")
    assert 1 == len(people.gallery.templates_of("E-4"))
    added = people.review_desk.add_photo(FIRST, None, found.sighting)
    assert ("E-4", 2) == (added.person.id, len(people.gallery.templates_of("E-4")))


def test_a_face_of_nobody_said_is_nobodys_photo(people, seen):
    """What waits, and what was found to be a stranger, is filed for nobody."""
    number = seen(1)
    with pytest.raises(SightingUnknown, match="whose face"):
        people.review_desk.add_photo(FIRST, None, number)
    people.review_desk.settle(FIRST, None, number, "stranger")
    with pytest.raises(SightingUnknown, match="whose face"):
        people.review_desk.add_photo(FIRST, None, number)


def test_a_face_that_was_small_in_its_picture_is_refused(people, seen, monkeypatch, pipeline):
    """What is kept is of one size: the face counts by what it measured where it was seen."""
    number = seen(1)
    people.review_desk.settle(FIRST, None, number, "right")
    monkeypatch.setattr(pipeline, "enrol_limits", pipeline.enrol_limits.__class__(61, *_rest(pipeline.enrol_limits)))
    with pytest.raises(PhotoRefused, match="face_too_small"):
        people.review_desk.add_photo(FIRST, None, number)


def _rest(limits):
    import dataclasses

    return [getattr(limits, each.name) for each in dataclasses.fields(limits)][1:]


@pytest.fixture
def strangers(home, clock, pipeline, draw):
    """A home that keeps the faces of strangers for a day."""
    from attendance import Attendance

    flags = {"guard_people": 0, "keep_unknown_days": 1}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        opened.enroll(draw("ada.png", (1,)), name="Ada", external_id="E-1", groups=["7a"])
        yield opened


def test_strangers_of_today_are_somebody_after_all(strangers, draw, clock):
    """A face that was nobody's is given to somebody, who is marked by it; yesterday's are not listed."""
    (found,) = strangers.check(draw("door.png", (40, 90)))
    desk = strangers.review_desk
    assert ("unknown", [found.sighting]) == (found.decision, [each.number for each in desk.unknown(None)])
    assert [] == desk.unknown({"7a"})
    given = desk.give(FIRST, None, found.sighting, "E-1")
    assert ("reassign", True, []) == (given.correction.kind, given.new, desk.unknown(None))
    desk.undo(FIRST, None, found.sighting)
    assert [found.sighting] == [each.number for each in desk.unknown(None)]
    clock.forward(days=1)
    assert [] == desk.unknown(None)


def test_a_stranger_is_enrolled_as_somebody_new(strangers, draw):
    """The kept face becomes a person of that name and id, who is marked by it; a taken id is refused."""
    (found,) = strangers.check(draw("door.png", (40, 90)))
    desk = strangers.review_desk
    with pytest.raises(DuplicateId):
        desk.enrol(FIRST, None, found.sighting, "Eve", "E-1", ())
    with pytest.raises(SightingUnknown):
        desk.enrol(FIRST, {"7a"}, found.sighting, "Eve", "E-9", ["7a"])
    given = desk.enrol(FIRST, None, found.sighting, "Eve", "E-9", ["7a"])
    eve = strangers.gallery.find("E-9")
    assert ("Eve", ("7a",), eve.id, True) == (eve.name, tuple(eve.groups), given.mark.person, given.new)
    assert [] == strangers.gallery.verify()


def test_a_face_becomes_no_photo_of_somebody_who_is_there(strangers, draw):
    """By a name that is somebody's no face is filed for them, whoever asks; nor for a settled face, or for no group."""
    strangers.enroll(draw("bob.png", (2,)), name="Bob", external_id="E-2", groups=["7b"])
    strangers.session_book.open(strangers.actor, "Lesson", group="7a")
    (found,) = strangers.check(draw("door.png", (40, 90)), session="Lesson")
    desk, before = strangers.review_desk, _filed_of(strangers)
    for groups in (None, {"7a"}):
        with pytest.raises(DuplicateId):
            desk.enrol(FIRST, groups, found.sighting, "Bob", None, ["7a"])
    for into in ((), ("7b",), ("7a", "7b")):
        with pytest.raises(GroupsRefused):
            desk.enrol(FIRST, {"7a"}, found.sighting, "Eve", "E-9", into)
    desk.settle(FIRST, None, found.sighting, "stranger")
    with pytest.raises(SightingSettled):
        desk.enrol(FIRST, {"7a"}, found.sighting, "Eve", "E-9", ["7a"])
    assert before == _filed_of(strangers)


def _filed_of(app) -> dict[str, int]:
    return {each.name: len(app.gallery.templates_of(each.id)) for each in app.gallery.people(active=None)}


def test_people_are_found_as_they_are_typed(people):
    """Every word counts, in name or id, in any case; one's own people alone are found."""
    desk = people.review_desk
    assert ["Bob"] == [each.name for each in desk.people(None, "bO")]
    assert ["Cid"] == [each.name for each in desk.people(None, "e-3 cid")]
    assert ["Ada"] == [each.name for each in desk.people({"7a"}, "")]
    assert [] == desk.people({"7a"}, "Bob")


def test_what_was_settled_last_comes_first(people, seen, clock):
    """The list of settled reviews tells the latest word first, without those that were taken back."""
    numbers = [seen(1), seen(2), seen(3)]
    for each in numbers:
        clock.forward(seconds=1)
        people.review_desk.settle(FIRST, None, each, "stranger")
    people.review_desk.undo(FIRST, None, numbers[1])
    assert [numbers[2], numbers[0]] == [each.number for each in people.review_desk.settled(None)]
    assert [numbers[0]] == [each.number for each in people.review_desk.settled({"7a"})]


def test_an_undo_of_long_ago_has_no_face(people, seen, clock):
    """It waits again, by its numbers alone."""
    number = seen(1)
    people.review_desk.settle(FIRST, None, number, "right")
    clock.forward(hours=1)
    people.retention.purge(FIRST)
    people.review_desk.undo(FIRST, None, number)
    (item,) = people.review_desk.waiting(None)
    assert (number, False) == (item.number, item.review.face)
    with people.store.reading() as view:
        assert ["confirm", "restore"] == [each.kind for each in corrections.of_sighting(view, number)]
    assert timedelta(minutes=5) < UNDO
