"""Which text may be the name of a person, a group, a session or a place: one rule for all packages."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 200
"""Characters of a name that are kept."""
# Line ends, tabs and other controls, surrogates, unassigned; joiners and direction marks belong to names.
_REFUSED: Final = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})
# Direction overrides and isolates can make a name display as another one.
_DISPLAY_TRICKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def usable_name(text: str) -> str:
    """Return `text` as names are stored: NFC, runs of spaces joined, trimmed.

    Raises ValueError, which says why, where it is none: a control or a trick in it, nothing visible, too long.
    """
    name = unicodedata.normalize("NFC", re.sub(r" +", " ", text.replace("\u00a0", " ")).strip())
    for char in name:
        if unicodedata.category(char) in _REFUSED or char in _DISPLAY_TRICKS:
            raise ValueError(f"the character U+{ord(char):04X} cannot be part of a name")
    if not any(unicodedata.category(char)[0] not in "ZC" for char in name):
        raise ValueError("nothing visible is left of the name")
    if len(name) > LONGEST:
        raise ValueError(f"{len(name)} characters, at most {LONGEST} are kept")
    return name
