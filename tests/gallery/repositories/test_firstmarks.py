"""Marks of people of whom a step has read that they have none: told as others are, and never twice."""

from datetime import date

import pytest

from gallery import Conflict
from gallery.repositories import corrections, firstmarks, marks, news, sessions


@pytest.fixture
def somebody(gallery, now) -> int:
    return gallery.add_person("Ada", at=now, by="t").id


@pytest.fixture
def day(store, now) -> int:
    with store.atomic() as step:
        return sessions.insert(step, "2026-03-02", "Europe/Berlin", now, day=date(2026, 3, 2)).id


def _first(step, person, session, now, **more):
    return firstmarks.add_first(step, person, session, at=now, entered=now, by="t", method="face", place=None, **more)


def test_a_first_mark_is_read_as_it_was_made(store, somebody, day, now):
    """It is what reading it tells, its news name it, and both ways of reading marks agree, of void ones too."""
    with store.atomic() as step:
        made = _first(step, somebody, day, now, details={"note": "\u00e4"}, direction="in", site="north")
    with store.atomic() as step:
        assert [made] == marks.of(step, somebody, day) == firstmarks.of(step, somebody, day)
        assert [made.id] == [each.subject for each in news.of_person(step, somebody) if each.kind == news.MARK_MADE]
        corrections.add(step, "void", mark=made.id, at=now, by="t", reason="wrong")
        marks.add(step, somebody, day, at=now, entered=now, by="t", method="manual", unless="valid")
        found = marks.of(step, somebody, day)
        assert 2 == len(found)
        assert found[0].voided is not None
        assert found == firstmarks.of(step, somebody, day)


def test_nobody_has_two_first_marks(store, somebody, day, now):
    """Where a step was wrong about it, all of the step is refused."""
    with pytest.raises(Conflict), store.atomic() as step:  # noqa: PT012  the step is what is refused
        _first(step, somebody, day, now)
        _first(step, somebody, day, now)
    with store.reading() as view:
        assert [] == marks.of(view, somebody, day)
        assert [] == [each for each in news.of_person(view, somebody) if each.kind == news.MARK_MADE]


@pytest.mark.parametrize("gone", ["person", "session"])
def test_nobody_is_marked_who_is_not_there(store, somebody, day, now, gone):
    """A first mark of somebody removed, or in a session that is not there, is refused."""
    person, session = (somebody + 1, day) if gone == "person" else (somebody, day + 1)
    with pytest.raises(Conflict), store.atomic() as step:
        _first(step, person, session, now)
