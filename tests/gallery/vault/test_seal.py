"""Sealing: nothing changed, moved or opened with another key passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import Sealer, TemplateAltered
from gallery.vault.seal import OVERHEAD

KEY = bytes(range(32))
HOME = "home-1"
PLACE = {"person": 7, "pipeline_id": "default-2026.1", "purpose": "vector"}


@given(st.binary(max_size=2000), st.integers(), st.text(), st.text())
def test_what_was_sealed_is_opened(plain, person, encoder, purpose):
    """Opening at the same place gives what was sealed, 29 bytes shorter."""
    sealer, place = Sealer(KEY, HOME), {"person": person, "pipeline_id": encoder, "purpose": purpose}
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
        (HOME, {"pipeline_id": "default-2026.2"}),
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
    sealed = sealer.seal(b"x", person=1, pipeline_id="ab", purpose="c")
    with pytest.raises(TemplateAltered):
        sealer.open(sealed, person=1, pipeline_id="a", purpose="bc")


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


def test_a_derived_key_is_of_one_purpose_salt_home_and_key():
    """The same four give the same 32 bytes, any other gives others, and none of them is the key itself."""
    told = [
        Sealer(key, home).derive(purpose, salt)
        for key in (KEY, bytes(32))
        for home in (HOME, "home-2")
        for purpose in ("backup", "other")
        for salt in (b"a" * 32, b"b" * 32)
    ]

    assert 16 == len(set(told))
    assert {32} == {len(each) for each in told}
    assert KEY not in told
    assert told[0] == Sealer(KEY, HOME).derive("backup", b"a" * 32)


def test_a_derived_key_is_that_of_the_standard():
    """It is HKDF-SHA256 of RFC 5869, recomputed step by step, bound to home and purpose."""
    import hmac

    def part(text: str) -> bytes:
        return len(text).to_bytes(4, "big") + text.encode()

    info = b"".join(map(part, ("attendance seal 1", HOME, "derive", "backup")))
    middle = hmac.digest(b"salt", KEY, "sha256")

    assert hmac.digest(middle, info + b"\x01", "sha256") == Sealer(KEY, HOME).derive("backup", b"salt")
