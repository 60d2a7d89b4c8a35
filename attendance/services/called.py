"""Whom a list of another system means by its words for people."""

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from attendance.roster.school import Remark
from gallery.near import close_names, did_you_mean

if TYPE_CHECKING:
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import PersonInfo

_NEAR: Final = 20  # unknown words for which near ones are looked for: comparing letters takes time


class Called:
    """Looks words up: ids of the system named, else external ids; where none is named, ids of any system as well."""

    def __init__(self, gallery: "Gallery", transaction: "Transaction", system: str | None) -> None:
        from gallery.repositories import foreign_ids

        self._people: dict[int, PersonInfo] = {each.id: each for each in gallery.people(active=None)}
        self._named = {} if system is None else foreign_ids.of_system(transaction, system)
        self._ids: dict[str, set[int]] = defaultdict(set)
        for each in self._people.values():
            self._ids[each.external_id].add(each.id)
        if system is None:
            for _, value, number in foreign_ids.everywhere(transaction):
                self._ids[value].add(number)
        self._answers: dict[str, int | Remark] = {}

    def of(self, word: str) -> int | Remark:
        """The gallery's number, or why there is none."""
        if word not in self._answers:
            self._answers[word] = self._look(word)
        return self._answers[word]

    def _look(self, word: str) -> int | Remark:
        if word in self._named:
            return self._named[word]
        met = self._ids.get(word, set())
        if len(met) == 1:
            return next(iter(met))
        if met:
            shown = " and ".join(self._called(number) for number in sorted(met))
            return Remark("person.ambiguous", "", f"{word} is {shown}; name the system with --system")
        if word.startswith("'") and isinstance(plain := self._look(word[1:]), int):
            return plain  # how many devices keep a spreadsheet from dropping the zeros of 00123
        unknown = sum(isinstance(each, Remark) for each in self._answers.values())
        near = close_names(word, [*self._ids, *self._named]) if unknown < _NEAR else []
        return Remark("person.unknown", "", f"nobody has the id {word}{did_you_mean(near)}")

    def _called(self, number: int) -> str:
        return f"{self._people[number].name} ({self._people[number].external_id})"
