"""Text that every engine keeps as it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from gallery.errors import TextInvalid


def refuse_unkeepable(given: Any) -> None:
    """Raise TextInvalid where what a statement is given holds the character NUL, or half of a character."""
    if not all(map(_keepable, _texts(given))):
        raise TextInvalid("text", "it holds the character NUL, or half of a character")


def _texts(given: Any) -> Iterator[str]:
    """The texts that a statement is given: by name or in order, for one row, for several, or for several at once."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        yield from _texts(list(given.values()))
    elif isinstance(given, list | tuple):
        for each in given:
            yield from _texts(each)


def _keepable(value: str) -> bool:
    """Whether every engine keeps this text: PostgreSQL takes no NUL, and UTF-8 no half of a pair."""
    if "\0" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
