"""People changed by programs: each meant by the external id alone, and changed from a state that was seen."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from attendance.access import needs
from attendance.services.people import Removed, person_row
from attendance.services.versions import refuse_changed
from gallery.errors import PersonInvalid, PersonUnknown

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.leaving import Leaving
    from attendance.services.people import People
    from gallery import Gallery
    from gallery.values import PersonInfo


class Edits:
    """Adds, changes and removes people, all of a change or nothing."""

    def __init__(self, gallery: "Gallery", people: "People", leaving: "Leaving", clock: "Clock") -> None:
        self._gallery, self._people, self._leaving, self._clock = gallery, people, leaving, clock

    def of(self, person: str) -> "PersonInfo":
        """Who has this external id; a name is none. Raises PersonUnknown."""
        try:
            found = self._gallery.of_photo(person, person)
        except PersonInvalid:
            found = None
        if found is None:
            raise PersonUnknown(person, "nobody has this id")
        return found

    @needs("people.change")
    def add(
        self,
        actor: "Actor",
        name: str,
        *,
        external_id: str | None = None,
        groups: Iterable[str] = (),
        note: str = "",
    ) -> "PersonInfo":
        """Somebody new, without a photo yet. Raises DuplicateId, PersonInvalid."""
        now = self._clock.utc()
        return self._gallery.add_person(name, at=now, by=actor.name, external_id=external_id, groups=groups, note=note)

    @needs("people.change")
    def change(
        self,
        actor: "Actor",
        person: str,
        *,
        expected: str | None,
        name: str | None = None,
        groups: Iterable[str] | None = None,
        active: bool | None = None,
        since: date | None = None,
    ) -> "PersonInfo":
        """Change what is given of a person, all in one step; groups and standing ``since`` a day (None: now).

        ``expected`` is the version of `person_row` that was seen. Raises EditChanged, PersonUnknown, and as
        `People.rename`, `People.put_in` and `Leaving.set_active`.
        """
        with self._gallery.store.atomic():
            who = self.of(person)
            refuse_changed(person, person_row(who), expected)
            if name is not None:
                self._people.rename(actor, who.id, name)
            if groups is not None:
                self._people.put_in(actor, who.id, groups, since=since)
            if active is not None:
                self._leaving.set_active(actor, who.id, active, since=since)
            return self._gallery.find(who.id)

    @needs("people.erase")
    def remove(self, actor: "Actor", person: str, *, expected: str | None = None) -> Removed:
        """Remove a person with every trace outside dated backups. Raises EditChanged, PersonUnknown."""
        with self._gallery.store.atomic():
            who = self.of(person)
            refuse_changed(person, person_row(who), expected)
            gone = self._people.remove(actor, who.id)
        self._people.tell()
        return replace(gone, erased=self._gallery.store.finish_erasure())

    @needs("people.change")
    def merge(self, actor: "Actor", person: str, into: str) -> "PersonInfo":
        """Give all that is kept of a person to another one. Raises PersonUnknown, Conflict, MonthClosed."""
        return self._people.merge(actor, self.of(person).id, self.of(into).id)
