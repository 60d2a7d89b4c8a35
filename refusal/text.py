"""The text of a refusal: one line, whatever its parts hold; and how many of something are told."""

import re

__all__ = ["counted", "one_line", "sentence", "told"]

# File names may hold anything; what would command a terminal, or cannot be encoded, is shown escaped.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def one_line(text: str) -> str:
    """The text on one line: whitespace of any length is one space, other controls are escaped."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], " ".join(text.split()))


def sentence(text: str) -> str:
    """The text with exactly one mark at its end, whatever it came with: a question keeps its own."""
    bare = text.rstrip(" .,;:")
    return bare if bare.endswith(("?", "!", "…")) else f"{bare}."


def told(name: str, what: str, advice: str) -> str:
    """One line for people: the id, what is wrong, and what to do."""
    return f"error[{name}] {sentence(what)} {advice}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """How many there are, in words for people: "1 row", "2 rows"; `many` where an s does not make it."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
