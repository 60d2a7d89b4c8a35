"""The vault of a home: its key file, tried on what the database remembers of it, and what is sealed with it.

A new key file waits beside the old one until the database says that it is the one: at every moment one of the two opens
all that is stored. They change places under the lock of the database alone, so that no two programs do it at once.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.errors import GalleryUnusable, KeyExposed, KeyWorks, KeyWrong, TemplateAltered
from gallery.repositories import chain, events, resealing, secrets
from gallery.steps import SEALED
from gallery.transactions import CHAIN_KEY
from gallery.vault import key as files
from gallery.vault.envelope import Wrapper
from gallery.vault.key import KEY, load_key, put_in_place, write_waiting
from gallery.vault.keyring import Keyring, of_process
from gallery.vault.seal import Sealer

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction

CHECK, HOME_ID, KEY_FILE = "key_check", "home_id", "key_file"
"""Facts about the home: what its key opens, which home it is, and the fingerprint of the key file made last."""
ROTATED, PROTECTED, ABANDONED = "key.rotate", "key.protect", "key.abandon"
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
    """Seals with the key file of the home of `database`, which is read when first needed.

    ``keyring`` gives what wraps the key, where something does; that of the process without one. With ``key_home`` the
    key file lies in that folder and belongs to another database: it is read, and never made, changed or put in place.
    """

    def __init__(self, database: "Database", keyring: Keyring | None = None, *, key_home: Path | None = None) -> None:
        self._database = database
        self._home = database.home if key_home is None else key_home
        self._writes = key_home is None and not database.read_only
        self._ring = keyring or of_process()
        self._sealers: dict[str, Sealer] = {}  # by the check value that each opens: views may be older than a rotation
        self._chain_keys: dict[bytes, bytes] = {}  # by the sealed value that each was opened from
        database.chain_key = self._chain_key

    def unlock(self) -> "Cipher":
        """What seals and opens in the transaction that this thread is in, also after somebody else rotated the key.

        A key is made where nothing is sealed yet, and never over existing templates. Raises KeyMissing, KeyExposed,
        KeyWrong, KeySource, KeyPassphrase.
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

    # The key file

    def has_check(self) -> bool:
        """Whether a key has ever been in use, so that another one is the wrong one."""
        return self._database.meta(CHECK) is not None

    def prepare(self) -> None:
        """Open a wrapped key before any step begins, so that nobody waits for a step that waits for a passphrase.

        Where that fails, whatever needs the key says so.
        """
        with suppress(GalleryUnusable):
            if self.wrapper() is not None:
                self.unlock()

    def file(self) -> bytes:
        """What the key file holds that opens what is stored, to be copied; raises as `unlock`."""
        self.unlock()
        with self._database.reading():
            return self._in_place()

    def wrapper(self) -> Wrapper | None:
        """What wraps the key in its file; None where it lies plain. Raises KeyMissing, KeyExposed, KeyWrong."""
        return files.wrapper_of(self._home)

    def rotate(self, *, at: datetime, by: str) -> int:
        """A new key, every sealed value sealed anew with it in one step; returns how many values that were.

        The old key stays until the step is committed, and what was sealed with it is overwritten then. Interrupted
        at any point, the home opens as before. The new one is wrapped as the old one was. Backups from before need
        the old key. Never inside another step. Raises TemplateAltered where a value does not open, and what `unlock`
        raises; nothing has changed then.
        """
        database = self._alone()
        with database.atomic() as transaction:
            self._settle()  # a key that still waits from the last time must not be written over
            old, lying = self.unlock(), self._in_place()
            chain_key = self._chain_key(transaction)
            transaction.info[CHAIN_KEY] = lambda _: chain_key  # the new key is not in its place yet
            new = self._wait_with(self._ring.fresh(lying, self._where))
            count = resealing.reseal_all(transaction, old, new)
            database.set_meta(CHECK, check_value(new))
            events.record(transaction, at=at, by=by, action=ROTATED, subject="gallery", details={"values": count})
            database.bump(transaction)
            database.plan_erasure()
        self._finish()
        return count

    def protect(self, wrapper: Wrapper | None, *, at: datetime, by: str, passphrase: str | None = None) -> None:
        """Have the key file hold the same key wrapped in another way, or plain (None).

        Copies of the file from before still open what is stored: `rotate` ends that. Interrupted at any point, the
        home opens as before. Raises KeySource, PassphraseShort, and what `unlock` raises.
        """
        database = self._alone()
        envelope = None if wrapper is None else self._ring.wrapper(wrapper, self._where, passphrase=passphrase)
        with database.atomic() as transaction:
            self._settle()
            self.unlock()
            key = self._ring.opened(self._in_place(), self._where)
            self._wait_with(self._ring.holding(key, envelope))
            details = {"by": wrapper or "file"}
            events.record(transaction, at=at, by=by, action=PROTECTED, subject="gallery", details=details)
        self._settle_if_free()

    def abandon(self, *, at: datetime, by: str) -> Mapping[str, int]:
        """Give up everything sealed, as the key is lost, and begin with a new one; how much of what is gone.

        A file that lies where the key was is kept beside. Raises KeyWorks where the key is not lost, and KeyExposed.
        """
        database = self._alone()
        fresh = self._ring.fresh(None, self._where)
        with database.atomic() as transaction:
            self._settle()
            self._refuse_working()
            gone = resealing.drop_all(transaction)
            files.set_aside(self._home, at)
            new = self._wait_with(fresh)
            database.set_meta(CHECK, check_value(new))
            chain_key = secrets.of(transaction, new, chain.PURPOSE)
            transaction.info[CHAIN_KEY] = lambda _: chain_key
            chain.begin_anew(transaction, at=at, by=by)
            events.record(transaction, at=at, by=by, action=ABANDONED, subject="gallery", details=gone)
            database.bump(transaction)
            database.plan_erasure()
        self._finish()
        return gone

    def _alone(self) -> "Database":
        """The database, outside of any step; the source of the key is asked before others have to wait for it."""
        if self._database.inside:
            raise RuntimeError("a key is rotated in a step of its own")
        if self._home != self._database.home:
            raise RuntimeError("the key of a slice is that of its home, and is changed there")
        with suppress(GalleryUnusable):
            self.unlock()
        return self._database

    def _finish(self) -> None:
        """What follows a step that is committed; where it cannot be done now, the next writing start does it."""
        self._settle_if_free()
        with suppress(GalleryUnusable):
            self._database.finish_erasure()

    def _refuse_working(self) -> None:
        try:
            self._found()
        except KeyExposed:
            raise
        except GalleryUnusable:
            return
        raise KeyWorks(self._where, "it opens what is stored here")

    @property
    def _where(self) -> str:
        return str(self._home / KEY)

    def _in_place(self) -> bytes:
        """What the key file in place holds, which opens what is stored; raises KeyWrong where it does not."""
        data, check = files.read_private(self._home / KEY), self._database.meta(CHECK)
        if check is not None and not _opens(self._sealer_of(data), check):
            raise self._wrong()
        return data

    def _wait_with(self, data: bytes) -> Sealer:
        """Have a key file wait that belongs to this home once the step is committed."""
        write_waiting(self._home, data)
        self._database.set_meta(KEY_FILE, files.fingerprint(data))
        return self._sealer_of(data)

    def _chain_key(self, transaction: "Transaction") -> bytes | None:
        """What links entries of the log, made at first use; None where the key of the home is not to be had."""
        sealed = transaction.info.get(SEALED) or secrets.sealed(transaction, chain.PURPOSE)
        if sealed is not None and sealed in self._chain_keys:
            return self._chain_keys[sealed]
        try:
            key = secrets.of(transaction, self.unlock(), chain.PURPOSE)
        except (GalleryUnusable, TemplateAltered):
            return None
        if sealed is not None:  # a new one may yet be undone
            self._chain_keys[sealed] = key
        return key

    # Which key it is

    def _found(self) -> Sealer:
        database = self._database
        if self._writes and files.waiting(self._home) is not None:
            self._settle_if_free()
        sealed, check = self._anything_sealed(), database.meta(CHECK)
        sealer = self._named() or self._sealer(
            load_key(self._home, create=not sealed and self._writes, keyring=self._ring)
        )
        found = None if check is None else self._of_check(check, sealer)
        if found is not None:
            return found
        if sealed:
            raise self._wrong()
        if self._writes:
            self._adopt(sealer)
        return sealer

    def _named(self) -> Sealer | None:
        """The key that waits, where the database says that it belongs to this home; None for any other."""
        data, told = files.waiting(self._home), self._database.meta(KEY_FILE)
        return self._sealer_of(data) if data is not None and told == files.fingerprint(data) else None

    def _of_check(self, check: str, in_place: Sealer) -> Sealer | None:
        """The key that opens what is stored, of those that lie in the home; None where there is none."""
        found = next((each for each in self._candidates(in_place) if _opens(each, check)), None)
        if found is not None:
            self._sealers[check] = found
        if found is not None and found is not in_place and self._writes:
            self._settle_if_free()
        return found

    def _candidates(self, in_place: Sealer) -> Iterator[Sealer]:
        """The key in place, the waiting one, and once more the one in place: they may change places just now."""
        yield in_place
        data = files.waiting(self._home)
        if data is not None:
            with suppress(GalleryUnusable):
                yield self._sealer_of(data)
        yield self._sealer(load_key(self._home, create=False, keyring=self._ring))

    def _settle_if_free(self) -> None:
        """As `_settle`; where another program is writing, or the disk is full, the key waits on: it is found there."""
        with suppress(GalleryUnusable):
            self._settle()

    def _settle(self) -> None:
        """Put the waiting key file in its place, if it belongs to this home; if the one in place does, drop it.

        The database names the file that a step made which was committed; of steps of earlier versions the key tells
        by what it opens.
        """
        home, database = self._home, self._database
        if files.waiting(home) is None:
            return
        with database.atomic():
            data, told, check = files.waiting(home), database.meta(KEY_FILE), database.meta(CHECK)
            if data is None:
                return
            if told == files.fingerprint(data):
                put_in_place(home)
            elif check is not None and self._lying_opens(KEY, check):
                files.drop_waiting(home)
            elif check is not None and self._lying_opens(files.WAITING, check):
                put_in_place(home)

    def _lying_opens(self, name: str, check: str) -> bool:
        try:
            return _opens(self._sealer_of(files.read_private(self._home / name)), check)
        except GalleryUnusable:
            return False

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

    def _sealer_of(self, data: bytes) -> Sealer:
        return self._sealer(self._ring.opened(data, self._where))

    def _anything_sealed(self) -> bool:
        with self._database.reading() as transaction:
            return resealing.anything(transaction)

    def _wrong(self) -> KeyWrong:
        return KeyWrong(self._where, "it does not open what is stored here")
