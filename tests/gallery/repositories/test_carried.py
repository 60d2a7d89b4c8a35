"""What outlives the entries of the log that are let go: facts that others are told by, and nothing else."""

from datetime import timedelta

import pytest

from gallery import Gallery, history, record
from gallery.repositories import carried, events, people

YEAR = timedelta(days=365)


@pytest.fixture
def years(store, enrol, now):
    """Ada and Bob of years ago; Bob left, came again and was renamed; Cid was removed, a month was closed twice."""
    gallery = Gallery(store, "e")
    for seed, name in enumerate(("Ada", "Bob", "Cid")):
        enrol(gallery, name, seed)
        enrol(gallery, name, seed + 10)
    gallery.set_active("Bob", False, at=now, by="t")
    gallery.set_active("Bob", True, at=now + timedelta(days=9), by="t")
    gallery.rename("Bob", "Bob Byron", at=now, by="t")
    gallery.remove("Cid", at=now, by="t")
    with store.atomic() as session:
        for total in (1, 2):
            record(session, at=now, by="t", action="month.close", subject="2026-01", details={"rows": total})
    enrol(gallery, "Dora", 7, at=now + YEAR)
    return gallery


def told(store) -> tuple:
    """What others are told by the log."""
    with store.reading() as session:
        return (
            events.times(session, "person.active"),
            {key: min(each) for key, each in events.times(session, "person.enroll").items() if key != "3"},
            people.standings(session),
            events.oldest(session),
            events.history(session, subject="2026-01", action="month.close")[-1].details,
        )


def test_facts_outlive_the_log(store, years, now):
    """After old entries are gone, since when people were known and active, and the word on a month, are as before."""
    before = told(store)
    with store.atomic() as session:
        gone = carried.cut(session, now + timedelta(days=100), at=now + YEAR, by="t")
    with store.reading() as session:
        left, kept = history(session), carried.facts(session)

    assert before == told(store)
    assert (["person.enroll", "audit.purge"], True) == ([each.action for each in left], gone > 10)
    assert {"person.enroll", "person.active", "month.close"} == {each.action for each in kept}
    assert {"1", "2", "2026-01"} == {each.subject for each in kept}
    assert [] == years.verify()


@pytest.mark.usefixtures("years")
def test_a_second_time_nothing_is_lost(store, now):
    """Cutting again and again leaves the same facts, in the order in which they were recorded."""
    before = told(store)
    for days in (0, 1, 20, 100, 100):
        with store.atomic() as session:
            carried.cut(session, now + timedelta(days=days), at=now + YEAR, by="t")
    with store.reading() as session:
        kept = carried.facts(session)

    assert before == told(store)
    assert sorted(kept, key=lambda each: each.seq) == kept


@pytest.mark.usefixtures("years")
def test_where_nothing_is_old_nothing_is_carried(store, now):
    """Without an entry to go there is no fact kept beside the log."""
    with store.atomic() as session:
        assert 0 == carried.cut(session, now - YEAR, at=now, by="t")
        assert [] == carried.facts(session)


def test_facts_of_who_is_erased_go(store, years, now):
    """At the next cut nothing is kept of somebody who was erased since."""
    with store.atomic() as session:
        carried.cut(session, now + timedelta(days=100), at=now + YEAR, by="t")
    years.remove("Bob Byron", at=now + YEAR, by="t")
    with store.atomic() as session:
        carried.cut(session, now + YEAR + timedelta(days=1), at=now + YEAR + timedelta(days=2), by="t")
        assert "2" not in {each.subject for each in carried.facts(session)}
