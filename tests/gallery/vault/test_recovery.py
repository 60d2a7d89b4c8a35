"""The recovery pair: what is wrapped to the public key opens with the private one, and with nothing else."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gallery import RecoveryKeyWrong
from gallery.vault import recovery
from gallery.vault.recovery import PRIVATE, PUBLIC, new_pair, parsed_private, parsed_public, public_of, unwrap, wrap

SECRET = bytes(range(32))


def test_what_is_wrapped_opens_with_the_private_key():
    """The dictionary survives JSON, and the private key opens it, also out of a file with lines around it."""
    public, private = new_pair()
    wrapped = json.loads(json.dumps(wrap(public, SECRET)))

    assert SECRET == unwrap(private, wrapped) == unwrap(f"# keep apart\n{private}\n\n", wrapped)
    assert public == public_of(parsed_private(private)) == wrapped["to"]


def test_it_is_the_construction_that_is_told():
    """Anybody can open it by X25519, HKDF-SHA256 over both public keys and AES-256-GCM alone."""
    public, private = new_pair()
    wrapped = wrap(public, SECRET)

    sender, sealed = (base64.b64decode(wrapped[name]) for name in ("ephemeral", "wrapped"))
    own = X25519PrivateKey.from_private_bytes(parsed_private(private))
    shared = own.exchange(X25519PublicKey.from_public_bytes(sender))
    salt = sender + parsed_public(public)
    key = HKDF(SHA256(), length=32, salt=salt, info=b"attendance recovery 1").derive(shared)

    assert SECRET == AESGCM(key).decrypt(bytes(12), sealed, None)


def test_no_two_wrappings_are_alike():
    """The same secret wrapped twice to the same key shares no part, so that nobody can tell them alike."""
    public, _ = new_pair()
    one, two = wrap(public, SECRET), wrap(public, SECRET)

    assert {"method", "to"} == {name for name in one if one[name] == two[name]}


def test_another_pair_opens_nothing():
    """The private key of another pair is refused in one line."""
    (public, _), (_, other) = new_pair(), new_pair()
    with pytest.raises(RecoveryKeyWrong, match="another pair"):
        unwrap(other, wrap(public, SECRET))


@pytest.mark.parametrize("part", ["method", "ephemeral", "wrapped"])
@pytest.mark.parametrize("value", [None, 3, "", "AAAA", "é"])
def test_a_changed_wrapping_is_refused(part, value):
    """Whatever stands in one of its parts instead is refused, also where it is missing."""
    public, private = new_pair()
    wrapped = wrap(public, SECRET)
    for changed in ({**wrapped, part: value}, {name: text for name, text in wrapped.items() if name != part}):
        with pytest.raises(RecoveryKeyWrong):
            unwrap(private, changed)


def test_a_mistyped_key_is_refused():
    """Whichever letter of either key is another one: nothing is wrapped to it, and nothing tried with it."""
    public, private = new_pair()
    for text, parsed in ((public, parsed_public), (private, parsed_private)):
        start = text.index(":") + 1
        for at in range(start, len(text)):
            other = "0" if text[at] != "0" else "1"
            with pytest.raises(RecoveryKeyWrong, match="mistyped"):
                parsed(text[:at] + other + text[at + 1 :])
        for cut in (text[:-1], text[:-2], text[:start], text + "00"):
            with pytest.raises(RecoveryKeyWrong):
                parsed(cut)


def test_a_key_of_the_other_kind_is_refused():
    """The public key is no private one, nor the other way round; two of a kind in one text are not guessed between."""
    public, private = new_pair()
    for text in ("", public, f"{private}\n{private}"):
        with pytest.raises(RecoveryKeyWrong, match=PRIVATE):
            parsed_private(text)
    with pytest.raises(RecoveryKeyWrong, match=PUBLIC):
        parsed_public(private)


def test_a_public_key_that_is_no_point_is_refused():
    """A public key that makes every secret the same, though its text is whole, is refused."""
    with pytest.raises(RecoveryKeyWrong, match="no key of a pair"):
        wrap(recovery._text(PUBLIC, bytes(32)), SECRET)
