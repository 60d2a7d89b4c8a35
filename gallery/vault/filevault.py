"""The vault of a home: its key file, tried on what the database remembers of it, and what is sealed with it.

A new key waits beside the old one until everything is sealed anew: at every moment one of the two files opens all
that is stored. They change places under the lock of the database alone, so that no two programs do it at once.
"""

import base64
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from gallery.errors import GalleryLocked, GalleryUnusable, KeyWrong, TemplateAltered
from gallery.repositories import chain, events, resealing, secrets
from gallery.transactions import CHAIN_KEY
from gallery.vault.key import KEY, load_key, put_in_place, waiting_key, write_waiting
from gallery.vault.seal import Sealer

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction

CHECK, HOME_ID = "key_check", "home_id"
ROTATED = "key.rotate"
_PLAIN = b"this key belongs to this home"


def check_value(sealer: "Cipher") -> str:
    """What the database remembers of the key that is in use."""
    return base64.b64encode(sealer.seal(_PLAIN, person="", pipeline_id="", purpose="check")).decode()


def _opens(sealer: "Cipher", check: str) -> bool:
    try:
        return sealer.open(base64.b64decode(check), person="", pipeline_id="", purpose="check") == _PLAIN
    except (TemplateAltered, ValueError):
        return False


class FileVault:
    """Seals with the key file of the home of `database`, which is read when first needed."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._sealers: dict[str, Sealer] = {}  # by the check value that each opens: views may be older than a rotation
        self._chain_keys: dict[bytes, bytes] = {}  # by the sealed value that each was opened from
        database.chain_key = self._chain_key

    def unlock(self) -> "Cipher":
        """What seals and opens in the transaction that this thread is in, also after somebody else rotated the key.

        A key is made where nothing is sealed yet, and never over existing templates. Raises KeyMissing, KeyExposed,
        KeyWrong.
        """
        check = self._database.meta(CHECK)
        known = None if check is None else self._sealers.get(check)
        return known or self._found()

    def seal(self, plain: bytes, *, person: int | str, pipeline_id: str, purpose: str) -> bytes:
        """As `Sealer.seal`."""
        return self.unlock().seal(plain, person=person, pipeline_id=pipeline_id, purpose=purpose)

    def open(self, sealed: bytes, *, person: int | str, pipeline_id: str, purpose: str) -> bytes:
        """As `Sealer.open`."""
        return self.unlock().open(sealed, person=person, pipeline_id=pipeline_id, purpose=purpose)

    def derive(self, purpose: str, salt: bytes) -> bytes:
        """As `Sealer.derive`."""
        return self.unlock().derive(purpose, salt)

    def rotate(self, *, at: datetime, by: str) -> int:
        """A new key, every sealed value sealed anew with it in one step; returns how many values that were.

        The old key stays until the step is committed, and what was sealed with it is overwritten then. Interrupted
        at any point, the home opens as before. Backups from before need the old key. Never inside another step.
        Raises TemplateAltered where a value does not open, and what `unlock` raises; nothing has changed then.
        """
        database = self._database
        if database.inside:
            raise RuntimeError("a key is rotated in a step of its own")
        with database.atomic() as transaction:
            self._settle()  # a key that still waits from the last time must not be written over
            old = self.unlock()
            chain_key = self._chain_key(transaction)
            transaction.info[CHAIN_KEY] = lambda _: chain_key  # the new key is not in its place yet
            new = self._sealer(write_waiting(database.home))
            count = resealing.reseal_all(transaction, old, new)
            database.set_meta(CHECK, check_value(new))
            events.record(transaction, at=at, by=by, action=ROTATED, subject="gallery", details={"values": count})
            database.bump(transaction)
            database.plan_erasure()
        self._settle()
        database.finish_erasure()
        return count

    def _chain_key(self, transaction: "Transaction") -> bytes | None:
        """What links entries of the log, made at first use; None where the key of the home is not to be had."""
        sealed = secrets.sealed(transaction, chain.PURPOSE)
        if sealed is not None and sealed in self._chain_keys:
            return self._chain_keys[sealed]
        try:
            key = secrets.of(transaction, self.unlock(), chain.PURPOSE)
        except (GalleryUnusable, TemplateAltered):
            return None
        if sealed is not None:  # a new one may yet be undone
            self._chain_keys[sealed] = key
        return key

    def _found(self) -> Sealer:
        database = self._database
        sealed, check = self._anything_sealed(), database.meta(CHECK)
        sealer = self._sealer(load_key(database.home, create=not sealed and not database.read_only))
        found = None if check is None else self._of_check(check, sealer)
        if found is not None:
            return found
        if sealed:
            raise self._wrong()
        if not database.read_only:
            self._adopt(sealer)
        return sealer

    def _of_check(self, check: str, in_place: Sealer) -> Sealer | None:
        """The key that opens what is stored, of those that lie in the home; None where there is none."""
        found = next((each for each in self._candidates(in_place) if _opens(each, check)), None)
        if found is not None:
            self._sealers[check] = found
        if found is not None and found is not in_place and not self._database.read_only:
            self._settle()
        return found

    def _candidates(self, in_place: Sealer) -> Iterator[Sealer]:
        """The key in place, the waiting one, and once more the one in place: they may change places just now."""
        yield in_place
        waiting = waiting_key(self._database.home)
        if waiting is not None:
            yield self._sealer(waiting)
        yield self._sealer(load_key(self._database.home, create=False))

    def _settle(self) -> None:
        """Put the waiting key in its place, if it is the one that opens what is stored.

        Where another program is writing, it waits on: it is found there.
        """
        home = self._database.home
        with suppress(GalleryLocked), self._database.atomic():
            waiting, check = waiting_key(home), self._database.meta(CHECK)
            if waiting is not None and check is not None and _opens(self._sealer(waiting), check):
                put_in_place(home)

    def _adopt(self, sealer: Sealer) -> None:
        """Remember the key, unless somebody enrolled with another one in the meantime."""
        with self._database.atomic():
            check = self._database.meta(CHECK)
            if check is None or not _opens(sealer, check):
                if self._anything_sealed():
                    raise self._wrong()
                check = check_value(sealer)
                self._database.set_meta(CHECK, check)
            self._sealers[check] = sealer

    def _sealer(self, key: bytes) -> Sealer:
        return Sealer(key, self._database.meta(HOME_ID) or "")

    def _anything_sealed(self) -> bool:
        with self._database.reading() as transaction:
            return resealing.anything(transaction)

    def _wrong(self) -> KeyWrong:
        return KeyWrong(str(self._database.home / KEY), "it does not open what is stored here")
