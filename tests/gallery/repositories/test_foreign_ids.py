"""Ids elsewhere: what other systems call people; one word of a system is one person."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import KEPT

from gallery import Conflict
from gallery.repositories import foreign_ids


@pytest.fixture
def people(gallery, now) -> list[int]:
    return [gallery.add_person(name, at=now, by="t").id for name in ("Ada", "Bob")]


def test_the_same_again_changes_nothing(store, people):
    """A system that calls somebody so says it once; the same word for somebody else is refused, and names both."""
    ada, bob = people
    with store.atomic() as step:
        for system in ("register", "register", "badges"):
            foreign_ids.add(step, system, "17", ada)
        assert [("badges", "17"), ("register", "17")] == foreign_ids.of_person(step, ada)
    with pytest.raises(Conflict, match="register 17"), store.atomic() as step:
        foreign_ids.add(step, "register", "17", bob)
    with store.reading() as view:
        assert {"17": ada} == foreign_ids.of_system(view, "register")


def test_nobody_else_can_be_called(store):
    """An id of somebody who is not enrolled is refused."""
    with pytest.raises(Conflict), store.atomic() as step:
        foreign_ids.add(step, "register", "17", 99)


WORDS = st.dictionaries(
    st.tuples(st.text(KEPT, min_size=1, max_size=8), st.text(KEPT, min_size=1, max_size=20)),
    st.integers(0, 1),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS)
def test_ids_come_back_as_they_went_in(store, people, words):
    """Any words of any systems lead to the person they were given for."""
    with store.atomic() as step:
        for (system, value), which in words.items():
            foreign_ids.add(step, system, value, people[which])
        found = {system: foreign_ids.of_system(step, system) for system, _ in words}
        theirs = [set(foreign_ids.of_person(step, person)) for person in people]
        step.connection().exec_driver_sql("DELETE FROM foreign_id")

    assert words == {
        (system, value): people.index(who) for system, told in found.items() for value, who in told.items()
    }
    assert [{word for word, which in words.items() if which == number} for number in (0, 1)] == theirs
