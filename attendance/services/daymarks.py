"""Marks as pages show them: one by its id, and the latest of a person, each with its session and whose it is."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from attendance.errors import MarkUnknown
from attendance.register.cues import liveness_in
from attendance.register.evidence import evidence_of
from attendance.register.marks import info_of
from attendance.services.sessions import SessionMark
from gallery.errors import PersonUnknown
from gallery.repositories import marks as rows
from gallery.repositories import sightings

if TYPE_CHECKING:
    from attendance.register.sessions import Sessions
    from attendance.services.people import People
    from gallery import Gallery

LATEST: Final = 20


class DayMarks:
    """Reads marks for one who sees the people of some groups (None: of all)."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", people: "People") -> None:
        self._gallery, self._sessions, self._people = gallery, sessions, people

    def of(self, mark: str, groups: Collection[str] | None = None) -> SessionMark:
        """The mark of this id, its evidence with what was told of a living face.

        Raises MarkUnknown, also for that of somebody beyond those groups.
        """
        with self._gallery.store.reading() as transaction:
            found = rows.by_id(transaction, mark)
            if found is None:
                raise MarkUnknown(mark, "there is no mark of this id")
            try:
                person = self._people.seen_by(groups, found.person)
            except PersonUnknown as error:
                raise MarkUnknown(mark, "there is no mark of this id") from error
            seen = None if found.sighting is None else sightings.by_id(transaction, found.sighting)
            living = {} if seen is None else liveness_in(seen.judged)
            made = info_of(found, {**evidence_of(found, None, {}), **living})
            return SessionMark(made, self._sessions.numbered(found.session), person)

    def latest(self, person: int, limit: int = LATEST) -> list[SessionMark]:
        """A person's latest marks, void ones too, the newest first. Raises PersonUnknown."""
        with self._gallery.store.reading() as transaction:
            who = self._gallery.find(person)
            found = rows.latest_of(transaction, who.id, limit)
            sessions = {number: self._sessions.numbered(number) for number in {each.session for each in found}}
            return [SessionMark(info_of(each), sessions[each.session], who) for each in found]
