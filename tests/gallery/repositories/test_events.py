"""The log: it takes new lines alone, with the change that they tell of."""
# ruff: noqa: PT012  what is refused is a step of several statements

import pytest
from sqlalchemy import delete, select, update

from gallery import (
    history,
    record,
)
from gallery.repositories.events import lacking, latest_but
from gallery.schema import EventRow


def test_events_cannot_be_changed(store, now):
    """The log takes new lines alone: changing or deleting one is refused, by row or by statement."""
    with store.atomic() as session:
        record(session, at=now, by="me", action="x", subject=1)
    statements = [update(EventRow).values(by="you"), delete(EventRow), delete(EventRow.__table__)]
    for statement in statements:
        with pytest.raises(RuntimeError, match="append-only"), store.atomic() as session:
            session.execute(statement)
    for change in (lambda _, row: setattr(row, "by", "you"), lambda s, row: s.delete(row)):
        with pytest.raises(RuntimeError, match="append-only"), store.atomic() as session:
            change(session, session.scalars(select(EventRow)).one())

    with store.reading() as session:
        assert [(event.by, event.action, event.subject) for event in history(session)] == [("me", "x", "1")]


def test_events_are_written_with_the_change(store, now):
    """A change that fails after its event was written leaves no event."""
    with pytest.raises(ZeroDivisionError), store.atomic() as session:
        record(session, at=now, by="me", action="x", subject=1)
        _ = 1 / 0

    with store.reading() as session:
        assert history(session) == []


def test_events_are_found_by_subject_and_action(store, now):
    """The log can be asked for one subject or one action, in order."""
    with store.atomic() as session:
        for action, subject in (("a", 1), ("b", 1), ("a", 2)):
            record(session, at=now, by="me", action=action, subject=subject, details={"n": subject})
    with store.reading() as session:
        found = (
            [event.action for event in history(session, subject=1)],
            [e.subject for e in history(session, action="a")],
        )

    assert (["a", "b"], ["1", "2"]) == found


def test_what_the_log_lacks(store, now):
    """What should be told and is not is named, as often as it is missing; another action does not stand for it."""
    told = [("a", "1"), ("b", "1"), ("a", "1"), ("a", "2")]
    due = [(each, now) for each in told]
    with store.atomic() as session:
        assert (told[:1] + told[2:3] + told[1:2] + told[3:], []) == (lacking(session, due), lacking(session, []))
        for action, subject in (("a", 1), ("c", 1), ("b", 2)):
            record(session, at=now, by="me", action=action, subject=subject)
        assert [("a", "1"), ("b", "1"), ("a", "2")] == lacking(session, due)


def test_the_latest_but_some_is_told_by_how_actions_begin(store, now):
    """What begins so is passed over, and a sign that stands for anything in SQL stands for itself."""
    with store.atomic() as session:
        assert 0 == latest_but(session, ())
        for action in ("rule.add", "mark.add", "marking", "mark.void"):
            record(session, at=now, by="me", action=action, subject=1)
        numbers = {each.action: each.seq for each in history(session)}
        told = {
            begins: latest_but(session, begins) for begins in ((), ("mark.",), ("mark", "_"), ("%",), ("rule.", "mark"))
        }
    assert {
        (): numbers["mark.void"],
        ("mark.",): numbers["marking"],
        ("mark", "_"): numbers["rule.add"],
        ("%",): numbers["mark.void"],
        ("rule.", "mark"): 0,
    } == told
