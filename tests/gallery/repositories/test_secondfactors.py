"""Second factors of accounts, and the browsers that are signed in, as they are kept."""

import pytest
from sqlalchemy import text

from gallery import TemplateAltered
from gallery.repositories import accounts, secondfactors, sign_ins


@pytest.fixture
def ada(gallery, now) -> int:
    with gallery.store.atomic() as step:
        return accounts.insert(step, "Ada", "$argon2id$", "admin", at=now).id


def test_a_secret_waits_until_it_is_confirmed(gallery, ada, now):
    """Another one takes its place, of which no step was taken yet; removed it is gone."""
    with gallery.store.atomic() as step:
        secondfactors.put(step, gallery.sealer, ada, b"one" * 7)
        assert secondfactors.advance(step, ada, 9)
        secondfactors.put(step, gallery.sealer, ada, b"two" * 7)
        found = secondfactors.of(step, ada)
        assert (ada, None, 0, ()) == (found.account, found.confirmed, found.step, found.codes)
        assert b"two" * 7 == secondfactors.secret_of(step, gallery.sealer, ada)
        assert set() == secondfactors.confirmed(step)
        secondfactors.confirm(step, ada, now, ["a", "b"])
        assert {ada} == secondfactors.confirmed(step)
        assert [True, False] == [secondfactors.remove(step, ada) for _ in range(2)]
        assert secondfactors.of(step, ada) is None


def test_steps_are_taken_once_and_upwards(gallery, ada):
    """Neither the same again nor an earlier one."""
    with gallery.store.atomic() as step:
        secondfactors.put(step, gallery.sealer, ada, b"s" * 20)
        assert [True, False, False, True] == [secondfactors.advance(step, ada, each) for each in (5, 5, 4, 6)]


def test_codes_are_taken_once(gallery, ada, now):
    """The others stay, in their order."""
    with gallery.store.atomic() as step:
        secondfactors.put(step, gallery.sealer, ada, b"s" * 20)
        secondfactors.confirm(step, ada, now, ["a", "b", "c"])
        assert [True, False, False] == [secondfactors.use(step, ada, each) for each in ("b", "b", "d")]
        assert ("a", "c") == secondfactors.of(step, ada).codes


def test_a_secret_is_bound_to_its_account(gallery, ada, now):
    """That of another account does not open as one's own."""
    with gallery.store.atomic() as step:
        bob = accounts.insert(step, "Bob", "$argon2id$", "admin", at=now).id
        for each in (ada, bob):
            secondfactors.put(step, gallery.sealer, each, b"s" * 20)
    with gallery.store.atomic() as step:
        taken = "UPDATE second_factor SET secret = (SELECT secret FROM second_factor WHERE account_id = :ada)"
        step.execute(text(f"{taken} WHERE account_id = :bob"), {"ada": ada, "bob": bob})
    with gallery.store.reading() as view, pytest.raises(TemplateAltered):
        secondfactors.secret_of(view, gallery.sealer, bob)


def test_browsers_are_listed_and_ended(gallery, ada, now):
    """The one that was used last first, with what it calls itself; one is ended, or all but one."""
    with gallery.store.atomic() as step:
        bob = accounts.insert(step, "Bob", "$argon2id$", "admin", at=now).id
        for digest, account, browser in (("a", ada, "Fox"), ("b", ada, None), ("c", ada, None), ("d", bob, "Owl")):
            sign_ins.insert(step, digest, account, at=now, browser=browser)
        sign_ins.touch(step, "b", now.replace(hour=23))
        assert [("b", None), ("a", "Fox"), ("c", None)] == [(s.digest, s.browser) for s in sign_ins.all_of(step, ada)]
        assert 4 == len(sign_ins.all_of(step))
        assert [ada, None] == [sign_ins.remove(step, "c") for _ in range(2)]
        assert 1 == sign_ins.remove_of(step, ada, but="a")
        assert ["a"] == [each.digest for each in sign_ins.all_of(step, ada)]
