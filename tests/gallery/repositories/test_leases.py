"""Leases: one holder at a time, told apart by an epoch that never falls back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gallery.repositories import leases
from gallery.sitetables import LeaseRow

LASTS = timedelta(seconds=10)


@pytest.fixture
def take(store):
    def taking(holder, now, name="camera:1"):
        with store.atomic() as transaction:
            return leases.take(transaction, name, holder, now=now, lasts=LASTS)

    return taking


def stands(store, lease):
    with store.reading() as transaction:
        return leases.stands(transaction, lease.name, lease.holder, lease.epoch)


def test_one_holds_it(take, now):
    """Nobody else takes what is held, and another name is free."""
    first = take("a", now)
    assert (first.holder, first.epoch, first.until) == ("a", 1, now + LASTS)
    assert take("b", now + timedelta(seconds=9.9)) is None
    assert take("b", now, "camera:2").epoch == 1


def test_the_same_holder_goes_on(take, now):
    """Who takes again what they hold goes on holding it, in the same epoch."""
    first = take("a", now)
    again = take("a", now + timedelta(seconds=5))
    assert (again.epoch, again.taken, again.until) == (1, first.taken, now + timedelta(seconds=15))


def test_another_takes_over(store, take, now):
    """From the instant that its time is over another takes it, and the first one's does not stand any more."""
    first = take("a", now)
    assert stands(store, first)
    second = take("b", now + LASTS)
    assert (second.holder, second.epoch) == ("b", 2)
    assert (stands(store, first), stands(store, second)) == (False, True)


def test_a_holder_that_comes_back_is_another_holding(store, take, now):
    """Who held it before somebody else did holds it anew, and what they held then does not stand."""
    first = take("a", now)
    take("b", now + LASTS)
    third = take("a", now + 2 * LASTS)
    assert third.epoch == 3
    assert not stands(store, first)


def test_one_over_that_nobody_took_stands_again(store, take, now):
    """A pause is no loss as long as nobody has taken it meanwhile."""
    first = take("a", now)
    assert stands(store, first)
    with store.atomic() as transaction:
        kept = leases.renew(transaction, [first], now=now + 3 * LASTS, lasts=LASTS)
    assert kept == {"camera:1"}
    assert take("b", now + 3 * LASTS + timedelta(seconds=1)) is None


def test_renewing_tells_what_is_lost(store, take, now):
    """Of several the one is told apart that somebody else has taken, and theirs is left as it is."""
    mine, lost = take("a", now), take("a", now, "camera:2")
    theirs = take("b", now + LASTS, "camera:2")
    with store.atomic() as transaction:
        kept = leases.renew(transaction, [mine, lost], now=now + 2 * LASTS, lasts=LASTS)
        until = {each.name: each.until for each in leases.all_leases(transaction)}
    assert kept == {"camera:1"}
    assert until == {"camera:1": now + 3 * LASTS, "camera:2": theirs.until}


def test_released_it_is_free_at_once(store, take, now):
    """Whoever lets go makes nobody wait, and the epoch goes on counting."""
    first = take("a", now)
    with store.atomic() as transaction:
        leases.release(transaction, first, now=now + timedelta(seconds=1))
    assert take("b", now + timedelta(seconds=1)).epoch == 2


def test_another_s_is_not_released(store, take, now):
    """Who lost it lets nothing go."""
    first = take("a", now)
    second = take("b", now + LASTS)
    with store.atomic() as transaction:
        leases.release(transaction, first, now=now + LASTS)
        assert [each.until for each in leases.all_leases(transaction)] == [second.until]


def test_a_clock_put_back_locks_nobody_out(take, now):
    """What would be held for longer than anything is was taken before the clock was put back."""
    take("a", now)
    assert take("b", now - timedelta(hours=1)).epoch == 2


def test_the_row_stays(store, take, now):
    """A name that nobody holds keeps its row, so that its epoch is never used twice."""
    first = take("a", now)
    with store.atomic() as transaction:
        leases.release(transaction, first, now=now)
        assert transaction.scalars(select(LeaseRow.epoch)).all() == [1]
