"""Cursors: where a list goes on, as a text that nobody but this home can have given out."""

import base64
import binascii
import hashlib
import hmac
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from attendance.service_errors import PageCursor
from gallery.repositories import secrets

if TYPE_CHECKING:
    from gallery import Gallery

PURPOSE: Final = "cursor"
_MAC_BYTES: Final = 12


class Cursors:
    """Makes cursors and reads them; one is good for the list that it was made for, and for no other."""

    def __init__(self, gallery: "Gallery") -> None:
        self._gallery = gallery

    def after(self, which: str, place: Any) -> str:
        """The cursor of the list ``which`` that goes on after a place: what JSON can hold, and no name of anybody."""
        told = json.dumps(place, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(which, told) + told).decode().rstrip("=")

    def read(self, which: str, cursor: str) -> Any:
        """The place that a cursor of this list was made of. Raises PageCursor for any other text."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        mac, told = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(which, told)):
            raise PageCursor("cursor", "this is no cursor of this list")
        return json.loads(told)

    def _mac(self, which: str, told: bytes) -> bytes:
        return hmac.digest(self._key, which.encode() + b"\0" + told, hashlib.sha256)[:_MAC_BYTES]

    @cached_property
    def _key(self) -> bytes:
        with self._gallery.store.reading() as transaction:
            there = secrets.stored(transaction, self._gallery.sealer, PURPOSE)
        if there is not None:
            return there
        with self._gallery.store.atomic() as transaction:
            return secrets.of(transaction, self._gallery.sealer, PURPOSE)
