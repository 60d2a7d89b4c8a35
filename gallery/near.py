"""Names that come near a mistyped one."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

MOST = 3
TOO_MANY = 20_000
"""Names beyond which only equal beginnings and words are looked for: comparing letters would take seconds."""


def folded(text: str) -> str:
    """The text without case, accents, or outer and doubled blanks: what people take for the same name."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def close_names(wanted: str, names: Iterable[str], most: int = MOST) -> list[str]:
    """Up to ``most`` names that may be meant, the likeliest first.

    Those equal but for case and accents; else those that hold all its words; else those spelt much alike.
    """
    known = {name: folded(name) for name in names}
    text = folded(wanted)
    if not text:
        return []
    same = [name for name, plain in known.items() if plain == text]
    parts = [name for name, plain in known.items() if set(text.split()) <= set(plain.split())]
    return (same or parts or _spelt_alike(text, known))[:most]


def _spelt_alike(text: str, known: dict[str, str]) -> list[str]:
    if len(known) > TOO_MANY:
        return []
    by_plain = {plain: name for name, plain in reversed(known.items())}
    return [by_plain[plain] for plain in difflib.get_close_matches(text, by_plain, n=MOST, cutoff=0.7)]


def did_you_mean(shown: Sequence[str]) -> str:
    """The end of a detail that names them: "; did you mean A, B or C?", or nothing."""
    if not shown:
        return ""
    *first, last = shown
    return f"; did you mean {', '.join(first)} or {last}?" if first else f"; did you mean {last}?"
