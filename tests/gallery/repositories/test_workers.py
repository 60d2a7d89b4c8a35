"""Workers: each process tells of itself, in the place of what it told before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gallery.leasevalues import Worker
from gallery.repositories import workers


@pytest.fixture
def worker(now):
    return Worker("a" * 32, "door-pc", "North", "1.0", "0f", now, now, {"waiting": 3})


def test_told_again_is_one(store, worker, now):
    """Who tells again is there once, since when it began, as it is now."""
    later = replace(worker, begun=now + timedelta(hours=1), seen=now + timedelta(seconds=10), facts={"waiting": 0})
    with store.atomic() as transaction:
        workers.tell(transaction, worker)
        workers.tell(transaction, later)
        assert workers.all_workers(transaction) == [replace(later, begun=now)]


def test_in_the_order_in_which_they_began(store, worker, now):
    """The one that began first comes first, and one of no site is told so."""
    older = replace(worker, id="b" * 32, site=None, begun=now - timedelta(hours=1))
    with store.atomic() as transaction:
        workers.tell(transaction, worker)
        workers.tell(transaction, older)
        assert workers.all_workers(transaction) == [older, worker]


def test_forgotten(store, worker):
    """One that has ended is not told of, and ends twice without harm."""
    with store.atomic() as transaction:
        workers.tell(transaction, worker)
        workers.forget(transaction, worker.id)
        workers.forget(transaction, worker.id)
        assert workers.all_workers(transaction) == []


def test_purged_by_when_last_heard_of(store, worker, now):
    """Those last heard of before an instant go, and no other."""
    with store.atomic() as transaction:
        workers.tell(transaction, worker)
        workers.tell(transaction, replace(worker, id="b" * 32, seen=now - timedelta(days=8)))
        assert workers.purge(transaction, now - timedelta(days=7)) == 1
        assert [each.id for each in workers.all_workers(transaction)] == [worker.id]
