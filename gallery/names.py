"""Which text may be the name of a person, a group or a session."""

import unicodedata

from gallery.errors import PersonInvalid

MAX_LENGTH = 200


def clean(text: str, what: str) -> str:
    """`text` in normal form C without outer blanks; raises PersonInvalid where it is no usable name."""
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not cleaned or len(cleaned) > MAX_LENGTH:
        raise PersonInvalid(what, f"expected 1 to {MAX_LENGTH} characters, got {len(cleaned)}")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in cleaned):
        raise PersonInvalid(what, f"{cleaned!r} holds a control character")
    return cleaned
