"""Leaving other people out of what was typed about somebody: file names, reasons, notes."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gallery.values import Named

Span = tuple[int, int]
ANOTHER: Final = "another person"
_WORD: Final = re.compile(r"(?:[^\W\d_][\u0300-\u036f]*)+|\d+")  # a letter may have its accents behind it
_SHORTEST: Final = 3
"""Letters of an id that is looked for: a shorter one, such as 7 or A, stands in many a text and means nobody there."""


class Others:
    """How all other people are called, to be left out of texts; what the person of the text is called stays.

    Names and ids are found as words in a row, whatever stands between them and in capitals or not: "Ada Byron" is
    found in "photos/ada_byron-2.jpg". What somebody is called besides, a first name alone, is not.
    """

    def __init__(self, own: "Named", others: "Iterable[Named]") -> None:
        self._own, self._others = _Called(), _Called()
        self._own.learn(own.name)
        self._own.learn(own.external_id)
        for each in others:
            self._others.learn(each.name)
            if len(each.external_id) >= _SHORTEST:
                self._others.learn(each.external_id)

    def left_out(self, text: str) -> str:
        """The text with "another person" in the place of everybody else's name and id."""
        composed = unicodedata.normalize("NFC", text)
        found = list(_WORD.finditer(composed))
        words = [_plain(each.group()) for each in found]
        own = self._own.spans(words)
        kept, done = [], 0
        for first, last in _joined(each for each in self._others.spans(words) if not _within(each, own)):
            kept += [composed[done : found[first].start()], ANOTHER]
            done = found[last].end()
        return "".join([*kept, composed[done:]])

    def left_out_of(self, value: Any) -> Any:
        """The same for all texts in a JSON value."""
        if isinstance(value, str):
            return self.left_out(value)
        if isinstance(value, Mapping):
            return {key: self.left_out_of(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.left_out_of(each) for each in value]
        return value


class _Called:
    """Names as words in a row, found by their first one."""

    def __init__(self) -> None:
        self._rows: dict[str, set[tuple[str, ...]]] = {}

    def learn(self, name: str) -> None:
        words = tuple(_plain(each) for each in _WORD.findall(unicodedata.normalize("NFC", name)))
        if words:
            self._rows.setdefault(words[0], set()).add(words)

    def spans(self, words: Sequence[str]) -> list[Span]:
        """First and last word of the longest name at each place where one begins, in order."""
        lengths = ((at, self._longest(words, at)) for at in range(len(words)))
        return [(at, at + length - 1) for at, length in lengths if length]

    def _longest(self, words: Sequence[str], at: int) -> int:
        rows = self._rows.get(words[at], ())
        return max((len(row) for row in rows if tuple(words[at : at + len(row)]) == row), default=0)


def _plain(word: str) -> str:
    return unicodedata.normalize("NFC", word.casefold())


def _within(span: Span, others: Iterable[Span]) -> bool:
    return any(first <= span[0] and span[1] <= last for first, last in others)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Those in order, each that overlaps the one before as one with it."""
    found: list[Span] = []
    for first, last in spans:
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found
