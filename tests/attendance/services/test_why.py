"""Why a decision was made: what was kept of it comes to the same again; nobody sees what is not theirs."""

import dataclasses
import random

import numpy as np
import pytest
from PIL import Image

from attendance.access import Actor
from attendance.errors import MarkUnknown, SightingUnknown
from attendance.judge.voting import Vote
from attendance.live.living import LIVENESS
from attendance.live.ruled import Ruled
from attendance.live.vote import VOTE
from attendance.liveness import Said
from attendance.services.why import replayed
from gallery.repositories import sightings

UNSURE = 25  # percent: above the review threshold of three people, below the one of a mark
GRACE = Actor("Grace", door="web")


@pytest.fixture
def people(app, draw):
    """Six people of two groups are enrolled, the first two as look-alikes."""
    for number in range(1, 7):
        app.enroll(
            draw(f"{number}.png", (number,), seed=number),
            name=f"Person {number}",
            external_id=f"E-{number}",
            groups=["7a" if number % 2 else "7b"],
        )
    app.gallery.remember_lookalike("E-1", "E-2", 0.2, at=app.clock.utc(), by="t")
    return app


def all_seen(app) -> list:
    with app.store.reading() as view:
        return [sightings.by_id(view, number) for number in range(1, app.gallery.stats().sightings + 1)]


def test_every_decision_of_random_pictures_is_decided_again(people, draw):
    """Whatever was on eighty random pictures, judged, recorded and read back, it comes to the same decision."""
    chance = random.Random(7)  # noqa: S311 - no secret
    for number in range(80):
        faces = [
            (chance.randint(1, 8), chance.choice([10, 20, 22, 25, 28, 30, 31, 40, 90]), chance.choice([0] * 6 + [1]))
            for _ in range(chance.randint(1, 5))
        ]
        list(people.check(draw(f"many{number}.png", *faces, seed=100 + number)))
    seen = all_seen(people)
    assert {"present", "already", "review", "unknown", "refused"} == {each.ruling for each in seen}
    assert {"person_taken", "close_call"} <= {reason for each in seen for reason in each.reasons}
    assert [(each.id, True) for each in seen] == [(each.id, replayed(each).same) for each in seen]


def test_a_track_is_decided_again_with_its_votes(people, pipeline, draw):
    """A joint decision and how the looks voted are kept: too few looks are told from enough, and doubts from none."""
    with Image.open(draw("door.png", (1, 90))) as picture:
        faces = pipeline.faces(np.asarray(picture))
    for vote, ruling in (
        (Vote(3, 4, 3), "present"),
        (Vote(1, 4, 3), "review"),
        (Vote(3, 4, 3, doubts=("flat",)), "review"),
        (Vote(0, 2, 3, switched=True), "review"),
    ):
        (joint,) = people.judging.judge(faces, source="cam", frame=1, at=people.clock.utc(), track=True)
        reasons = (*joint.reasons, *vote.reasons(joint.decision))
        told = dataclasses.replace(
            joint, decision=ruling, reasons=reasons, track=1, judged={**joint.judged, VOTE: vote.to_dict()}
        )
        recorded = people.desk.record(told, means="camera")
        found = people.whys.of(None, recorded.sighting)
        assert (True, vote) == (found.replay.same, found.replay.vote)


def test_a_track_is_decided_again_with_its_liveness(people, pipeline, draw):
    """What the cues said is kept unrounded with every decision of a track, and comes to ruling and reasons again."""
    chance = random.Random(3)  # noqa: S311 - no secret
    rulings = set()
    for number in range(60):
        with Image.open(draw(f"door{number}.png", (1, chance.choice([UNSURE, 90, 90])))) as picture:
            (joint,) = people.judging.judge(
                pipeline.faces(np.asarray(picture)), source="cam", frame=1, at=people.clock.utc(), track=True
            )
        vote = Vote(chance.randint(2, 4), 4, 3)
        reasons = vote.reasons(joint.decision)
        settled = dataclasses.replace(
            joint,
            decision="review" if reasons else joint.decision,
            reasons=(*joint.reasons, *reasons),
            judged={**joint.judged, VOTE: vote.to_dict()},
            track=number,
        )
        ruled = Ruled(
            chance.choice(["review", "require"]),
            {
                name: Said(chance.choice([-0.9, 0.1, 0.9]), chance.random(), "x", {"n": chance.random()})
                for name in "abc"
            },
            asked=chance.random() < 0.2,
            challenge="a",
            distrust=chance.choice([(), (), ("virtual_camera",)]),
        )
        recorded = people.desk.record(ruled.applied(settled), means="camera")
        found = people.whys.of(None, recorded.sighting).replay
        assert (True, vote, ruled) == (found.same, found.vote, found.liveness)
        rulings.add((found.verdict.ruling, recorded.liveness))
    assert {"live", "unsure", "attack"} == {ruling for _, ruling in rulings}
    assert {("present", "live"), ("present", "unsure"), ("review", "unsure"), ("review", "attack")} <= rulings


def test_a_liveness_that_was_changed_is_found_out(people, pipeline, draw):
    """A ruling that what the cues said does not come to is no ruling; another form cannot be decided again."""
    with Image.open(draw("door.png", (1, 90))) as picture:
        (joint,) = people.judging.judge(
            pipeline.faces(np.asarray(picture)), source="cam", frame=1, at=people.clock.utc(), track=True
        )
    recorded = people.desk.record(Ruled("review", {"planar": Said(-1.0, 1.0, "plane")}).applied(joint), means="camera")
    with people.store.reading() as view:
        seen = sightings.by_id(view, recorded.sighting)
    assert replayed(seen).same
    kept = seen.judged[LIVENESS]

    def forged(**changes):
        judged = {**seen.judged, LIVENESS: {**kept, **changes}}
        return replayed(dataclasses.replace(seen, judged=judged))

    assert not forged(ruling="live").same
    assert not forged(cues={}).same
    assert "does not know" in forged(form=99).lacks
    without = {key: value for key, value in seen.judged.items() if key != LIVENESS}
    assert not replayed(dataclasses.replace(seen, judged=without)).same


def test_who_was_removed_meanwhile_is_not_in_what_is_kept(people, pipeline, draw):
    """Removed between look and record, nobody's numbers stay; it is said that it cannot be decided again."""
    with Image.open(draw("door.png", (1, 90))) as picture:
        (joint,) = people.judging.judge(
            pipeline.faces(np.asarray(picture)), source="x.png", frame=None, at=people.clock.utc()
        )
    people.people.remove(GRACE, "E-1")
    recorded = people.desk.record(joint)
    found = people.whys.of(None, recorded.sighting)
    assert ("unknown", True, None) == (recorded.decision, bool(found.replay.lacks), found.replay.verdict)


def test_an_old_sighting_says_what_lacks(people, draw):
    """What was recorded before the numbers were kept is shown as it was, and is not made up."""
    (seen,) = people.check(draw("door.png", (1, UNSURE)))
    with people.store.reading() as view:
        old = dataclasses.replace(sightings.by_id(view, seen.sighting), judged={})
    assert "not kept" in replayed(old).lacks
    newer = dataclasses.replace(old, judged={"form": 99})
    assert "does not know" in replayed(newer).lacks


def test_a_record_that_was_changed_is_found_out(people, draw):
    """Where the ruling in the record is not what the numbers come to, that is said."""
    (seen,) = people.check(draw("door.png", (1, UNSURE)))
    with people.store.reading() as view:
        forged = dataclasses.replace(sightings.by_id(view, seen.sighting), ruling="present", reasons=())
    assert not replayed(forged).same


def test_why_there_is_a_mark(people, draw):
    """A mark made by a confirmed review tells of the face, of who confirmed it, and of the mark's end."""
    (seen,) = people.check(draw("door.png", (1, UNSURE)))
    made = people.review_desk.settle(GRACE, None, seen.sighting, "right")
    people.by_hand.void(Actor("Linus"), "E-1", reason="it was Bob", mark=made.mark.id)
    why = people.whys.of_mark(None, made.mark.id)
    assert ("Person 1", seen.sighting, True) == (why.person.name, why.item.number, why.mark.is_void)
    assert [("confirmed", "Grace"), ("declared wrong", "Linus")] == [
        (each.what, each.correction.by) for each in why.words
    ]


def test_why_there_is_a_mark_by_hand(people):
    """A mark that no face made rests on whoever entered it."""
    made = people.by_hand.enter(GRACE, "E-1", note="came in late")
    why = people.whys.of_mark({"7a"}, made.mark.id)
    assert (None, None, "Grace", "manual") == (why.item, why.replay, why.mark.by, why.mark.how)


def test_nobody_learns_of_others(people, draw):
    """A teacher of 7b finds neither the face nor the mark of somebody of 7a, and of their own no name of others."""
    (seen,) = people.check(draw("door.png", (1, 90)))
    for act in (lambda: people.whys.of({"7b"}, seen.sighting), lambda: people.whys.of_mark({"7b"}, "0" * 32)):
        with pytest.raises((SightingUnknown, MarkUnknown), match="there is no"):
            act()
    with pytest.raises(MarkUnknown, match="there is no mark of this id"):
        people.whys.of_mark({"7b"}, seen.mark)
    rivals = people.whys.of({"7a"}, seen.sighting).item.rivals
    assert [True, False] * 2 == [each.person is not None for each in rivals[:4]]


def test_decided_again_after_people_were_merged(people, draw):
    """Somebody merged into another is still the one whom the numbers name."""
    (seen,) = people.check(draw("door.png", (3, 90)))
    people.people.merge(GRACE, "E-3", "E-5")
    found = people.whys.of(None, seen.sighting)
    assert (True, "E-5") == (found.replay.same, found.person.external_id)
