"""Tokens: kept as digests, taken back, counted by kiosks, and the setup's used once."""

import threading
from datetime import timedelta

import pytest

from gallery import Conflict, open_database
from gallery.repositories import places, tokens

HOUR = timedelta(hours=1)


@pytest.fixture
def put(store, now):
    """Make a token of a kind with a digest."""

    def make(kind, digest, **more):
        with store.atomic() as step:
            return tokens.insert(step, kind, digest, digest, scopes=["b", "a"], at=now, by="t", **more)

    return make


def test_a_token_is_known_by_its_digest(store, put, now):
    """Kind, name, scopes, place and end are told, by digest and by number."""
    with store.atomic() as step:
        door = places.insert(step, None, "door", "kiosk", at=now)
    made = put("kiosk", "d1", place=door.id, ends=now + HOUR, public_key="k")
    with store.reading() as view:
        assert [made, made] == [tokens.found(view, "d1"), tokens.numbered(view, made.id)]
        assert (None, None) == (tokens.found(view, "d2"), tokens.numbered(view, 9))

    assert ("kiosk", "d1", ("b", "a"), door.id, "k", 0, now + HOUR, None, None) == (
        made.kind, made.name, made.scopes, made.place, made.public_key, made.counter, made.ends, made.used,
        made.revoked,
    )  # fmt: skip


def test_two_tokens_never_share_a_digest(put):
    """The same digest a second time is refused."""
    put("api", "d1")
    with pytest.raises(Conflict):
        put("feed", "d1")


def test_a_revoked_token_is_still_told(store, put, now):
    """One that was taken back, or is over, is found and does not hold; taken back again it is so since the first."""
    first, second = put("api", "d1"), put("feed", "d2", ends=now)
    with store.atomic() as step:
        for at in (now + HOUR, now + 2 * HOUR):
            tokens.revoke(step, first.id, at)
        tokens.touch(step, first.id, now)
        found = [tokens.found(step, each) for each in ("d1", "d2")]
        assert [first.id, second.id] == [each.id for each in tokens.all_tokens(step)]
        assert [second.id] == [each.id for each in tokens.all_tokens(step, "feed")]

    assert (now + HOUR, now) == (found[0].revoked, found[0].used)
    assert [False, False] == [each.holds(now) for each in found]


def test_a_kiosk_counts_up(store, put):
    """Each number is taken once, and none after a later one; the last one taken is told."""
    kiosk = put("kiosk", "d1")
    with store.atomic() as step:
        assert [True, False, True, False, True, False] == [
            tokens.advance(step, kiosk.id, n) for n in (1, 1, 5, 3, 6, 0)
        ]
        assert 6 == tokens.found(step, "d1").counter
        assert not tokens.advance(step, 99, 7)
        tokens.set_public_key(step, kiosk.id, "k")
        assert "k" == tokens.numbered(step, kiosk.id).public_key


def _at_once(home, ask) -> list:
    """What eight threads, each with a store of its own, were answered at the same moment."""
    barrier, answers = threading.Barrier(8), []

    def one() -> None:
        with open_database(home) as store:
            barrier.wait()
            with store.atomic() as step:
                answers.append(ask(step))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_number_is_taken_by_one(home, put):
    """Of eight who send the same number at once, one is believed."""
    kiosk = put("kiosk", "d1")

    assert [False] * 7 + [True] == sorted(_at_once(home, lambda step: tokens.advance(step, kiosk.id, 4)))


def test_the_setup_is_claimed_by_one(home, put, now):
    """Of eight who follow the setup link at once, one is let in; afterwards it is revoked and used."""
    made = put("setup", "d1", ends=now + HOUR)
    claimed = [each for each in _at_once(home, lambda step: tokens.claim_setup(step, "d1", now)) if each]

    assert [(made.id, now, now)] == [(each.id, each.revoked, each.used) for each in claimed]


def test_only_a_setup_that_holds_is_claimed(store, put, now):
    """No token of another kind, none that is over, none that was taken back, none that is not there."""
    put("api", "api")
    put("setup", "over", ends=now)
    revoked = put("setup", "revoked")
    put("setup", "holds")
    with store.atomic() as step:
        tokens.revoke(step, revoked.id, now)
        claimed = [tokens.claim_setup(step, each, now) for each in ("api", "over", "revoked", "none", "holds")]

    assert [None, None, None, None, "holds"] == [each and each.name for each in claimed]
