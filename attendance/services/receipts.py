"""Receipts of an erasure: what was removed and which files were looked through, signed by the home (Ed25519, RFC 8032).

A receipt is JSON and names nobody: the internal number, and a salted SHA-256 of the id, which who knows the id can
check. The signature is over its canonical form: all of it but the signature, with sorted keys and without spaces.
"""

import hashlib
import json
import secrets as chance
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.privacy_errors import ReceiptInvalid
from gallery.repositories import secrets
from refusal import counted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from gallery import Gallery

FORMAT: Final = "attendance-receipt"
VERSION: Final = 1
PURPOSE: Final = "receipt"
MOST_BYTES: Final = 64 << 20
SIGNED: Final = "signature"
TABLE: Final = "table "
"""With which the path of a table begins that was looked through; files of a home are named by their paths in it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A receipt that is as it was signed; ``here``: whether this very home signed it, None where that is not known."""

    told: Mapping[str, Any]
    here: bool | None

    def lines(self) -> Iterator[str]:
        """In words."""
        told = self.told
        whose = {True: "by this home", False: "by another home, or with an earlier key of this one", None: "by its key"}
        yield f"unchanged since it was signed {whose[self.here]}, {told['public_key']}"
        yield f"person {told['person']} was erased at {told['at']} by {told['by']}"
        yield from found_lines(told)

    def to_dict(self) -> dict[str, Any]:
        """As ``privacy verify --json`` shows it."""
        return {"valid": True, "here": self.here, "receipt": dict(self.told)}


class Receipts:
    """Signs receipts with a key of this home, and verifies them."""

    def __init__(self, gallery: "Gallery") -> None:
        self._gallery = gallery

    def public_key(self) -> str | None:
        """The public key (hexadecimal) of this home's receipts; None where none was ever made."""
        store = self._gallery.store
        with store.reading() as transaction:
            if secrets.sealed(transaction, PURPOSE) is None:
                return None
            plain = secrets.stored(transaction, self._gallery.sealer, PURPOSE)
        return None if plain is None else _public(_key(plain))

    def prepare(self) -> None:
        """Have the key made where there is none yet. Raises KeyMissing and what `Gallery.sealer` does."""
        with self._gallery.store.atomic() as transaction:
            secrets.of(transaction, self._gallery.sealer, PURPOSE)

    def sign(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """The receipt of these facts, with home, public key and signature."""
        store = self._gallery.store
        with store.atomic() as transaction:
            key = _key(secrets.of(transaction, self._gallery.sealer, PURPOSE))
        whole = {
            "format": FORMAT,
            "version": VERSION,
            "home": store.meta("home_id") or "",
            **told,
            "public_key": _public(key),
        }
        return {**whole, SIGNED: key.sign(canonical(whole)).hex()}

    def verify(self, path: Path, public_key: str | None = None) -> Verified:
        """Read a receipt, and compare; with a public key (hexadecimal) it must be signed by that one.

        Raises ReceiptInvalid.
        """
        told = read(path)
        refuse_altered(str(path), told)
        if public_key is not None and told["public_key"] != public_key.strip().lower():
            raise ReceiptInvalid(str(path), f"it was signed with another key, {told['public_key']}")
        own = self.public_key()
        here = (
            None if own is None else own == told["public_key"] and told["home"] == self._gallery.store.meta("home_id")
        )
        return Verified(told, here)


def salted(text: str) -> dict[str, str]:
    """A salted SHA-256 of a text, which tells nothing to whoever does not know it."""
    salt = chance.token_bytes(16)
    return {"salt": salt.hex(), "sha256": hashlib.sha256(salt + text.encode()).hexdigest()}


def is_of(told: Mapping[str, str], text: str) -> bool:
    """Whether a salted SHA-256 is of this text."""
    return hashlib.sha256(bytes.fromhex(told["salt"]) + text.encode()).hexdigest() == told["sha256"]


def canonical(told: Mapping[str, Any]) -> bytes:
    """What is signed."""
    whole = {name: value for name, value in told.items() if name != SIGNED}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def written(told: Mapping[str, Any]) -> str:
    """A receipt as it is written to a file."""
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def read(path: Path) -> dict[str, Any]:
    """What a file of a receipt says. Raises ReceiptInvalid."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ReceiptInvalid(str(path), "it is larger than any receipt")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReceiptInvalid(str(path), f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ReceiptInvalid(str(path), "it is no JSON, or not all of it") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
        raise ReceiptInvalid(str(path), "it is no receipt of an erasure")
    if not all(isinstance(found.get(name), str) for name in ("home", "public_key", SIGNED)):
        raise ReceiptInvalid(str(path), "it lacks its signature")
    return found


def refuse_altered(where: str, told: Mapping[str, Any]) -> None:
    """Raise ReceiptInvalid where the signature is not of the rest."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["public_key"]))
        key.verify(bytes.fromhex(told[SIGNED]), canonical(told))
    except (InvalidSignature, ValueError) as error:
        raise ReceiptInvalid(where, "it was changed after it was signed") from error


def found_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """What a receipt says, in words."""
    removed = ", ".join(f"{count} of {name}" for name, count in sorted(told["removed"].items()))
    yield f"removed: {removed or 'nothing'}"
    if told["deleted"]:
        yield f"deleted as they named the person: {', '.join(told['deleted'])}"
    yield from search_lines(told)
    yield from _left_lines(told)
    for each in told["backups"]:
        yield f"a backup from before still holds it: {each['path']} of {each['at']}, {each['expires']}"
    for each in told.get("beyond", ()):
        yield f"beyond reach: {each}"


def _left_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """What is still to be overwritten, by the engine of the database."""
    server = told.get("engine") == "postgresql"
    if not told["erased"] and server:
        yield "the tables still hold it, as another program reads them from before: start a writing command later"
    elif not told["erased"]:
        yield "the write-ahead log still holds it, as another program reads the home: start a writing command later"
    elif not told["compacted"] and server:
        yield (
            "the tables were not written anew, as another program uses them or the disk is full: free room in their "
            "files holds it until the server uses that again"
        )
    elif not told["compacted"]:
        yield "the database was not written anew, as another program uses it or the disk is full; it was overwritten"


def search_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """What a search says, in words."""
    tables = sum(each["path"].startswith(TABLE) for each in told["files"])
    files, patterns = len(told["files"]) - tables, sum(told["searched"].values())
    looked = counted(files, "file") + (f" and {counted(tables, 'table')}" if tables else "")
    yield f"looked through: {looked} for {counted(patterns, 'pattern')}"
    for each in told["hits"]:
        yield f"TRACE: {each['count']} x {each['kind']} ({each['form']}) in {each['path']}: {each['advice']}"
    for each in told["explained"]:
        yield f"{each['kind']}: {each['why']}"
    for each in told["unsearched"]:
        yield f"not searched: {each['what']}: {each['why']}"
    if not told["hits"]:
        yield "no trace was found"


def _key(plain: bytes) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(plain)


def _public(key: "Ed25519PrivateKey") -> str:
    return key.public_key().public_bytes_raw().hex()
