"""Sealing: nothing changed, moved or opened with another key passes, and a key is never replaced."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import Gallery, KeyExposed, KeyMissing, KeyWrong, Sealer, Store, TemplateAltered, load_key
from gallery.vault.seal import OVERHEAD

KEY = bytes(range(32))
HOME = "home-1"
PLACE = {"person": 7, "encoder_id": "default-2026.1", "purpose": "vector"}


@given(st.binary(max_size=2000), st.integers(), st.text(), st.text())
def test_what_was_sealed_is_opened(plain, person, encoder, purpose):
    """Opening at the same place gives what was sealed, 29 bytes shorter."""
    sealer, place = Sealer(KEY, HOME), {"person": person, "encoder_id": encoder, "purpose": purpose}
    sealed = sealer.seal(plain, **place)

    assert plain == sealer.open(sealed, **place)
    assert len(plain) + OVERHEAD == len(sealed)


def test_every_flipped_bit_is_refused():
    """Whichever of all bits of a sealed value is flipped, it is refused."""
    sealer = Sealer(KEY, HOME)
    sealed = sealer.seal(b"a template of some length", **PLACE)
    refused = 0
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(TemplateAltered):
            sealer.open(bytes(changed), **PLACE)
        refused += 1

    assert len(sealed) * 8 == refused


@given(st.integers(0, 53))
def test_a_cut_or_longer_value_is_refused(length):
    """A value cut anywhere, or with something after it, is refused."""
    sealer = Sealer(KEY, HOME)
    sealed = sealer.seal(b"a template of some length", **PLACE)
    for changed in (sealed[: min(length, len(sealed) - 1)], sealed + bytes(length + 1)):
        with pytest.raises(TemplateAltered):
            sealer.open(changed, **PLACE)


@pytest.mark.parametrize(
    ("home", "other"),
    [
        (HOME, {"person": 8}),
        (HOME, {"encoder_id": "default-2026.2"}),
        (HOME, {"purpose": "crop"}),
        ("home-2", {}),
    ],
)
def test_a_moved_value_is_refused(home, other):
    """A value of another person, encoder, purpose or home does not open with the right key."""
    sealed = Sealer(KEY, HOME).seal(b"template", **PLACE)
    with pytest.raises(TemplateAltered, match=f"person {(PLACE | other)['person']}"):
        Sealer(KEY, home).open(sealed, **(PLACE | other))


def test_neighbouring_parts_cannot_be_shifted():
    """Encoder and purpose that read the same one after the other are told apart."""
    sealer = Sealer(KEY, HOME)
    sealed = sealer.seal(b"x", person=1, encoder_id="ab", purpose="c")
    with pytest.raises(TemplateAltered):
        sealer.open(sealed, person=1, encoder_id="a", purpose="bc")


def test_another_key_opens_nothing():
    """A value sealed with one key is refused with another."""
    with pytest.raises(TemplateAltered):
        Sealer(bytes(32), HOME).open(Sealer(KEY, HOME).seal(b"x", **PLACE), **PLACE)


def test_sealing_twice_gives_unlike_values():
    """The same template sealed twice shares no nonce and cannot be recognised."""
    values = {Sealer(KEY, HOME).seal(b"template", **PLACE)[1:13] for _ in range(1000)}

    assert 1000 == len(values)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_has_32_bytes(length):
    """A key of another length is a mistake of the caller."""
    with pytest.raises(ValueError, match="32"):
        Sealer(bytes(length), HOME)


# The key file


@pytest.fixture
def sealed_home(home, enrol):
    """A home with one template, closed."""
    with Store.open(home) as store:
        enrol(Gallery(store, "e"), "Ada", 1)
    return home


def _open_all(home, **options):
    with Store.open(home, **options) as store:
        return Gallery(store, "e").load()


def test_the_key_is_private_and_random(tmp_path):
    """The key file has mode 0600, holds 32 bytes in hexadecimal, and differs from home to home."""
    keys = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        keys.add(load_key(tmp_path / name, create=True))
        assert 0o600 == (tmp_path / name / "key").stat().st_mode & 0o777
        assert load_key(tmp_path / name, create=True) in keys

    assert {32} == {len(key) for key in keys}
    assert 2 == len(keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_key_others_may_read_is_refused(sealed_home, mode):
    """A key file open to group or others is refused, with its mode in the message."""
    (sealed_home / "key").chmod(mode)
    with pytest.raises(KeyExposed, match=f"{mode:04o}"):
        _open_all(sealed_home)


def test_a_key_its_owner_may_only_read_is_fine(sealed_home):
    """Mode 0400 is stricter than 0600 and accepted."""
    (sealed_home / "key").chmod(0o400)

    assert 1 == len(_open_all(sealed_home).ids)


def test_a_missing_key_is_never_replaced(sealed_home, enrol):
    """With templates stored and the key gone, reading and enrolling are refused and no key is made."""
    (sealed_home / "key").unlink()
    with pytest.raises(KeyMissing):
        _open_all(sealed_home)
    with Store.open(sealed_home) as store, pytest.raises(KeyMissing):
        enrol(Gallery(store, "e"), "Bob", 2)

    assert not (sealed_home / "key").exists()


@pytest.mark.parametrize("key", ["00" * 32, "ff" * 31, "no key", "", "é" * 64])
def test_a_wrong_key_is_refused(sealed_home, enrol, key):
    """A key of another home, or a malformed one, is refused before anything is opened or sealed with it."""
    (sealed_home / "key").write_text(key)
    for read_only in (False, True):
        with pytest.raises(KeyWrong):
            _open_all(sealed_home, read_only=read_only)
    with Store.open(sealed_home) as store, pytest.raises(KeyWrong):
        enrol(Gallery(store, "e"), "Bob", 2)

    assert (sealed_home / "key").read_text() == key


def test_reading_people_needs_no_key(sealed_home):
    """Lists and counts work without the key; only templates need it."""
    (sealed_home / "key").unlink()
    with Store.open(sealed_home, read_only=True) as store:
        found = Gallery(store, "e")
        assert (["Ada"], 1) == ([person.name for person in found.people()], found.stats().templates)


def test_looking_at_an_empty_home_makes_no_key(home):
    """A home without templates is searched without a key being made."""
    assert 0 == len(_open_all(home).ids)
    assert not (home / "key").exists()


def test_an_empty_home_takes_the_key_it_is_given(home, enrol):
    """Where nothing is sealed yet, a key put there is used, also after another one was in use."""
    with Store.open(home) as store:
        _ = Gallery(store, "e").sealer
    os.unlink(home / "key")  # noqa: PTH108
    (home / "key").write_text("ab" * 32)
    (home / "key").chmod(0o600)
    with Store.open(home) as store:
        enrol(Gallery(store, "e"), "Ada", 1)

    assert 1 == len(_open_all(home).ids)
    assert "ab" * 32 == (home / "key").read_text()


def test_a_key_swapped_while_enrolling_is_refused(home, enrol):
    """Two programs with different keys cannot both seal: the second is refused when it comes to write."""
    with Store.open(home) as store:
        first = Gallery(store, "e")
        enrol(first, "Ada", 1)
        (home / "key").write_text("ab" * 32)
        with pytest.raises(KeyWrong):
            enrol(Gallery(store, "e"), "Bob", 2)
        enrol(first, "Cid", 3)
        assert ["Ada", "Cid"] == [person.name for person in first.people()]
