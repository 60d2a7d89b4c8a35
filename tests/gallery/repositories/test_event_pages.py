"""The log, page by page: filtered by action, actor, time and person, the newest first."""

from datetime import UTC, datetime, timedelta

import pytest

from gallery.repositories import events

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def log(store):
    """Six entries, a minute apart."""
    told = (
        ("person.export", 1, "Grace", {}), ("person.export", 11, "Grace", {}),
        ("mark.add", "m1", "kiosk", {"person": 1}),
        ("mark.add", "m2", "kiosk", {"how": "face", "person": 11}), ("template.add", 2, "Grace", {"from": 1}),
        ("mark_void.add", 1, "100%", {"count": 1}),
    )  # fmt: skip
    with store.atomic() as transaction:
        for number, (action, subject, by, details) in enumerate(told):
            at = AT + timedelta(minutes=number)
            events.record(transaction, at=at, by=by, action=action, subject=subject, details=details)
    return store


def numbers(store, **asked) -> list[int]:
    """The numbers of the entries found, counted from the first of the log's own."""
    with store.reading() as view:
        return [each.seq for each in events.page(view, **asked)]


def test_newest_first_and_before(log):
    """They come newest first, so many, and before a number."""
    found = numbers(log)
    assert sorted(found, reverse=True) == found
    assert found[:2] == numbers(log, limit=2)
    assert found[2:] == numbers(log, before=found[1])


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"action": "mark."}, 2), ({"action": "person.export"}, 2), ({"action": "%"}, 0), ({"by": "Grace"}, 3),
        ({"person": 1}, 3), ({"person": 11}, 2), ({"person": 2}, 1), ({"since": AT + timedelta(minutes=4)}, 2),
        ({"until": AT + timedelta(minutes=1)}, 1), ({"by": "kiosk", "person": 11}, 1),
    ],
)  # fmt: skip
def test_filters(log, asked, count):
    """A number is no part of a longer one, and a sign of patterns is nothing but a sign."""
    assert count == len(numbers(log, **asked))


def test_actors(log):
    """Each actor is named once, in order."""
    with log.reading() as view:
        assert ["100%", "Grace", "kiosk"] == events.actors(view)
