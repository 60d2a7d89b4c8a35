"""The list of what was erased, beside the home and its backups: whoever restores an old backup has it erased again.

It is written whole from the table, in the home as the file `erased` and in a folder of backups as `erased-` and the
home's id. It names people by internal id alone, and is proved by a secret of the home that stays when its key is
rotated, and by the key itself: a list of another home, or one that somebody has changed, is refused.

An internal id says who is meant only within one history of the home. Where a home was restored, and somebody new got an
id that another had in the lost part, the instant tells the two apart at which the log first names the id (`added`).
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gallery.errors import ErasureListInvalid, GalleryFull, GalleryReadOnly, TemplateAltered
from gallery.files import NO_ROOM, whole
from gallery.repositories import erasures, events, secrets
from gallery.repositories.erasures import Erasure, What

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction, Vault

NAME: Final = "erased"
FORMAT: Final = "attendance-erased"
VERSION: Final = 1
PURPOSE: Final = "erased"
"""Of the secret that proves lists."""
_SALT: Final = b"attendance erased list"
_LARGEST: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """An erasure, and when the log first named the person of this id, as far as it still tells."""

    erasure: Erasure
    added: datetime | None = None


def name_of(home_id: str) -> str:
    """What the list of a home is called in a folder of backups, which may hold those of several homes."""
    return f"{NAME}-{home_id}"


# What proves a list


def prepare(database: "Database", vault: "Vault") -> None:
    """Make the secret that proves lists, where the home has none yet and may be written to."""
    if database.read_only:
        return
    with database.reading() as transaction:
        found = secrets.sealed(transaction, PURPOSE)
    if found is None:
        with database.atomic() as transaction:
            secrets.of(transaction, vault.unlock(), PURPOSE)


def proving(transaction: "Transaction", cipher: "Cipher") -> list[bytes]:
    """The keys that prove lists, the one first that outlives a rotation."""
    with suppress(TemplateAltered):
        kept = secrets.stored(transaction, cipher, PURPOSE)
        if kept is not None:
            return [kept, cipher.derive(PURPOSE, _SALT)]
    return [cipher.derive(PURPOSE, _SALT)]


# Writing


def publish(database: "Database", vault: "Vault", folders: Iterable[Path] = ()) -> list[Path]:
    """Write the list into the home and into each of these folders that is there; returns the files.

    What a list there already tells stays told, if it is one of this home; a strange one is written over. Raises
    GalleryReadOnly, GalleryFull, and what `unlock` raises.
    """
    prepare(database, vault)
    home_id = database.meta("home_id") or ""
    places = [database.home / NAME, *(Path(each) / name_of(home_id) for each in folders if Path(each).is_dir())]
    written: list[Entry] | None = None
    while True:  # what another program has erased meanwhile was told by it before this wrote, and is not lost
        with database.reading() as transaction:
            keys, entries = proving(transaction, vault.unlock()), told(transaction)
        if entries == written:
            return places
        for path in places:
            write(path, home_id, keys, union(_known(path, home_id, keys), entries))
        written = entries


def _known(path: Path, home_id: str, keys: Sequence[bytes]) -> list[Entry]:
    with suppress(ErasureListInvalid):
        return read(path, home_id, keys)
    return []


def told(transaction: "Transaction") -> list[Entry]:
    """What the table tells."""
    found = erasures.all_erasures(transaction)
    first = events.additions(transaction, {each.person_key for each in found})
    return [Entry(each, first.get(each.person_key)) for each in found]


def write(path: Path, home_id: str, keys: Sequence[bytes], entries: Iterable[Entry]) -> None:
    """The file, whole or as it was before. Raises GalleryFull, GalleryReadOnly."""
    body = {"format": FORMAT, "version": VERSION, "home": home_id, "erasures": [_row(each) for each in entries]}
    text = json.dumps(body | {"proofs": [_proof(key, body) for key in keys]}, separators=(",", ":")) + "\n"
    try:
        with whole(path) as temporary:
            temporary.write_text(text, encoding="ascii")
    except OSError as error:
        wanted = GalleryFull if error.errno in NO_ROOM else GalleryReadOnly
        raise wanted(str(path), f"the list of erasures cannot be written: {error.strerror}") from error


def _row(entry: Entry) -> list[Any]:
    added = None if entry.added is None else _instant(entry.added)
    return [entry.erasure.person_key, entry.erasure.what, _instant(entry.erasure.at), added]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _proof(key: bytes, body: Mapping[str, Any]) -> str:
    plain = json.dumps({**body}, separators=(",", ":"), sort_keys=True).encode()
    return hmac.digest(key, plain, "sha256").hex()


# Reading


def read(path: Path, home_id: str, keys: Sequence[bytes]) -> list[Entry]:
    """What the file tells; nothing where there is none. Raises ErasureListInvalid for any that is not proved."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ErasureListInvalid(str(path), "it is too large to be a list of erasures")
        found = json.loads(path.read_text(encoding="ascii"))
        return _proved(found, path, home_id, keys)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ErasureListInvalid(str(path), f"it cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ErasureListInvalid(str(path), "it is no list of erasures") from error


def _proved(found: dict[str, Any], path: Path, home_id: str, keys: Sequence[bytes]) -> list[Entry]:
    proofs = found.pop("proofs")
    if (found["format"], found["version"]) != (FORMAT, VERSION):
        raise ErasureListInvalid(str(path), "it is no list of erasures, or one of a later version")
    if found["home"] != home_id:
        raise ErasureListInvalid(str(path), f"it is of home {found['home']}, expected {home_id}")
    ours = [_proof(key, found) for key in keys]
    if not any(hmac.compare_digest(str(proof).encode(), own.encode()) for proof in proofs for own in ours):
        raise ErasureListInvalid(str(path), "it was changed, or is not of this home")
    return [_entry(*row) for row in found["erasures"]]


def _entry(key: int, what: What, at: str, added: str | None) -> Entry:
    if what not in erasures.KINDS:
        raise ValueError(what)
    return Entry(Erasure(int(key), what, _aware(at)), None if added is None else _aware(added))


def _aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.utcoffset() is None:
        raise ValueError(text)
    return found.astimezone(UTC)


def union(*lists: Iterable[Entry]) -> list[Entry]:
    """What any of the lists tells: of the same person and kind the latest instant, and all that is known of whom."""
    found: dict[tuple[int, What], dict[datetime | None, datetime]] = {}
    for each in (entry for some in lists for entry in some):
        ats = found.setdefault((each.erasure.person_key, each.erasure.what), {})
        ats[each.added] = max(ats.get(each.added, each.erasure.at), each.erasure.at)
    return [Entry(Erasure(*of, at), added) for of in sorted(found) for added, at in _settled(found[of])]


def _settled(ats: Mapping[datetime | None, datetime]) -> list[tuple[datetime | None, datetime]]:
    """By when the id was new the latest instant; one that does not tell is taken for each that does."""
    vague = ats.get(None)
    if vague is None or len(ats) == 1:
        return sorted(ats.items())
    return [(added, max(at, vague)) for added, at in sorted((a, b) for a, b in ats.items() if a is not None)]
