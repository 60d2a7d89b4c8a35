"""Looks: that somebody has seen what a decision rests on, or taken data out, stands in the log like a change."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from gallery.errors import GalleryReadOnly
from gallery.repositories import events

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.why import Why
    from gallery.ports import Database
    from gallery.values import PersonInfo

EVIDENCE: Final = "evidence.look"
PHOTO: Final = "photo.look"
REPORT: Final = "report.export"
MARKS: Final = "marks.export"
AUDIT: Final = "audit.export"
PEOPLE: Final = "people.export"
AGAIN: Final = timedelta(hours=1)
"""The same look of the same person at the same thing is noted once within it."""
LONGEST: Final = 64
"""Characters of what an event is about."""


class Looks:
    """Notes who has looked at what, before it is shown: where nothing can be written, nothing is shown."""

    def __init__(self, store: "Database", clock: "Clock") -> None:
        self._store, self._clock = store, clock

    def note(self, by: "Actor", action: str, subject: int | str, details: Mapping[str, Any] | None = None) -> None:
        """Record a look, unless the same one was recorded in the last hour.

        Raises GalleryReadOnly where the home is opened for reading alone, GalleryFull, GalleryLocked.
        """
        if self._store.read_only:
            raise GalleryReadOnly(self._store.where, "who looks at this is recorded, and nothing can be written")
        now, about = self._clock.utc(), str(subject)[:LONGEST]
        look = {"by": by.name, "action": action, "subject": about}
        with self._store.reading() as view:
            if events.is_there(view, since=now - AGAIN, until=now, **look):
                return
        with self._store.atomic() as transaction:
            if not events.is_there(transaction, since=now - AGAIN, until=now, **look):
                events.record(transaction, at=now, details=details, **look)

    def at_why(self, by: "Actor", why: "Why") -> None:
        """Somebody reads why a mark was made, or a face decided upon."""
        person = None if why.person is None else why.person.id
        if why.mark is not None:
            self.note(by, EVIDENCE, f"mark {why.mark.id}", _of(person))
        elif why.item is not None:
            self.at_sighting(by, why.item.number, person)

    def at_sighting(self, by: "Actor", number: int, person: int | None = None) -> None:
        """Somebody sees a face that was seen, or what was decided upon it."""
        self.note(by, EVIDENCE, f"sighting {number}", _of(person))

    def at_session(self, by: "Actor", number: int) -> None:
        """Somebody sees what the marks of a session rest on."""
        self.note(by, EVIDENCE, f"session {number}")

    def at_day(self, by: "Actor", person: "PersonInfo", day: date) -> None:
        """Somebody has a day of a person proved."""
        self.note(by, EVIDENCE, f"day {day} of person {person.id}", {"person": person.id, "day": str(day)})

    def at_photos(self, by: "Actor", person: "PersonInfo") -> None:
        """Somebody sees the enrolled faces of a person."""
        self.note(by, PHOTO, person.id)

    def at_report(
        self,
        by: "Actor",
        kind: str,
        first: date | None,
        last: date | None,
        form: str,
        *,
        person: int | None = None,
    ) -> None:
        """Somebody takes a report out as a file; ``kind`` says what it is of."""
        whom = "" if person is None else f" of person {person}"
        self.note(by, REPORT, f"{kind} {_span(first, last)}{whom}", {"form": form, **_of(person)})

    def at_people(self, by: "Actor", *, templates: bool) -> None:
        """Somebody takes people and groups out of the home, their templates too or not."""
        self.note(by, PEOPLE, "with templates" if templates else "without templates")

    def at_log(self, by: "Actor") -> None:
        """Somebody takes the log out as a table."""
        self.note(by, AUDIT, "audit")

    def at_calendar(self, by: "Actor") -> None:
        """A calendar that somebody has subscribed to is fetched."""
        self.note(by, REPORT, "calendar", {"form": "ics"})

    def at_marks(self, by: "Actor", form: str, first: date | None, last: date | None) -> None:
        """Somebody takes marks out for another system."""
        self.note(by, MARKS, f"{form} {_span(first, last)}")


def _span(first: date | None, last: date | None) -> str:
    return f"{first or ''}..{last or ''}" if first or last else "now"


def _of(person: int | None) -> dict[str, Any]:
    return {} if person is None else {"person": person}
