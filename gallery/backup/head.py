"""The first line of a backup: JSON that anybody may read, and by which one finds the key that opens the rest.

It tells format, version, the schema's revision, when the backup was made and of which home it is. The key that seals
the rest is derived from the home's with the `salt` of this file alone; `key` tells which key that is, and nothing
else of it.
"""

import base64
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from gallery.errors import BackupInvalid, GalleryNewer

if TYPE_CHECKING:
    from gallery.ports import Cipher

FORMAT, VERSION = "attendance-backup", 1
LIMIT = 4096
"""Bytes that a head has at most."""
_SALT_BYTES, _KEY_ID_BYTES = 32, 16
_SEALING, _NAMING = "backup", "backup key id"


@dataclass(frozen=True)
class Head:
    """What the first line says; `line` is that line, its end included, to which everything sealed is bound."""

    home_id: str
    revision: str
    created: datetime
    salt: bytes
    key_id: str
    line: bytes

    @classmethod
    def new(cls, home_id: str, revision: str, created: datetime, cipher: "Cipher") -> Self:
        """That of a backup made now, with a salt of its own."""
        salt = os.urandom(_SALT_BYTES)
        key_id = _key_id(cipher, salt)
        told = {
            "format": FORMAT,
            "version": VERSION,
            "schema": revision,
            "created": created.isoformat(),
            "home": home_id,
            "salt": base64.b64encode(salt).decode("ascii"),
            "key": key_id,
        }
        return cls(home_id, revision, created, salt, key_id, json.dumps(told).encode() + b"\n")

    @classmethod
    def read(cls, file: BinaryIO, where: str) -> Self:
        """From the beginning of `file`, which it leaves behind the head; raises BackupInvalid, GalleryNewer."""
        line = file.readline(LIMIT)
        try:
            told = _facts(line)
            salt, created = base64.b64decode(told["salt"], validate=True), datetime.fromisoformat(told["created"])
            head = cls(str(told["home"]), str(told["schema"]), created, salt, str(told["key"]), line)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise BackupInvalid(where, "it does not begin as a backup of a home does") from error
        if told["version"] != VERSION:
            raise GalleryNewer(where, f"it is a backup of version {told['version']}, this program reads {VERSION}")
        return head

    def is_of(self, cipher: "Cipher") -> bool:
        """Whether it was sealed with this key."""
        return _key_id(cipher, self.salt) == self.key_id

    def sealing_key(self, cipher: "Cipher") -> bytes:
        """The key of this file alone."""
        return cipher.derive(_SEALING, self.salt)


def _facts(line: bytes) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(line)
    if told["format"] != FORMAT or not isinstance(told["version"], int) or not line.endswith(b"\n"):
        raise ValueError(FORMAT)
    return told


def _key_id(cipher: "Cipher", salt: bytes) -> str:
    return cipher.derive(_NAMING, salt)[:_KEY_ID_BYTES].hex()
