"""What a key file holds: the data key of a home in hexadecimal, or an envelope, in which another key wraps it.

An envelope is JSON: who gives the wrapping key (`by`), how that is derived (`kdf`), and the data key under AES-256-GCM
(`wrapped`: a random nonce of 12 bytes, then ciphertext and tag) with all else of the envelope as associated data. From
a passphrase the wrapping key comes by scrypt (RFC 7914), from 32 bytes by HKDF-SHA256 (RFC 5869), each with a salt.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gallery.errors import KeyWrong

Wrapper = Literal["passphrase", "environment", "command"]
WRAPPERS: Final[tuple[Wrapper, ...]] = get_args(Wrapper)
"""Who can give a wrapping key."""
FORMAT, VERSION = "attendance-key", 1
KEY_BYTES = 32
COST: Final = {"n": 1 << 17, "r": 8, "p": 1}
"""128 MiB and less than half a second for each guess (OWASP's cheat sheet on storing passwords, 2025)."""
LIMIT: Final = 4096
"""No key file is longer, in bytes."""
_N = frozenset(1 << power for power in range(14, 21))  # a changed file must not take all memory
_SALT, _NONCE = 16, 12
_INFO = b"attendance key envelope 1"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A data key as another key wraps it; ``cost`` is that of scrypt, empty where a wrapping key needs none."""

    by: Wrapper
    salt: bytes
    cost: Mapping[str, int]
    wrapped: bytes = field(default=b"", repr=False)

    @classmethod
    def new(cls, by: Wrapper) -> Self:
        """Of an own salt, and with nothing in it."""
        return cls(by, os.urandom(_SALT), COST if by == "passphrase" else {})

    @property
    def name(self) -> bytes:
        """What tells its wrapping key from all others, and nothing about it."""
        return hashlib.sha256(self._bound).digest()

    @property
    def text(self) -> bytes:
        """What the key file holds."""
        return json.dumps({**self._head, "wrapped": _base64(self.wrapped)}, indent=1).encode("ascii") + b"\n"

    @property
    def _head(self) -> dict[str, Any]:
        name = "scrypt" if self.cost else "hkdf-sha256"
        kdf = {"name": name, **self.cost, "salt": _base64(self.salt)}
        return {"format": FORMAT, "version": VERSION, "by": self.by, "kdf": kdf}

    @property
    def _bound(self) -> bytes:
        return json.dumps(self._head, sort_keys=True, separators=(",", ":")).encode("ascii")

    def wrapping_key(self, secret: bytes) -> bytes:
        """From a passphrase, or from the 32 bytes of another source."""
        if self.cost:
            return Scrypt(salt=self.salt, length=KEY_BYTES, **self.cost).derive(secret)
        return HKDF(SHA256(), length=KEY_BYTES, salt=self.salt, info=_INFO).derive(secret)

    def holding(self, key: bytes, wrapping: bytes) -> Self:
        """The same envelope with this data key in it."""
        nonce = os.urandom(_NONCE)
        return replace(self, wrapped=nonce + AESGCM(wrapping).encrypt(nonce, key, self._bound))

    def opened(self, wrapping: bytes) -> bytes | None:
        """The data key; None where this wrapping key is another one, or the envelope was changed."""
        try:
            return AESGCM(wrapping).decrypt(self.wrapped[:_NONCE], self.wrapped[_NONCE:], self._bound)
        except (InvalidTag, ValueError):
            return None


def plain_text(key: bytes) -> bytes:
    """What a key file holds that nothing wraps."""
    return key.hex().encode("ascii") + b"\n"


def parsed(data: bytes, where: str) -> bytes | Envelope:
    """The data key that lies plain in a key file, or its envelope; raises KeyWrong, which names ``where``."""
    if not data.strip():
        raise KeyWrong(where, "it is empty")
    if data.lstrip().startswith(b"{"):
        return _envelope(data, where)
    try:
        key = bytes.fromhex(data.decode("ascii"))
    except ValueError as error:
        raise KeyWrong(where, "it is not the hexadecimal text of a key") from error
    if len(key) != KEY_BYTES:
        raise KeyWrong(where, f"expected {KEY_BYTES} bytes in hexadecimal, got {len(key)}")
    return key


def _envelope(data: bytes, where: str) -> Envelope:
    try:
        told = json.loads(data)
        if told["format"] != FORMAT:
            raise KeyWrong(where, "it is no key file of this program")
        if told["version"] != VERSION:
            raise KeyWrong(where, "a newer version of this program wrote it")
        return _checked(told)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise KeyWrong(where, "it was cut short or changed") from error


def _checked(told: Mapping[str, Any]) -> Envelope:
    kdf, by = told["kdf"], told["by"]
    cost = {name: kdf[name] for name in COST} if kdf["name"] == "scrypt" else {}
    salt, wrapped = (base64.b64decode(text, validate=True) for text in (kdf["salt"], told["wrapped"]))
    fits = by in WRAPPERS and bool(cost) == (by == "passphrase") and kdf["name"] in {"scrypt", "hkdf-sha256"}
    dear = bool(cost) and not (cost["n"] in _N and cost["r"] == COST["r"] and cost["p"] == COST["p"])
    if not fits or dear or len(salt) != _SALT or len(wrapped) != _NONCE + KEY_BYTES + 16:
        raise ValueError
    return Envelope(by, salt, cost, wrapped)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
