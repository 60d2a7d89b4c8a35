"""The vault of a home: its key file, tried on what the database remembers of it, and what is sealed with it."""

import base64
from typing import TYPE_CHECKING

from gallery.errors import KeyWrong, TemplateAltered
from gallery.repositories import templates
from gallery.vault.key import KEY, load_key
from gallery.vault.seal import Sealer

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database

_CHECK = "key_check"
_PLAIN = b"this key belongs to this home"


def _check_value(sealer: "Cipher") -> str:
    return base64.b64encode(sealer.seal(_PLAIN, person="", encoder_id="", purpose="check")).decode()


def _opens(sealer: "Cipher", check: str) -> bool:
    try:
        return sealer.open(base64.b64decode(check), person="", encoder_id="", purpose="check") == _PLAIN
    except (TemplateAltered, ValueError):
        return False


class FileVault:
    """Seals with the key file of the home of `database`, which is read when first needed."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._sealer: Sealer | None = None

    def unlock(self) -> None:
        """Have the key at hand; raises KeyMissing, KeyExposed, KeyWrong.

        A key is made where nothing is sealed yet, and never over existing templates.
        """
        self._unlocked()

    def seal(self, plain: bytes, *, person: int | str, encoder_id: str, purpose: str) -> bytes:
        """As `Sealer.seal`."""
        return self._unlocked().seal(plain, person=person, encoder_id=encoder_id, purpose=purpose)

    def open(self, sealed: bytes, *, person: int | str, encoder_id: str, purpose: str) -> bytes:
        """As `Sealer.open`."""
        return self._unlocked().open(sealed, person=person, encoder_id=encoder_id, purpose=purpose)

    def _unlocked(self) -> Sealer:
        if self._sealer is None:
            self._sealer = self._found()
        return self._sealer

    def _found(self) -> Sealer:
        database = self._database
        sealed = self._anything_sealed()
        key = load_key(database.home, create=not sealed and not database.read_only)
        sealer = Sealer(key, database.meta("home_id") or "")
        check = database.meta(_CHECK)
        if check is not None and _opens(sealer, check):
            return sealer
        if sealed:
            raise self._wrong()
        if not database.read_only:
            self._adopt(sealer)
        return sealer

    def _adopt(self, sealer: Sealer) -> None:
        """Remember the key, unless somebody enrolled with another one in the meantime."""
        with self._database.atomic():
            check = self._database.meta(_CHECK)
            if check is not None and _opens(sealer, check):
                return
            if self._anything_sealed():
                raise self._wrong()
            self._database.set_meta(_CHECK, _check_value(sealer))

    def _anything_sealed(self) -> bool:
        with self._database.reading() as transaction:
            return templates.any_of(transaction)

    def _wrong(self) -> KeyWrong:
        return KeyWrong(str(self._database.home / KEY), "it does not open what is stored here")
