"""The pairs of people who are hard to tell apart, and what somebody has found who looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attendance.access import needs
from attendance.records import SCORE_DIGITS, instant

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.values import Lookalike, PersonInfo


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people too alike; ``score`` is the highest that photos of the two have with each other."""

    one: "PersonInfo"
    other: "PersonInfo"
    score: float
    since: datetime

    @property
    def keys(self) -> tuple[int, int]:
        """The gallery's numbers of the two."""
        return self.one.id, self.other.id

    def to_dict(self) -> dict[str, Any]:
        """One line of ``gallery lookalikes list --json``; ``active`` says whether both are searched."""
        return {
            "id": self.one.external_id,
            "name": self.one.name,
            "other_id": self.other.external_id,
            "other_name": self.other.name,
            "score": round(self.score, SCORE_DIGITS),
            "since": instant(self.since),
            "active": self.one.active and self.other.active,
        }


class Lookalikes:
    """The remembered pairs of a home: a mark of one needs a clear lead over the other."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery = gallery
        self._clock = clock

    def all(self) -> list[Pair]:
        """Every pair, the closest first."""
        with self._gallery.store.reading():
            people = {each.id: each for each in self._gallery.people(active=None)}
            return [_pair(found, people) for found in self._gallery.lookalikes()]

    @needs("people.change")
    def clear(self, actor: "Actor", pairs: Sequence[tuple[str | int, str | int]]) -> list[Pair]:
        """Forget these pairs, all or none, because somebody can tell the two apart; returns what they were.

        Raises PersonUnknown, PersonAmbiguous, and LookalikeUnknown where two are not remembered.
        """
        with self._gallery.store.atomic():
            return [self._cleared(actor, *pair) for pair in pairs]

    def _cleared(self, actor: "Actor", one: str | int, other: str | int) -> Pair:
        found = self._gallery.clear_lookalike(one, other, at=self._clock.utc(), by=actor.name)
        return _pair(found, {number: self._gallery.find(number) for number in (found.first_id, found.second_id)})


def _pair(found: "Lookalike", people: "dict[int, PersonInfo]") -> Pair:
    return Pair(people[found.first_id], people[found.second_id], found.score, found.created)
