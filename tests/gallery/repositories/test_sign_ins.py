"""Browsers that are signed in: found by their digest, seen, signed out, and over after a while."""

from datetime import timedelta

import pytest

from gallery import Conflict
from gallery.repositories import accounts, sign_ins
from gallery.servicevalues import SignIn

HOUR = timedelta(hours=1)


@pytest.fixture
def step(store):
    with store.atomic() as writing:
        yield writing


@pytest.fixture
def ada(step, now):
    return accounts.insert(step, "ada", "h", "admin", at=now)


def test_a_browser_is_known_by_its_digest(step, ada, now):
    """Whoever is signed in so is told, since when and when last seen; another digest is nobody's."""
    sign_ins.insert(step, "d1", ada.id, at=now)
    sign_ins.touch(step, "d1", now + HOUR)

    assert SignIn("d1", ada, now, now + HOUR) == sign_ins.found(step, "d1")
    assert sign_ins.found(step, "d2") is None


def test_an_account_out_of_use_is_told_so(step, ada, now):
    """The browser of an account that was put out of use is found, and shows that it was."""
    sign_ins.insert(step, "d1", ada.id, at=now)
    accounts.change(step, ada.id, active=False)

    assert not sign_ins.found(step, "d1").account.active


def test_nobody_else_can_be_signed_in(store, now):
    """An account that is not there cannot be signed in."""
    with pytest.raises(Conflict), store.atomic() as writing:
        sign_ins.insert(writing, "d", 99, at=now)


def test_browsers_are_signed_out(step, ada, now):
    """One by its digest, and all of an account; those of others stay."""
    bob = accounts.insert(step, "bob", "h", "teacher", at=now)
    for digest, account in (("a1", ada), ("a2", ada), ("a3", ada), ("b1", bob)):
        sign_ins.insert(step, digest, account.id, at=now)
    sign_ins.remove(step, "a1")
    left = [each for each in ("a1", "a2", "a3", "b1") if sign_ins.found(step, each)]
    sign_ins.remove_of(step, ada.id)

    assert ["a2", "a3", "b1"] == left
    assert ["b1"] == [each for each in ("a1", "a2", "a3", "b1") if sign_ins.found(step, each)]


def test_old_ones_are_over(step, ada, now):
    """Those that began too long ago, or were not seen for too long, are signed out; they are counted."""
    for digest, begun, seen in (("old", -9, 0), ("idle", -5, -4), ("fresh", -5, 0)):
        sign_ins.insert(step, digest, ada.id, at=now + begun * HOUR)
        sign_ins.touch(step, digest, now + seen * HOUR)

    assert 2 == sign_ins.purge(step, begun_before=now - 8 * HOUR, seen_before=now - 2 * HOUR)
    assert ["fresh"] == [each for each in ("old", "idle", "fresh") if sign_ins.found(step, each)]
