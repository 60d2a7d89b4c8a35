"""What was erased of whom is remembered by internal id, for the backups that still hold it."""

from datetime import timedelta

import pytest

from gallery.repositories import erasures
from gallery.repositories.erasures import Erasure


@pytest.fixture
def listed(store):
    """All that is remembered, in order."""

    def read() -> list[Erasure]:
        with store.reading() as view:
            return erasures.all_erasures(view)

    return read


def test_who_is_removed_is_remembered_by_number_alone(gallery, enrol, listed, now):
    """Removing somebody writes their internal id and the instant, in the same step."""
    ada = enrol(gallery, "Ada", 1).person.id
    enrol(gallery, "Bob", 2)
    gallery.remove("Ada", at=now, by="t")

    assert [Erasure(ada, "person", now)] == listed()


def test_who_was_merged_before_is_remembered_too(gallery, enrol, listed, now):
    """Whoever is removed had been several people in older backups: each of them is in the list."""
    keys = [enrol(gallery, name, seed).person.id for seed, name in enumerate(("Ada", "Bob", "Cyd"))]
    gallery.merge("Ada", "Bob", at=now, by="t")
    gallery.merge("Bob", "Cyd", at=now, by="t")
    gallery.remove("Cyd", at=now, by="t")

    assert [Erasure(key, "person", now) for key in keys] == listed()


def test_the_latest_withdrawal_counts(gallery, enrol, store, listed, now):
    """A face withdrawn twice is one row with the later instant, whichever came first."""
    ada = enrol(gallery, "Ada", 1).person.id
    for hours in (1, 3, 2):
        with store.atomic() as session:
            erasures.add(session, ada, "face", now + timedelta(hours=hours))

    assert [Erasure(ada, "face", now + timedelta(hours=3))] == listed()


@pytest.mark.parametrize(("who", "left"), [("Ada", 3), ("Bob", 2)])
def test_a_merge_brings_nobody_a_face_from_before_they_withdrew(gallery, enrol, store, now, who, left):
    """Templates of another from before the heir withdrew go in the merge; what the heir has from later stays."""
    numbers = {name: enrol(gallery, name, seed).person.id for seed, name in enumerate(("Ada", "Bob"))}
    later = now + timedelta(hours=1)
    with store.atomic() as session:
        erasures.add(session, numbers[who], "face", later)
        erasures.drop_faces(session, numbers[who], later)
    for name, number in numbers.items():
        enrol(gallery, name, 7 + number, at=later + timedelta(hours=1))
    gallery.merge("Ada", "Bob", at=later + timedelta(hours=2), by="t")

    assert left == len(gallery.templates_of("Bob"))


def test_only_faces_of_that_instant_and_before_go(gallery, enrol, store, now):
    """Dropping the faces of somebody until an instant leaves later templates, and everybody else's."""
    ada = enrol(gallery, "Ada", 1, crop=b"crop").person.id
    enrol(gallery, "Ada", 2, at=now + timedelta(seconds=1))
    enrol(gallery, "Bob", 3)
    with store.atomic() as session:
        dropped = erasures.drop_faces(session, ada, now)

    assert (1, 0) == dropped
    assert ([2], [3]) == tuple([each.id for each in gallery.templates_of(name)] for name in ("Ada", "Bob"))


def test_the_union_of_lists_names_each_once(now):
    """Of the same erasure in several lists the latest instant is taken, in the order of the internal ids."""
    later = now + timedelta(days=1)
    first = [Erasure(5, "face", later), Erasure(2, "person", now)]
    second = [Erasure(5, "face", now), Erasure(3, "person", now)]
    expected = [Erasure(2, "person", now), Erasure(3, "person", now), Erasure(5, "face", later)]

    assert expected == erasures.union(first, second) == erasures.union(second, first)
    assert [] == erasures.union()
