"""PINs, codes and badges: each belongs to one person, and is found by its handle."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery import Conflict
from gallery.repositories import credentials


@pytest.fixture
def people(gallery, now) -> list[int]:
    return [gallery.add_person(name, at=now, by="t").id for name in ("Ada", "Bob")]


def test_a_credential_leads_to_its_person(store, people, now):
    """It is found by kind and handle alone, and told with those of its person."""
    ada, bob = people
    with store.atomic() as step:
        pin = credentials.insert(step, ada, "pin", "1001", "hash", at=now, by="t")
        badge = credentials.insert(step, ada, "badge", "1001", None, at=now, by="t")
        other = credentials.insert(step, bob, "qr", "q", None, at=now, by="t")
        assert [pin, badge, other] == credentials.all_credentials(step)
        assert ([pin, badge], [other]) == tuple(credentials.of_person(step, each) for each in people)
        assert [pin, None, badge] == [
            credentials.found(step, *each) for each in (("pin", "1001"), ("pin", "q"), ("badge", "1001"))
        ]

    assert (ada, "pin", "1001", "hash", now, "t") == (
        pin.person, pin.kind, pin.handle, pin.secret, pin.created, pin.by,
    )  # fmt: skip


def test_a_handle_is_had_once(store, people, now):
    """What belongs to somebody cannot be given to another, nor to somebody who is not there."""
    with store.atomic() as step:
        credentials.insert(step, people[0], "badge", "b", None, at=now, by="t")
        with pytest.raises(Conflict, match="badge b"):
            credentials.insert(step, people[1], "badge", "b", None, at=now, by="t")
    with pytest.raises(Conflict), store.atomic() as step:
        credentials.insert(step, 99, "badge", "c", None, at=now, by="t")


def test_one_taken_away_is_free_again(store, people, now):
    """After a badge was taken away it finds nobody, and may be given to another."""
    with store.atomic() as step:
        lost = credentials.insert(step, people[0], "badge", "b", None, at=now, by="t")
        credentials.remove(step, lost.id)
        assert credentials.found(step, "badge", "b") is None
        again = credentials.insert(step, people[1], "badge", "b", None, at=now, by="t")

    assert again.id > lost.id


@settings(max_examples=40)
@given(taken=st.sets(st.integers(1001, 1030)))
def test_the_smallest_free_number_is_given(store, gallery, now, taken):
    """Whatever numbers are taken, the next is the smallest of the others from 1001 on; badges take none."""
    with store.atomic() as step:
        person = gallery.add_person("Ada", at=now, by="t").id
        for number in taken:
            credentials.insert(step, person, "pin", str(number), "h", at=now, by="t")
        credentials.insert(step, person, "badge", f"b{person}", None, at=now, by="t")
        given_out = credentials.free_number(step)
        gallery.remove(person, at=now, by="t")

    assert str(min(set(range(1001, 1040)) - taken)) == given_out
