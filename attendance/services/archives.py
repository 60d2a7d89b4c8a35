"""People as a file: taken out of one home, taken in by another; and one person's data, handed over to them."""

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attendance.access import needs
from attendance.zones import local_day

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from gallery import Exported, Gallery, Imported
    from gallery.portability import Everything
    from gallery.values import PersonInfo


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What one person's file holds; ``damaged`` is how many templates and faces do not open and are not in it.

    ``waiting`` of the faces nobody has looked at: they may show somebody else.
    """

    person: "PersonInfo"
    templates: int
    marks: int
    sightings: int
    waiting: int
    damaged: int


class Archives:
    """Writes and reads archives of people and groups, and with a passphrase of their templates."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock") -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._clock = clock

    def export(self, target: "Path", *, passphrase: str | None = None) -> "Exported":
        """Write people and groups to a new file; with a passphrase the templates too, sealed by it.

        Raises NotEmpty where the file is there, PassphraseShort, GalleryReadOnly, GalleryFull, TemplateAltered.
        """
        return self._gallery.export(target, at=self._clock.utc(), passphrase=passphrase)

    @needs("people.export")
    def person(self, actor: "Actor", person: str | int, target: "Path") -> HandedOver:
        """Write all that is kept of one person, and nothing of others, to a new zip that needs no program to read.

        That somebody asked for it is recorded before the file has its name, whatever becomes of it then. Raises
        PersonUnknown, PersonAmbiguous, NotEmpty where the file is there, GalleryFull, and GalleryReadOnly also where
        the home is opened for reading alone: nobody looks at all of a person's data without a trace.
        """
        from attendance.register.personfile import PersonFile
        from gallery.errors import GalleryReadOnly
        from gallery.files import new_output
        from gallery.portability import everything
        from gallery.repositories.events import PERSON_EXPORTED, record

        store, now = self._gallery.store, self._clock.utc()
        if store.read_only:
            raise GalleryReadOnly(store.where, "handing over somebody's data is recorded, and nothing can be written")
        with new_output(target, "copy of the person's data") as temporary, store.atomic() as transaction:
            who = self._gallery.find(person)
            record(transaction, at=now, by=actor.name, action=PERSON_EXPORTED, subject=who.id)
            found = everything(store, self._gallery.vault, who.id)
            files = PersonFile(found, now, self._sessions.zone, actor.name).files()
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in files.items():
                    archive.writestr(name, data)
        return _handed_over(found)

    @needs("imports.run")
    def take_in(self, actor: "Actor", source: "Path", *, passphrase: str | None = None) -> "Imported":
        """Take in the people of an archive, all or none; what is here already stays as it is. Raises ImportInvalid."""
        now = self._clock.utc()
        today = local_day(now, self._sessions.zone)
        return self._gallery.import_(source, at=now, by=actor.name, passphrase=passphrase, from_day=today)


def _handed_over(found: "Everything") -> HandedOver:
    settled = {each.sighting for each in found.corrections}
    return HandedOver(
        person=found.person,
        templates=len(found.templates),
        marks=len(found.marks),
        sightings=len(found.sightings),
        waiting=len(found.faces.keys() - settled),
        damaged=sum(each.damaged for each in found.templates) + sum(face is None for face in found.faces.values()),
    )
