"""The first line of a backup: JSON that anybody may read, and by which one finds the key that opens the rest.

It tells format, version, the schema's revision, when the backup was made and of which home it is. The key that seals
the rest is derived from the home's with the `salt` of this file alone; `key` tells which key that is, and nothing
else of it. Version 2 has both that key and the one that proves lists of erasures a second time, wrapped to a public
recovery key; the home's own key is in neither.
"""

import base64
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from gallery.errors import BackupInvalid, GalleryNewer, RecoveryKeyWrong
from gallery.vault.recovery import unwrap, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gallery.ports import Cipher

FORMAT: Final = "attendance-backup"
PLAIN, RECOVERABLE = 1, 2
"""The versions: for the home's key alone, and for a recovery key, too."""
LIMIT = 4096
"""Bytes that a head has at most."""
_SALT_BYTES, _KEY_ID_BYTES = 32, 16
_SEALING, _NAMING = "backup", "backup key id"


@dataclass(frozen=True)
class Recovery:
    """For whom a backup is wrapped a second time (the text of a public key), and what proves lists of erasures."""

    public: str
    proving: bytes


@dataclass(frozen=True)
class Opened:
    """What opens a backup, and what proves lists of erasures of its home, where that is known."""

    sealing: bytes
    proving: bytes | None = None


@dataclass(frozen=True)
class Head:
    """What the first line says; `line` is that line, its end included, to which everything sealed is bound."""

    home_id: str
    revision: str
    created: datetime
    salt: bytes
    key_id: str
    line: bytes
    recovery: "Mapping[str, Any] | None" = None

    @classmethod
    def new(
        cls, home_id: str, revision: str, created: datetime, cipher: "Cipher", recovery: Recovery | None = None
    ) -> Self:
        """That of a backup made now, with a salt of its own. Raises RecoveryKeyWrong."""
        salt = os.urandom(_SALT_BYTES)
        key_id = _key_id(cipher, salt)
        told = {
            "format": FORMAT,
            "version": PLAIN if recovery is None else RECOVERABLE,
            "schema": revision,
            "created": created.isoformat(),
            "home": home_id,
            "salt": base64.b64encode(salt).decode("ascii"),
            "key": key_id,
        }
        more = None if recovery is None else _wrapped(recovery, cipher.derive(_SEALING, salt))
        line = json.dumps(told | ({} if more is None else {"recovery": more})).encode() + b"\n"
        return cls(home_id, revision, created, salt, key_id, line, more)

    @classmethod
    def read(cls, file: BinaryIO, where: str) -> Self:
        """From the beginning of `file`, which it leaves behind the head; raises BackupInvalid, GalleryNewer."""
        line = file.readline(LIMIT)
        try:
            told = _facts(line)
            salt, created = base64.b64decode(told["salt"], validate=True), datetime.fromisoformat(told["created"])
            head = cls(str(told["home"]), str(told["schema"]), created, salt, str(told["key"]), line, _recovery(told))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise BackupInvalid(where, "it does not begin as a backup of a home does") from error
        if told["version"] not in (PLAIN, RECOVERABLE):
            raise GalleryNewer(where, f"it is a backup of version {told['version']}, this program reads {RECOVERABLE}")
        return head

    def is_of(self, cipher: "Cipher") -> bool:
        """Whether it was sealed with this key."""
        return _key_id(cipher, self.salt) == self.key_id

    def sealing_key(self, cipher: "Cipher") -> bytes:
        """The key of this file alone."""
        return cipher.derive(_SEALING, self.salt)

    def recovered(self, private: str, where: str) -> Opened:
        """What the private recovery key (its text) opens it with. Raises RecoveryKeyWrong."""
        if self.recovery is None:
            raise RecoveryKeyWrong(where, "it was not made for a recovery key: the key of its home alone opens it")
        try:
            return Opened(*(unwrap(private, self.recovery[name]) for name in ("sealing", "proving")))
        except (KeyError, TypeError) as error:
            raise BackupInvalid(where, "it does not begin as a backup of a home does") from error


def _wrapped(recovery: Recovery, sealing: bytes) -> dict[str, dict[str, str]]:
    return {"sealing": wrap(recovery.public, sealing), "proving": wrap(recovery.public, recovery.proving)}


def _recovery(told: dict[str, Any]) -> dict[str, Any] | None:
    if told["version"] != RECOVERABLE:
        return None
    found: dict[str, Any] = told["recovery"]
    if not all(isinstance(found[name], dict) for name in ("sealing", "proving")):
        raise TypeError(RECOVERABLE)
    return found


def _facts(line: bytes) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(line)
    if told["format"] != FORMAT or not isinstance(told["version"], int) or not line.endswith(b"\n"):
        raise ValueError(FORMAT)
    return told


def _key_id(cipher: "Cipher", salt: bytes) -> str:
    return cipher.derive(_NAMING, salt)[:_KEY_ID_BYTES].hex()
