"""Which passwords may be chosen, and how they are kept."""

import unicodedata

import pytest

from attendance.access import passwords
from attendance.service_errors import AccountPassword

AS_SHIPPED = passwords.MEMORY_KIB, passwords.PASSES


@pytest.fixture(autouse=True)
def _at_the_cost_of_users(password_cost):
    """Other tests hash at less."""
    with password_cost(*AS_SHIPPED):
        yield


@pytest.mark.parametrize(
    "password",
    ["correct horse", "Tr0ub4dor&3x", "ein langer Satz mit ä", "密码要很长才可以用哦", " four words with ends "],
)
def test_long_passwords_are_taken(password):
    """Of whatever characters, and without further rules."""
    passwords.refuse_weak(password, "Grace Hopper")


@pytest.mark.parametrize(
    "password",
    ["", "short", "ninechars", "aaaaaaaaaaaa", "1234567890", "Password123", "GRACE HOPPER", "gracehopper1", "x" * 257],
)
def test_weak_passwords_are_refused(password):
    """Too short, too long, the account's name, or what is guessed first."""
    with pytest.raises(AccountPassword):
        passwords.refuse_weak(password, "Grace Hopper")


def test_a_password_fits_its_own_hash_alone():
    """Kept as argon2id with a salt of its own."""
    first, second = passwords.hashed("correct horse battery"), passwords.hashed("correct horse battery")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits(first, "correct horse battery")
    assert not passwords.fits(first, "correct horse batter")
    assert not passwords.outdated(first)


def test_the_same_characters_fit_however_they_are_typed():
    """One keyboard writes an umlaut as one character, another as two."""
    kept = passwords.hashed(unicodedata.normalize("NFC", "schöne Grüße"))
    assert passwords.fits(kept, unicodedata.normalize("NFD", "schöne Grüße"))


def test_nothing_fits_where_nothing_is_kept():
    """The work is done all the same, and what is no hash fits nothing."""
    assert not passwords.fits(None, "correct horse battery")
    assert not passwords.fits("no hash", "correct horse battery")
    assert not passwords.fits(None, "\ud800 half a character")


def test_a_hash_of_another_cost_is_outdated():
    """So that it is made anew when its password is there."""
    from argon2 import PasswordHasher

    kept = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("correct horse battery")
    assert passwords.outdated(kept)
    assert passwords.fits(kept, "correct horse battery")
