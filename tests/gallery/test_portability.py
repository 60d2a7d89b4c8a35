"""Everything about one person is read at once: what is theirs by any number, and what is somebody else's left out."""

from datetime import timedelta

import numpy as np
import pytest
from servers import wipe

from gallery import Database, Gallery, PersonUnknown, history, record
from gallery.portability import everything
from gallery.repositories import corrections, marks, sightings
from gallery.repositories.events import MARK_ADDED, SIGHTING_CONFIRMED, SIGHTING_REASSIGNED
from gallery.repositories.sessions import insert as new_session
from gallery.values import ScoredKey, Sighting


@pytest.fixture
def day(store, now) -> int:
    with store.atomic() as session:
        return new_session(session, "first", "UTC", now).id


@pytest.fixture
def ada(gallery, enrol):
    return enrol(gallery, "Ada", 1, crop=b"ada's face").person


@pytest.fixture
def bob(gallery, enrol):
    return enrol(gallery, "Bob", 2, crop=b"bob's face").person


def seen(store: Database, person: int | None, at, ruling="present", compared=(), *, face: bytes | None = None) -> int:
    """A sighting that names a person, of those it was compared with."""
    found = tuple(ScoredKey(each, 0.5, 0.5) for each in compared)
    with store.atomic() as session:
        (number,) = sightings.add(
            session, [Sighting(at, "camera", "door", ruling, "e", None, person, candidates=found)]
        )
        if face is not None:
            sightings.keep_crops(session, Gallery(store, "test-1").sealer, {number: face})
        return number


def marked(store: Database, person: int, day: int, at, sighting: int | None = None) -> str:
    """A mark, with its event."""
    with store.atomic() as session:
        made = marks.add(session, person, day, at=at, entered=at, by="t", method="face", sighting=sighting)
        record(session, at=at, by="t", action=MARK_ADDED, subject=made.id, details={"person": person})
        return made.id


def said(
    store: Database, kind: str, sighting: int, at, action: str, heir: int | None = None, **details: object
) -> None:
    """A correction of a sighting, with its event."""
    with store.atomic() as session:
        corrections.add(session, kind, sighting=sighting, person=heir, at=at, by="t", reason="seen")
        record(session, at=at, by="t", action=action, subject=sighting, details=details)


@pytest.mark.usefixtures("bob")
def test_templates_are_opened(store, gallery, ada, vector):
    """A person's template comes opened, with its vector as it was enrolled and its crop; nobody else's does."""
    found = everything(store, gallery.vault, ada.id)
    (one,) = found.templates
    assert np.array_equal(vector(1), one.vector)
    assert ("Ada", 0.25, b"ada's face", False) == (
        found.person.name,
        one.cohort_mean,
        one.crop.picture,
        one.damaged,
    )
    assert ["Bob"] == [each.name for each in found.others]


def test_what_does_not_open_is_told(store, gallery, ada):
    """A damaged template or crop stops nobody from having the rest: it is without its vector or its picture."""
    with store.atomic() as session:
        wipe(session, "template", "vector")
    (one,) = everything(store, gallery.vault, ada.id).templates
    assert (None, None, True) == (one.vector, one.cohort_mean, one.damaged)
    assert b"ada's face" == one.crop.picture
    with store.atomic() as session:
        wipe(session, "crop", "picture")
    assert everything(store, gallery.vault, ada.id).templates[0].crop is None


def test_sightings_of_a_person(store, gallery, ada, bob, day, now):
    """Theirs are those that name them, were given to them, or have their mark; being compared is only counted."""
    named = seen(store, ada.id, now, compared=(ada.id, bob.id))
    given = seen(store, bob.id, now + timedelta(1), "review")
    said(store, "reassign", given, now, SIGHTING_REASSIGNED, ada.id, person=bob.id, to=ada.id)
    resting = seen(store, bob.id, now + timedelta(2))
    mark = marked(store, ada.id, day, now, resting)
    seen(store, None, now, "unknown", (ada.id,))
    seen(store, bob.id, now, compared=(bob.id, ada.id))
    seen(store, bob.id, now, compared=(bob.id,))
    found = everything(store, gallery.vault, ada.id)
    assert [named, given, resting] == [each.id for each in found.sightings]
    assert (2, [mark]) == (found.compared, [each.id for each in found.marks])
    assert ["reassign"] == [each.kind for each in found.corrections]


def test_faces_that_somebody_gave_to_others_are_left_out(store, gallery, ada, bob, now):
    """A kept face is theirs unless somebody has said that it is not; what does not open is told as nothing."""
    waiting = seen(store, ada.id, now, "review", face=b"maybe ada")
    away = seen(store, ada.id, now, "review", face=b"bob it was")
    nobody = seen(store, ada.id, now, "review", face=b"a poster")
    said(store, "reassign", away, now, SIGHTING_REASSIGNED, bob.id, person=ada.id, to=bob.id)
    said(store, "dismiss", nobody, now, "sighting.dismiss", person=ada.id)
    assert {waiting: b"maybe ada"} == everything(store, gallery.vault, ada.id).faces
    with store.atomic() as session:
        wipe(session, "sighting_crop", "picture")
    assert {waiting: None} == everything(store, gallery.vault, ada.id).faces


def test_the_log_of_a_person(store, gallery, ada, bob, day, now):
    """Events are theirs by what they are about or whom they name, and not by a number that happens to be the same."""
    mark = marked(store, ada.id, day, now)
    number = seen(store, ada.id, now, "review")
    said(store, "confirm", number, now, SIGHTING_CONFIRMED, person=ada.id)
    gallery.remember_lookalike(ada.id, bob.id, 0.4, at=now, by="t")
    marked(store, bob.id, day, now)
    for action in ("session.check", "gallery.import", "repair.orphan"):
        with store.atomic() as session:
            record(
                session, at=now, by="t", action=action, subject=ada.id, details={"faces": ada.id, "template": ada.id}
            )
    actions = ["person.enroll", MARK_ADDED, SIGHTING_CONFIRMED, "lookalike.add"]
    found = everything(store, gallery.vault, ada.id)
    assert actions == [each.action for each in found.events]
    assert (mark, 1) == (found.events[1].subject, found.lookalikes)
    assert ["person.enroll", "lookalike.add", MARK_ADDED] == [
        each.action for each in everything(store, gallery.vault, bob.id).events
    ]


def test_a_long_number_is_not_a_short_one(store, gallery, ada, now):
    """Whom an event names is told exactly: 1 is not 12."""
    with store.atomic() as session:
        record(session, at=now, by="t", action="mark.add", subject="x", details={"person": 12, "session": ada.id})
        record(session, at=now, by="t", action="mark.add", subject="y", details={"person": ada.id, "session": 12})
    assert ["y"] == [e.subject for e in everything(store, gallery.vault, ada.id).events if e.action == "mark.add"]


def test_what_was_merged_is_in(store, gallery, ada, bob, day, now):
    """Records and events of somebody who was merged into the person are theirs, under either number."""
    number = seen(store, bob.id, now, compared=(bob.id,))
    mark = marked(store, bob.id, day, now, number)
    other = seen(store, None, now, "unknown", (bob.id,))
    gallery.merge(bob.id, ada.id, at=now, by="t")
    found = everything(store, gallery.vault, ada.id)
    assert ({ada.id, bob.id}, [mark], [number]) == (
        found.keys,
        [each.id for each in found.marks],
        [each.id for each in found.sightings],
    )
    assert (2, 1, ()) == (len(found.templates), found.compared, found.others)
    assert ["person.enroll", "person.enroll", MARK_ADDED, "person.merge"] == [each.action for each in found.events]
    assert other not in {each.id for each in found.sightings}


def test_what_was_decided_of_a_person(store, gallery, ada, bob, now, decided):
    """Excuses, approvals, own rules, memberships and ids elsewhere are theirs; those of others are not."""
    decided.decide(gallery, ada.id, now, called="ada")
    decided.decide(gallery, bob.id, now, called="bob")
    found = everything(store, gallery.vault, ada.id)
    waiting, refused = sorted((each.id for each in found.marks), key=lambda mark: mark in found.approvals)

    assert [(1, True), (2, False), (3, False)] == [(each.id, each.counts) for each in found.excuses]
    assert [False, False, True] == [each.withdrawn is not None for each in found.excuses]
    assert ([(refused, False)], True) == (
        [(mark, each.granted) for mark, each in found.approvals.items()],
        waiting not in found.approvals,
    )
    assert [("ada " + decided.TEXT, 2)] == [(each.name, len(each.versions)) for each in found.rules]
    assert [("7b", True, now.date())] == [(each.group, each.member, each.from_day) for each in found.words]
    assert [("register", f"ada-17 {decided.TEXT}")] == found.foreign_ids
    told = [(each.action, each.subject) for each in found.events]
    assert {("rule.add", "1"), ("rule.end", "1"), ("excuse.withdraw", "3"), ("approval.grant", "excuse 1")} <= set(told)
    assert {("approval.refuse", refused), ("mark.add", waiting), ("person.groups", str(ada.id))} <= set(told)
    assert not [each for each in told if each[0].startswith(("calendar.", "month.")) or each[1] in {"excuse 4", "4"}]


def test_what_was_decided_before_a_merge(store, gallery, ada, bob, now, decided):
    """What was decided of somebody who was merged into the person is theirs, with its events."""
    decided.decide(gallery, bob.id, now)
    before = everything(store, gallery.vault, bob.id)
    gallery.merge(bob.id, ada.id, at=now, by="t")
    found = everything(store, gallery.vault, ada.id)

    assert (3, 1, 1, 1, 1) == tuple(
        map(len, (found.excuses, found.approvals, found.rules, found.words, found.foreign_ids))
    )
    assert {each.seq for each in before.events} < {each.seq for each in found.events}


def test_who_is_gone_is_unknown(store, gallery, ada, now):
    """Of somebody removed there is nothing to hand over, and one who left has everything."""
    gallery.set_active(ada.id, False, at=now, by="t")
    found = everything(store, gallery.vault, ada.id)
    assert (False, now, 1) == (found.person.active, found.standing.away_since, len(found.templates))
    gallery.remove(ada.id, at=now, by="t")
    with pytest.raises(PersonUnknown):
        everything(store, gallery.vault, ada.id)


def test_without_anything_sealed_no_key_is_needed(store, gallery, now):
    """Who has neither template nor face can be told of where the key is missing."""
    person = gallery.add_person("Eve", at=now, by="t")
    (store.home / "key").unlink()
    found = everything(store, gallery.vault, person.id)
    assert ([], {}, False) == (found.templates, found.faces, (store.home / "key").exists())


def test_looking_changes_nothing(store, gallery, ada):
    """Reading everything leaves no event: who hands it over writes that."""
    with store.reading() as view:
        before = history(view)
    everything(store, gallery.vault, ada.id)
    with store.reading() as view:
        assert before == history(view)
