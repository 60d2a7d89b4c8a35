"""What people are marked for: sessions opened, closed and listed, with their marks and what these rest on."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from attendance.access import for_all_or, needs
from attendance.errors import MarkUnknown, SessionUnknown
from gallery.repositories import marks as rows

if TYPE_CHECKING:
    from collections.abc import Collection

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import MarkInfo, Marks
    from attendance.register.sessions import SessionInfo, Sessions
    from gallery import Gallery
    from gallery.values import PersonInfo

RESTS_ON = ("score", "threshold", "margin", "source")
"""What is shown of a mark's evidence beside the mark itself."""


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session, and how many valid marks it has."""

    session: "SessionInfo"
    marks: int

    def to_dict(self) -> dict[str, Any]:
        """One line of ``session list --json``."""
        return {**self.session.to_dict(), "marks": self.marks}


@dataclass(frozen=True, slots=True)
class SessionMark:
    """A mark, void ones too, with its session and whose it is."""

    mark: "MarkInfo"
    session: "SessionInfo"
    person: "PersonInfo"

    def to_dict(self, *, evidence: bool = False) -> dict[str, Any]:
        """One line of ``session show --json``; times on the clock of the session's zone, with offset."""
        from attendance.register.report import local

        mark, session = self.mark, self.session
        row = {
            "mark": mark.id,
            "session": session.name,
            "at": local(mark.at, session).isoformat(timespec="seconds") if mark.time_is_known else None,
            "id": self.person.external_id,
            "name": self.person.name,
            "how": mark.how,
            "entered": None if mark.entered is None else local(mark.entered, session).isoformat(timespec="seconds"),
            **{key: mark.evidence.get(key) for key in RESTS_ON},
            "voided": mark.why_not,
            **({} if mark.direction is None else {"direction": mark.direction}),
        }
        return {**row, "evidence": dict(mark.evidence)} if evidence else row


class SessionBook:
    """The sessions of a home and their marks."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", marks: "Marks", clock: "Clock") -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._marks = marks
        self._clock = clock

    @needs("timetable.change")
    def open(self, actor: "Actor", name: str, *, group: str | None = None) -> "SessionInfo":
        """Open a named session, of one group or for all. Raises SessionExists, GroupUnknown, PersonInvalid."""
        return self._sessions.by(actor.name).open(name, at=self._clock.utc(), group=group)

    @needs("timetable.change")
    def close(self, actor: "Actor", name: str) -> HeldSession:
        """Close a session now; only a person by hand marks in it then. Raises SessionUnknown, SessionClosed."""
        return self._counted(self._sessions.by(actor.name).close(name, at=self._clock.utc()))

    def all(self) -> list[HeldSession]:
        """Every session, oldest first."""
        with self._gallery.store.reading():
            return [self._counted(each) for each in self._sessions.all()]

    def page(self, groups: "Collection[str] | None", first: int, count: int) -> tuple[list[HeldSession], int]:
        """So many sessions from the first one on, the newest first, and how many there are.

        With ``groups`` those of these groups and those that are for all.
        """
        with self._gallery.store.reading():
            found = [each for each in self._sessions.all() if for_all_or(groups, each.group)]
            return [self._counted(each) for each in found[::-1][first : first + count]], len(found)

    def numbered(self, number: int, groups: "Collection[str] | None" = None) -> HeldSession:
        """The session of this number, of these groups or for all. Raises SessionUnknown."""
        with self._gallery.store.reading():
            for each in self._sessions.all():
                if each.id == number and for_all_or(groups, each.group):
                    return self._counted(each)
        raise SessionUnknown(str(number), "there is no session of this number")

    def refuse_others(self, name: str, groups: "Collection[str] | None") -> None:
        """Raise SessionUnknown for one that is not of these groups and not for all; a day's own is anybody's."""
        if groups is None or _is_day(name):
            return
        with self._gallery.store.reading():
            own = {each.name for each in self._sessions.all() if each.group in {None, *groups}}
        if name not in own:
            raise SessionUnknown(name, "there is no session of this name")

    def marks(self, name: str | None = None) -> list[SessionMark]:
        """The marks of a session, or of the day's own, in order of time. Raises SessionUnknown."""
        with self._gallery.store.reading():
            session = self._sessions.held(name, self._clock.utc())
            marks = self._marks.of_session(session.id)
            return [SessionMark(each, session, self._gallery.find(each.person)) for each in marks]

    def marks_if_any(self, name: str | None = None) -> list[SessionMark]:
        """As `marks`, but none of a day whose own session was not begun, where no name is given."""
        try:
            return self.marks(name)
        except SessionUnknown:
            if name is not None:
                raise
            return []

    def mark(self, mark: str) -> SessionMark:
        """The mark of this id, with its session and whose it is. Raises MarkUnknown."""
        with self._gallery.store.reading() as transaction:
            stored = rows.by_id(transaction, mark)
            if stored is None:
                raise MarkUnknown(mark, "there is no mark of this id")
            session = self._sessions.numbered(stored.session)
            found = next(each for each in self._marks.of_session(session.id) if each.id == mark)
            return SessionMark(found, session, self._gallery.find(found.person))

    def find(self, name: str) -> HeldSession:
        """The session of this name. Raises SessionUnknown."""
        with self._gallery.store.reading():
            return self._counted(self._sessions.find(name))

    def _counted(self, session: "SessionInfo") -> HeldSession:
        from attendance.register.marks import of_people

        marks = of_people(self._marks.of_session(session.id))
        return HeldSession(session, sum(mark.valid for mark in marks.values()))


def _is_day(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True
