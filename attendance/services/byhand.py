"""Marks that a person enters: now, or afterwards for a day gone by, with the time it was and the time of entering."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from attendance.register.moments import day_told, moment, span
from gallery.errors import PersonInactive
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import MarkInfo, Marks
    from attendance.register.sessions import SessionInfo, Sessions
    from gallery import Gallery
    from gallery.values import PersonInfo


@dataclass(frozen=True, slots=True)
class Time:
    """When somebody was there; ``facts`` go into what is kept of the mark."""

    at: datetime
    is_known: bool
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ByHandMark:
    """A mark that somebody asked for or voided, with whose it is and in which session.

    ``new`` is false where the person was marked before, so that nothing was changed.
    """

    person: "PersonInfo"
    session: "SessionInfo"
    mark: "MarkInfo"
    new: bool

    @property
    def at(self) -> datetime | None:
        """When the person was there, on the clock of the session's zone; None where it is not known."""
        from attendance.register.report import local

        return local(self.mark.at, self.session) if self.mark.time_is_known else None


class ByHand:
    """Enters marks and voids them: what a person decides overrules the camera."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", marks: "Marks", clock: "Clock") -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._marks = marks
        self._clock = clock

    def enter(
        self, actor: "Actor", person: str | int, *, session: str | None = None, at: str | None = None, note: str = ""
    ) -> ByHandMark:
        """Mark somebody in a session or on a day that has begun, all in one step.

        So also where a mark was voided or the named session is closed. ``session`` may be a day ("2026-03-02"): its
        own session is made where there is none. ``at`` is a time on the clock of the site ("08:05") or a whole
        instant; without it, it is now, or not known where the session is over. Raises PersonUnknown, PersonAmbiguous,
        PersonInactive, SessionUnknown, SessionDay, MarkTime.
        """
        now = self._clock.utc()
        sessions, marks = self._sessions.by(actor.name), self._marks.by(actor.name)
        with self._gallery.store.atomic():
            who = self._gallery.find(person)
            day = None if session is not None or at is None else day_told(at, sessions.zone)
            found = sessions.by_hand(session if day is None else day.isoformat(), now)
            time = _time(found, at, now)
            refuse_inactive(self._gallery, who, found, time, now)
            details = {"note": note, **time.facts}
            made = marks.mark(
                who.id, found, at=time.at, how="manual", details=details, entered=now, time_known=time.is_known
            )
            return ByHandMark(who, found, made.mark, made.new)

    def void(self, actor: "Actor", person: str | int, *, reason: str, session: str | None = None) -> ByHandMark:
        """Declare a mark wrong; cameras do not make it again.

        Raises PersonUnknown, PersonAmbiguous, SessionUnknown, MarkUnknown, MarkVoided.
        """
        now = self._clock.utc()
        found = self._sessions.held(session, now)
        who = self._gallery.find(person)
        return ByHandMark(who, found, self._marks.by(actor.name).void(who.id, found, reason=reason, at=now), new=True)


def _time(session: "SessionInfo", at: str | None, now: datetime) -> Time:
    """The time given; else now, where the session goes on; else it is not known, and the session's first instant."""
    if at is not None:
        told = moment(at, session, now)
        return Time(told.at, is_known=True, facts={} if told.remark is None else {"remark": told.remark})
    begin, end = span(session, now)
    if begin <= now < end or (session.kind == "named" and session.closes is None):
        return Time(now, is_known=True)
    return Time(begin, is_known=False)


def refuse_inactive(gallery: "Gallery", who: "PersonInfo", session: "SessionInfo", time: Time, now: datetime) -> None:
    """Raise PersonInactive for a mark of somebody who did not belong at that time, or all through the session."""
    standing = gallery.standings().get(who.id, NEVER_LEFT)
    belongs = standing.belongs_at(time.at) if time.is_known else standing.belongs_in(*span(session, now))
    if not belongs:
        raise PersonInactive(
            who.external_id, f"{who.name} was set inactive and did not belong in session {session.name} then"
        )
