"""What a passphrase must be like where a new one is chosen; one that was chosen before opens what it sealed."""

import unicodedata
from typing import Final

from gallery.errors import PassphraseShort

LEAST: Final = 12
"""Characters of a new passphrase, blanks around it not counted."""


def checked_new(text: str, where: str) -> str:
    """The passphrase; raises PassphraseShort, which names ``where`` and never the passphrase."""
    length = len(text.strip())
    if length < LEAST:
        raise PassphraseShort(where, f"a new passphrase has at least {LEAST} characters, this one {length}")
    return text


def to_bytes(text: str) -> bytes:
    """A passphrase as keys are derived from it: composed the same way on every keyboard (NFC), in UTF-8."""
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")
