"""The photos of people: what is known of each, its kept face, one more, one less."""

from typing import TYPE_CHECKING, Any

from attendance.access import needs
from attendance.records import instant
from attendance.service_errors import PhotoUnknown
from attendance.services.enrolment import Rules
from enroll.naming import encoder_of

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.editing import Edits
    from attendance.services.enrolment import Enrolled, Enroller
    from gallery import Gallery
    from gallery.values import TemplateInfo


class Photos:
    """Photos of people who are meant by their external ids; every method raises PersonUnknown."""

    def __init__(self, gallery: "Gallery", edits: "Edits", enroller: "Enroller", clock: "Clock") -> None:
        self._gallery, self._edits, self._enroller, self._clock = gallery, edits, enroller, clock

    def all(self, person: str) -> "list[TemplateInfo]":
        """What is known of each, in the order in which they were filed."""
        with self._gallery.store.reading():
            found = self._gallery.templates_of(self._edits.of(person).id)
        return sorted(found, key=lambda each: each.id)

    @needs("photos.change")
    def add(
        self, actor: "Actor", person: str, data: bytes, source: str, *, allow_duplicate: bool = False
    ) -> "Enrolled":
        """File one more photo for somebody who is there. Raises as `Enroller.photo`."""
        who = self._edits.of(person)
        rules = Rules(allow_duplicate=allow_duplicate, known=True)
        return self._enroller.photo(actor, data, name=who.name, external_id=who.external_id, rules=rules, source=source)

    def crop(self, person: str, number: int) -> bytes:
        """The face that was kept of a photo, an encoded picture. Raises PhotoUnknown, TemplateAltered."""
        with self._gallery.store.reading():
            self._known(person, number)
            found = self._gallery.crop(number)
        if found is None:
            raise PhotoUnknown(str(number), "of this photo no face is kept")
        return found

    @needs("photos.change")
    def remove(self, actor: "Actor", person: str, number: int) -> None:
        """Take one photo away, its template and its face. Raises PhotoUnknown."""
        who = self._edits.of(person)
        if not self._gallery.drop_template(who.id, number, at=self._clock.utc(), by=actor.name):
            raise PhotoUnknown(str(number), "this person has no photo of this number")

    def _known(self, person: str, number: int) -> None:
        if all(each.id != number for each in self._gallery.templates_of(self._edits.of(person).id)):
            raise PhotoUnknown(str(number), "this person has no photo of this number")


def photo_row(photo: "TemplateInfo") -> dict[str, Any]:
    """A photo as programs are told of it."""
    return {
        "number": photo.id,
        "encoder": encoder_of(photo.pipeline_id),
        "quality": dict(photo.quality),
        "source": photo.source,
        "created": instant(photo.created),
        "face": photo.has_crop,
    }
