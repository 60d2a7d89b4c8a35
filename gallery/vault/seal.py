"""Sealing of templates, crops, faces to look at and addresses with AES-256-GCM.

A sealed value is one version byte, a random nonce of 12 bytes, the ciphertext and its tag of 16 bytes. Home,
person, pipeline and purpose are bound to it as associated data, each with its length before it, so that a value
moved to another row, person, pipeline or home is refused as surely as one with a flipped bit.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gallery.errors import TemplateAltered
from gallery.vault.envelope import KEY_BYTES

NONCE_BYTES = 12
OVERHEAD = 1 + NONCE_BYTES + 16
"""Bytes by which a sealed value is longer than the plain one."""

_VERSION = b"\x01"
_CONTEXT = b"attendance seal 1"


def _part(value: str | bytes) -> bytes:
    data = value if isinstance(value, bytes) else value.encode()
    return len(data).to_bytes(4, "big") + data


class Sealer:
    """Seals and opens with one key (32 bytes) for one home."""

    def __init__(self, key: bytes, home_id: str) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"expected a key of {KEY_BYTES} bytes, got {len(key)}")
        self._key = key
        self._cipher = AESGCM(key)
        self._context = _part(_CONTEXT) + _part(home_id)
        self._ends: dict[tuple[str, str], bytes] = {}

    def _bound_to(self, person: int | str, pipeline_id: str, purpose: str) -> bytes:
        end = self._ends.get((pipeline_id, purpose))
        if end is None:
            end = self._ends[pipeline_id, purpose] = _part(pipeline_id) + _part(purpose)
        return self._context + _part(str(person)) + end

    def seal(self, plain: bytes, *, person: int | str, pipeline_id: str, purpose: str) -> bytes:
        """`plain`, readable only with the key and only for this person, pipeline and purpose."""
        nonce = os.urandom(NONCE_BYTES)
        bound = self._bound_to(person, pipeline_id, purpose)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, *, person: int | str, pipeline_id: str, purpose: str) -> bytes:
        """What `seal` was given; raises TemplateAltered on any difference in value, place or key."""
        if sealed[:1] == _VERSION and len(sealed) >= OVERHEAD:
            nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
            try:
                return self._cipher.decrypt(nonce, rest, self._bound_to(person, pipeline_id, purpose))
            except InvalidTag:
                pass
        raise TemplateAltered(f"{purpose} of person {person}", "the sealed value does not open")

    def derive(self, purpose: str, salt: bytes) -> bytes:
        """A key of 32 bytes for this purpose and salt alone (HKDF-SHA256, RFC 5869); it tells nothing of the home's."""
        info = self._context + _part("derive") + _part(purpose)
        return HKDF(SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(self._key)
