"""Somebody looks at a review: confirmed, given to another, or dismissed; nothing that was recorded changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from attendance import Attendance
from attendance.errors import SightingSettled, SightingUnknown
from attendance.register.review import CREDENTIAL_GONE, KIOSK_GONE, REASONS
from attendance.services.checking import Hooks
from gallery import PersonInactive, PersonUnknown, history
from gallery.repositories import corrections, sightings

UNSURE = 25  # percent: above the review threshold of three people, below the one of a mark


@pytest.fixture
def people(app, draw) -> Attendance:
    """Ada, Bob and Cid are enrolled."""
    for number, name in enumerate(("Ada", "Bob", "Cid"), 1):
        app.enroll(draw(f"{name}.png", (number,), seed=number), name=name, external_id=f"E-{number}")
    return app


@pytest.fixture
def review(people, draw) -> int:
    """A picture of somebody who may be Ada; the number of its sighting."""
    (found,) = people.check(draw("door.png", (1, UNSURE)))
    assert ("review", "E-1", None) == (found.decision, found.person.id, found.mark)
    return found.sighting


def all_of(app: Attendance) -> list:
    with app.store.reading() as view:
        return [sightings.by_id(view, number) for number in range(1, app.gallery.stats().sightings + 1)]


def marked(app: Attendance) -> list[tuple]:
    return [(m.person, m.sighting, m.valid) for m in app.marks.of_session(app.sessions.held(None, app.clock.utc()).id)]


def plain(app: Attendance) -> list[tuple[str, str]]:
    return [(row.person.name, row.status) for row in app.report()]


def test_a_review_waits_with_its_face(people, review, clock):
    """It is listed with whom it may be, its numbers, and the face, sealed in the database and opened to look at."""
    (found,) = people.reviews.waiting()
    told = found.to_dict()
    assert (review, clock.now, "Ada", True) == (told["sighting"], found.sighting.at, found.person.name, found.face)
    assert ("2026-03-02", ["close_call"], "E-1") == (told["session"], told["reasons"], told["person"]["id"])
    assert ["E-1", "E-2", "E-3"] == [each["id"] for each in told["candidates"]]
    with Image.open(BytesIO(people.reviews.face(review))) as picture:
        assert np.array_equal(np.full((112, 112, 3), 1, np.uint8), np.asarray(picture))


def test_confirmed_is_marked(people, review, clock):
    """The person is marked at the time of the picture, the mark rests on it, and who said so and when is told."""
    clock.forward(hours=2)
    settled = people.reviews.confirm(people.actor, review, reason="I know her")
    (mark,) = people.marks.of_session(people.sessions.held(None, people.clock.utc()).id)

    assert (True, mark.id, "file", review) == (settled.new, settled.mark.id, mark.how, mark.sighting)
    assert (clock.now - timedelta(hours=2), clock.now) == (mark.at, mark.entered)
    assert ("confirm", "I know her", people.actor.name, clock.now, None) == (
        settled.correction.kind,
        settled.correction.reason,
        settled.correction.by,
        settled.correction.at,
        settled.correction.person,
    )
    assert [("Ada", "present"), ("Bob", "absent"), ("Cid", "absent")] == plain(people)
    assert ("review", None, []) == (all_of(people)[0].ruling, people.reviews.face(review), people.gallery.verify())


def test_reassigned_marks_the_other(people, review):
    """Somebody else is marked by this face, and whom the program named is not."""
    before = all_of(people)
    settled = people.reviews.reassign(people.actor, review, "Bob", reason="her brother")
    bob = people.gallery.find("Bob").id

    assert ("reassign", bob, bob, True) == (
        settled.correction.kind, settled.correction.person, settled.mark.person, settled.new,
    )  # fmt: skip
    assert [(bob, review, True)] == marked(people)
    assert (before, [], None) == (all_of(people), people.gallery.verify(), people.reviews.face(review))


def test_reassigned_to_whom_it_named_is_confirmed(people, review):
    """Giving a review to the person it names is confirming it."""
    assert "confirm" == people.reviews.reassign(people.actor, review, "E-1").correction.kind


def test_dismissed_marks_nobody(people, review):
    """Nobody is marked, the face is gone, and nothing waits."""
    settled = people.reviews.dismiss(people.actor, review, reason="a poster")
    assert ("dismiss", None, []) == (settled.correction.kind, settled.mark, marked(people))
    assert ([], None) == (people.reviews.waiting(), people.reviews.face(review))
    with people.store.reading() as view:
        assert [("sighting.dismiss", people.actor.name)] == [
            (e.action, e.by) for e in history(view, action="sighting.dismiss")
        ]


@pytest.mark.parametrize("first", ["confirm", "dismiss"])
def test_what_was_said_stays(people, review, first):
    """A second word on the same sighting is refused, and changes nothing."""
    getattr(people.reviews, first)(people.actor, review)
    before = marked(people)
    reviews = people.reviews
    for again in (reviews.confirm, reviews.dismiss, lambda actor, number: reviews.reassign(actor, number, "Bob")):
        with pytest.raises(SightingSettled, match=f"{people.actor.name} has looked at it at 2026-03-02.*{first}"):
            again(people.actor, review)
    with people.store.reading() as view:
        assert (before, 1) == (marked(people), len(corrections.of_sighting(view, review)))


def test_what_nobody_need_look_at(people, draw):
    """A sighting that is no review, one that is not there, and a person who is not: refused, and nothing is written."""
    (present,) = people.check(draw("sure.png", (1, 90)))
    for action in (people.reviews.confirm, people.reviews.dismiss):
        with pytest.raises(SightingSettled, match="was ruled present"):
            action(people.actor, present.sighting)
        with pytest.raises(SightingUnknown):
            action(people.actor, 99)
    (unsure,) = people.check(draw("unsure.png", (2, UNSURE)))
    with pytest.raises(PersonUnknown):
        people.reviews.reassign(people.actor, unsure.sighting, "Nobody")
    assert [unsure.sighting] == [each.sighting.id for each in people.reviews.waiting()]


@pytest.mark.parametrize("minutes", [0, 10])
def test_confirming_whom_a_camera_marked_before(people, draw, clock, minutes):
    """Where the person was marked earlier in the session, or at that moment, no second mark is due."""
    list(people.check(draw("sure.png", (1, 90))))
    clock.forward(minutes=minutes)
    (unsure,) = people.check(draw("unsure.png", (1, UNSURE)))
    settled = people.reviews.confirm(people.actor, unsure.sighting)
    assert (False, 1) == (settled.new, len(marked(people)))
    assert settled.mark.id == people.marks.of_session(people.sessions.held(None, people.clock.utc()).id)[0].id


def test_confirming_an_earlier_face(people, review, draw, clock):
    """Where the camera was sure only later, the confirmed face tells when the person came: that mark counts."""
    clock.forward(minutes=10)
    list(people.check(draw("sure.png", (1, 90))))
    settled = people.reviews.confirm(people.actor, review)
    row = people.report()[0]
    assert (True, 2, settled.mark.id) == (settled.new, len(marked(people)), row.mark.id)
    assert clock.now - timedelta(minutes=10) == row.mark.at
    assert 1 == people.gallery.stats().marks


def test_confirming_whom_somebody_entered_without_a_time(people, review, clock):
    """A mark of no known time says nothing of when the person came: the confirmed face does, and it counts."""
    people.sessions.close("2026-03-02", at=clock.now)
    clock.forward(days=1)
    assert not people.enter("Ada", session="2026-03-02").mark.time_is_known
    settled = people.reviews.confirm(people.actor, review)
    (row,) = people.report(first=date(2026, 3, 2), last=date(2026, 3, 2))[:1]
    assert (True, settled.mark.id, 1) == (settled.new, row.mark.id, people.gallery.stats().marks)


def test_confirming_after_a_void(people, draw):
    """A face after a void mark is a review; whoever looks may mark the person anew, and the void mark stays void."""
    list(people.check(draw("sure.png", (1, 90))))
    people.void("Ada", reason="her sister")
    (again,) = people.check(draw("again.png", (1, 91)))
    assert ("review", ("mark_voided",)) == (again.decision, again.reasons)
    assert people.reviews.confirm(people.actor, again.sighting).new
    assert [False, True] == sorted(valid for _, _, valid in marked(people))
    assert "present" == people.report()[0].status


def test_confirming_in_a_closed_session(people, draw, clock):
    """As by hand, a closed session takes the mark."""
    people.sessions.open("Maths", at=clock.now)
    (unsure,) = people.check(draw("unsure.png", (1, UNSURE)), session="Maths")
    clock.forward(hours=1)
    people.sessions.close("Maths", at=clock.now)
    assert people.reviews.confirm(people.actor, unsure.sighting).new
    assert "present" == people.report(session="Maths")[0].status


def test_confirming_in_a_day_gone_by(people, draw):
    """A face of a recording of a day gone by makes a mark of that day, of no known time."""
    (unsure,) = people.check(draw("unsure.png", (1, UNSURE)), session="2026-03-01")
    mark = people.reviews.confirm(people.actor, unsure.sighting).mark
    assert (datetime(2026, 3, 1, tzinfo=UTC), False) == (mark.at, mark.time_is_known)


def test_who_has_left_is_not_marked(people, review, clock):
    """Somebody who did not belong then is not marked, and the review still waits."""
    people.leaving.set_active(people.actor, "Ada", False, since=clock.now.date())
    with pytest.raises(PersonInactive):
        people.reviews.confirm(people.actor, review)
    assert ([], [review]) == (marked(people), [each.sighting.id for each in people.reviews.waiting()])


def test_a_removed_person_takes_the_review_along(people, review, clock, home):
    """With the person the sighting and its face are gone, to the byte."""
    with people.store.reading() as view:
        from gallery.schema import SightingCrop

        sealed = view.get(SightingCrop, review).picture
    people.gallery.remove("Ada", at=clock.now, by="t")
    with pytest.raises(SightingUnknown):
        people.reviews.confirm(people.actor, review)
    assert not any(sealed[1:29] in path.read_bytes() for path in home.iterdir())


def test_a_merged_person_keeps_the_review(people, review, clock):
    """Whom a review named is, after a merge, the one they were merged into."""
    people.gallery.merge("Ada", "Bob", at=clock.now, by="t")
    (found,) = people.reviews.waiting()
    assert ("Bob", "Bob") == (found.person.name, found.candidates[0]["name"])
    assert people.gallery.find("Bob").id == people.reviews.confirm(people.actor, review).mark.person
    assert [] == people.gallery.verify()


def test_a_review_that_names_nobody(people, pipeline):
    """A doubt about a track that is like nobody waits, too: it can be given to somebody, but not be confirmed."""
    (stranger,) = people.judge([pipeline._face(0, 9, 90, 0)], source="door", track=True)
    doubt = replace(stranger, decision="review", person=None, track=3)
    number = people.record(doubt).sighting
    (found,) = people.reviews.waiting()
    assert (number, None, None) == (found.sighting.id, found.person, found.to_dict()["person"])
    with pytest.raises(PersonUnknown):
        people.reviews.confirm(people.actor, number)
    assert people.gallery.find("Bob").id == people.reviews.reassign(people.actor, number, "Bob").mark.person
    assert [] == people.gallery.verify()


# How long faces are kept


def test_a_face_goes_after_its_days(people, review, clock, home, draw):
    """A run after the days that are set deletes the face, and overwrites it; a moment before it does not."""
    clock.forward(days=30, milliseconds=-1)
    list(people.check(draw("later.png", (2, 90))))
    assert people.reviews.face(review) is not None
    clock.forward(milliseconds=1)
    people.note_check("file")
    assert (None, [review]) == (
        people.reviews.face(review),
        [each.sighting.id for each in people.reviews.waiting()],
    )
    with people.store.reading() as view:
        (told,) = history(view, action="sighting.purge")
    assert ({"faces": 1}, None) == (told.details, people.store.unerased())
    assert [] == [path.name for path in home.iterdir() if path.name.endswith("-wal") and path.stat().st_size > 10**6]


def test_a_dry_run_purges_nothing(people, review, clock, draw):
    """A dry run writes nothing, and deletes nothing."""
    clock.forward(days=31)
    list(people.check(draw("later.png", (2, 90)), dry_run=True))
    assert people.reviews.face(review) is not None
    assert 1 == people.retention.purge(people.actor)
    assert (0, None) == (people.retention.purge(people.actor), people.reviews.face(review))


@pytest.mark.parametrize(("days", "kept"), [(0, False), (1, True)])
def test_faces_of_strangers(home, clock, pipeline, draw, days, kept):
    """Of a stranger no face is kept, unless the settings say for how many days."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"keep_unknown_days": days}) as app:
        app.enroll(draw("ada.png", (1,)), name="Ada")
        (found,) = app.check(draw("door.png", (9, 90)))
        assert "unknown" == found.decision
        assert kept is (app.reviews.face(found.sighting) is not None)
        assert [] == app.reviews.waiting()
        clock.forward(days=1)
        app.retention.purge(app.actor)
        assert app.reviews.face(found.sighting) is None


# What is stored


def test_every_ruling_is_stored(people, draw, clock):
    """One picture, all rulings: a sighting of each as it was given out, with numbers, session, and people by key."""
    list(people.check(draw("first.png", (2, 90))))
    found = list(people.check(draw("class.png", (1, 90), (2, 90), (3, UNSURE), (9, 90), (4, 90, 1)), session=None))
    kinds = ["present", "already", "review", "unknown", "refused"]
    seen = all_of(people)[1:]
    assert (kinds, kinds) == ([each.decision for each in found], [each.ruling for each in seen])
    assert [each.sighting for each in found] == [each.id for each in seen]
    assert ["mark", "mark", "review", "unknown", "refused"] == [each.retention for each in seen]
    assert [1, 2, 3, None, None] == [each.person for each in seen]
    assert {(people.sessions.held(None, people.clock.utc()).id, clock.now, "file", people.pipeline.id)} == {
        (each.session, each.at, each.means, each.pipeline) for each in seen
    }
    for decision, each in zip(found, seen, strict=True):
        told = decision.to_dict()
        for name in ("source", "frame", "track", "box", "score", "cosine", "threshold", "margin", "gallery_size"):
            assert told[name] == getattr(each, name), name
        assert (told["reasons"], told["quality"]) == (list(each.reasons), each.quality)
        assert [c.person.key for c in decision.candidates] == [c.key for c in each.candidates]
    (mark,) = [each for each in people.marks.of_session(seen[0].session) if each.person == 1]
    assert (found[0].mark, found[0].sighting) == (mark.id, mark.sighting)
    assert 1 == len(people.reviews.waiting())


def test_faces_are_kept_of_reviews_alone(people, draw):
    """Of whoever was marked, was a stranger, or could not be judged, no face is kept."""
    found = list(people.check(draw("class.png", (1, 90), (3, UNSURE), (9, 90), (4, 90, 1))))
    assert ["review"] == [each.decision for each in found if people.reviews.face(each.sighting) is not None]


def test_a_dry_run_stores_nothing(people, draw):
    """What is only tried out leaves no sighting."""
    (found,) = people.check(draw("door.png", (1, UNSURE)), dry_run=True)
    assert (None, 0) == (found.sighting, people.gallery.stats().sightings)


def test_what_fails_leaves_no_sighting(people, draw, monkeypatch):
    """Where a mark cannot be made, of its picture no sighting is left either."""
    monkeypatch.setattr(type(people.marks), "mark_in", lambda *_: 1 / 0)
    list(people.check(draw("class.png", (1, 90), (9, 90)), on_problem=lambda _: None))
    assert (0, []) == (people.gallery.stats().sightings, people.gallery.verify())


def test_a_track_is_a_sighting(people, pipeline):
    """Before a camera each decision on a track is one, with its number of frame and track, and the face of a review."""
    face = pipeline._face(0, 1, UNSURE + 5, 0)
    (decision,) = people.judge([face], source="door", frame=40, track=True)
    found = people.record(replace(decision, track=7), crop=face.crop)
    (seen,) = all_of(people)
    assert ("camera", "door", 40, 7, "review") == (seen.means, seen.source, seen.frame, seen.track, seen.ruling)
    assert people.reviews.face(found.sighting) is not None


def test_statements_of_strangers(people, pipeline, statements):
    """However many strangers a picture shows, its sightings cost one statement, and their news another."""
    list(people.record_picture(people.judge([pipeline._face(0, 9, 90, 0)], source="x"), how="file"))
    for count in (2, 8):
        decisions = people.judge([pipeline._face(place, 20 + place, 90, 0) for place in range(count)], source="x")
        statements.clear()
        people.record_picture(decisions, how="file")
        assert (5, count) == (len(statements), len(decisions))


def test_a_sighting_in_a_closed_session(people, pipeline, clock):
    """A stranger who passes when the session is closed is seen all the same, and nobody is marked."""
    people.sessions.open("Maths", at=clock.now)
    people.sessions.close("Maths", at=clock.now)
    (decision,) = people.judge([pipeline._face(0, 9, 90, 0)], source="x")
    assert people.record(decision, "Maths").sighting is not None


def test_a_review_of_a_place_and_a_look_alike(people, draw, clock):
    """What waits tells where the face was seen, and who of those it was compared with is remembered as alike."""
    people.gallery.remember_lookalike("E-1", "E-3", 0.2, at=clock.utc(), by="test")
    people.gallery.remember_lookalike("E-2", "E-3", 0.2, at=clock.utc(), by="test")
    place = people.places.add(people.actor, "Front door", "0").place
    (found,) = people.checks.run(people.actor, [draw("door.png", (1, UNSURE))], people.scope(place=place), Hooks())
    (waits,) = people.reviews.waiting()
    assert ("Front door", ["E-3"]) == (waits.place, [each.id for each in waits.lookalikes])
    assert "look-alike Cid (E-3)" in waits.evidence
    assert any(line.endswith("Cid (E-3) 0.000, remembered as a look-alike") for line in waits.lines())
    people.gallery.merge("E-3", "E-2", at=clock.utc(), by="test")
    assert ["E-2"] == [each.id for each in people.reviews.of(found.sighting).lookalikes]


def test_what_was_said_is_told_afterwards(people, review):
    """A review that somebody has decided is still there to read, with who said what, and it waits no more."""
    assert 1 == people.reviews.count()
    people.reviews.dismiss(people.actor, review, reason="a poster")
    found = people.reviews.of(review).to_dict()
    assert 0 == people.reviews.count()
    said = {"kind": "dismiss", "at": "2026-03-02T07:58:11.204Z", "by": people.actor.name, "reason": "a poster"}
    assert (False, [said]) == (found["face"], found["said"])
    assert f"review {review}: dismiss by {people.actor.name}, 2026-03-02 07:58: a poster" == next(
        iter(people.reviews.of(review).lines())
    )


def test_every_reason_of_a_review_has_words():
    """Each reason for which the program itself asks somebody to look is told in words."""
    from attendance.judge import decision, voting
    from attendance.live import living

    late = {CREDENTIAL_GONE, KIOSK_GONE}
    own = {decision.CLOSE_CALL, decision.SMALL_LEAD, decision.LOOK_ALIKE, decision.PERSON_TAKEN, decision.MARK_VOIDED}
    looked = {living.LIVENESS_ATTACK, living.LIVENESS_UNSURE, living.VIRTUAL_CAMERA}
    assert own | late | looked | {voting.FEW_FRAMES, voting.TRACK_SWITCHED} == REASONS.keys()
