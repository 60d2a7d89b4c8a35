"""A pair of keys for the day on which a home's key is lost: what is wrapped to the public one opens with the private.

The public key may lie anywhere, as in the settings; the private one is kept elsewhere, on paper or on a stick. Each is
one line of text, which ends in a check: a key that was mistyped is refused, not wrapped to.

Wrapping is X25519 (RFC 7748) with an ephemeral key, HKDF-SHA256 (RFC 5869) over both public keys, and AES-256-GCM. The
key so derived seals one value and never another, hence its nonce is zero.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gallery.errors import RecoveryKeyWrong

PUBLIC, PRIVATE = "attendance-public-1:", "attendance-private-1:"
"""How the texts of the two keys begin."""
SECRET_BYTES: Final = 32
_CHECK_BYTES = 4
_METHOD = "x25519-hkdf-sha256-aes256gcm"
_INFO = b"attendance recovery 1"
_NONCE = bytes(12)


def new_pair() -> tuple[str, str]:
    """A new pair: the text of the public key, and that of the private one."""
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return _text(PUBLIC, public), _text(PRIVATE, private.private_bytes_raw())


def parsed_public(text: str) -> bytes:
    """The 32 bytes of a public key; surrounding lines are passed over. Raises RecoveryKeyWrong."""
    return _parsed(PUBLIC, text, "public")


def parsed_private(text: str) -> bytes:
    """The 32 bytes of a private key; surrounding lines are passed over. Raises RecoveryKeyWrong."""
    return _parsed(PRIVATE, text, "private")


def public_of(private: bytes) -> str:
    """The text of the public key that belongs to a private one."""
    return _text(PUBLIC, X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw())


def wrap(public: str, secret: bytes) -> dict[str, str]:
    """32 bytes that only the private key of `public` (its text) opens again, as JSON can hold them."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"expected {SECRET_BYTES} bytes, got {len(secret)}")
    receiver, ephemeral = parsed_public(public), X25519PrivateKey.generate()
    sender = ephemeral.public_key().public_bytes_raw()
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(receiver))
    except ValueError as error:  # a point of low order, which no pair has
        raise RecoveryKeyWrong("public key", "it is no key of a pair") from error
    sealed = _cipher(shared, sender, receiver).encrypt(_NONCE, secret, None)
    return {"method": _METHOD, "to": public.strip(), "ephemeral": _base64(sender), "wrapped": _base64(sealed)}


def unwrap(private: str, wrapped: Mapping[str, Any]) -> bytes:
    """The 32 bytes that `wrap` was given; raises RecoveryKeyWrong where they are not for this key, or were changed."""
    own = X25519PrivateKey.from_private_bytes(parsed_private(private))
    try:
        if wrapped["method"] != _METHOD:
            raise RecoveryKeyWrong("recovery key", "what it is to open was made by another version")
        sender, sealed = (base64.b64decode(wrapped[name], validate=True) for name in ("ephemeral", "wrapped"))
        shared = own.exchange(X25519PublicKey.from_public_bytes(sender))
        return _cipher(shared, sender, own.public_key().public_bytes_raw()).decrypt(_NONCE, sealed, None)
    except (InvalidTag, KeyError, TypeError, ValueError) as error:
        raise RecoveryKeyWrong("recovery key", "it is another pair's than the one this was made for") from error


def _cipher(shared: bytes, sender: bytes, receiver: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), length=SECRET_BYTES, salt=sender + receiver, info=_INFO).derive(shared))


def _text(kind: str, key: bytes) -> str:
    return kind + (key + _check(kind, key)).hex()


def _check(kind: str, key: bytes) -> bytes:
    return hashlib.sha256(kind.encode() + key).digest()[:_CHECK_BYTES]


def _parsed(kind: str, text: str, called: str) -> bytes:
    found = [line.strip() for line in text.splitlines() if line.strip().startswith(kind)]
    if len(found) != 1:
        raise RecoveryKeyWrong(f"{called} key", f"no {called} recovery key is in it; one begins with {kind}")
    try:
        data = bytes.fromhex(found[0].removeprefix(kind))
    except ValueError:
        data = b""
    key, check = data[:SECRET_BYTES], data[SECRET_BYTES:]
    if len(key) != SECRET_BYTES or check != _check(kind, key):
        raise RecoveryKeyWrong(f"{called} key", "it was mistyped or cut short")
    return key


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
