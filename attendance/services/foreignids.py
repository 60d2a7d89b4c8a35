"""What other systems call people: a register of pupils, a reader of badges, a payroll."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attendance.access import needs
from attendance.services.rosterimport import LINKED

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Gallery


@dataclass(frozen=True, slots=True)
class ForeignName:
    """A person, by external id and name, and what a system calls them."""

    person: str
    name: str
    system: str
    value: str


class ForeignIds:
    """Says what other systems call people."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery = gallery
        self._clock = clock

    @needs("people.change")
    def set(self, actor: "Actor", person: str | int, system: str, value: str) -> ForeignName:
        """From now on this system calls the person so; said again it changes nothing.

        Raises PersonUnknown, PersonAmbiguous, PersonInvalid for a word that is none, and Conflict where the system
        calls somebody else so.
        """
        from gallery.errors import Conflict
        from gallery.names import clean
        from gallery.repositories import foreign_ids
        from gallery.repositories.events import record

        where, word = clean(system, "system")[:64], clean(value, "id")
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            number = foreign_ids.of_system(transaction, where).get(word)
            if number is not None and number != who.id:
                other = self._gallery.find(number)
                raise Conflict(f"{where} {word}", f"this is {other.name} ({other.external_id}) already")
            if number is None:
                foreign_ids.add(transaction, where, word, who.id)
                at, by = self._clock.utc(), actor.name
                record(transaction, at=at, by=by, action=LINKED, subject=who.id, details={"system": where})
        return ForeignName(who.external_id, who.name, where, word)

    def all(self, person: str | int | None = None) -> list[ForeignName]:
        """What systems call people, or one of them, by person; raises PersonUnknown, PersonAmbiguous."""
        from gallery.repositories import foreign_ids

        with self._gallery.store.reading() as transaction:
            people = self._gallery.people(active=None) if person is None else [self._gallery.find(person)]
            called: dict[int, list[tuple[str, str]]] = {}
            for system, value, number in foreign_ids.everywhere(transaction):
                called.setdefault(number, []).append((system, value))
        return [
            ForeignName(who.external_id, who.name, system, value)
            for who in people
            for system, value in called.get(who.id, ())
        ]
