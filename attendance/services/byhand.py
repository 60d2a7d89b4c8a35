"""Marks that a person enters: now, or afterwards for a day gone by, with the time it was and the time of entering."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from attendance.access import needs
from attendance.errors import MarkSeveral, MarkUnknown
from attendance.register.directions import direction_of
from attendance.register.marks import CORRECTS, Wish
from attendance.register.moments import day_told, moment, span
from attendance.register.report import local
from gallery.errors import PersonInactive
from gallery.repositories import marks as rows
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import MarkInfo, Marks
    from attendance.register.sessions import SessionInfo, Sessions
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Direction, PersonInfo, StoredMark

_SEVERAL: Final = 2


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
        return local(self.mark.at, self.session) if self.mark.time_is_known else None


@dataclass(frozen=True, slots=True)
class CorrectedMark:
    """A mark that stands for another one, which is void now."""

    made: ByHandMark
    old: ByHandMark


class ByHand:
    """Enters marks, voids and corrects them: what a person decides overrules the camera."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", marks: "Marks", clock: "Clock") -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._marks = marks
        self._clock = clock

    @needs("marks.change")
    def enter(
        self,
        actor: "Actor",
        person: str | int,
        *,
        session: str | None = None,
        at: str | None = None,
        note: str = "",
        direction: "Direction | None" = None,
    ) -> ByHandMark:
        """Mark somebody in a session or on a day that has begun, all in one step.

        So also where a mark was voided or the named session is closed. ``session`` may be a day ("2026-03-02"): its
        own session is made where there is none. ``at`` is a time on the clock of the site ("08:05") or a whole
        instant; without it, it is now, or not known where the session is over. A mark of the same ``direction`` that
        counts, or waits for approval, stays. Raises PersonUnknown, PersonAmbiguous, PersonInactive, SessionUnknown,
        SessionDay, MarkTime, MarkDirection, MonthClosed.
        """
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            found = self._session(actor, session, at, now)
            wish = self._wish(who, found, at, now, {"note": note}, direction)
            made = self._marks.by(actor.name).mark_in(transaction, who.id, found, wish)
            return ByHandMark(who, found, made.mark, made.new)

    @needs("marks.change")
    def void(
        self, actor: "Actor", person: str | int, *, reason: str, session: str | None = None, mark: str | None = None
    ) -> ByHandMark:
        """Declare the mark that counts, or that of the id ``mark``, wrong; cameras do not make it again.

        It takes effect at once, also where others' changes wait for a second person: to count nobody is the safe side.
        Of several marks that count one has to be named. Raises PersonUnknown, PersonAmbiguous, SessionUnknown,
        MarkUnknown, MarkSeveral, MarkVoided, MonthClosed.
        """
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            who, found = self._held(transaction, person, session, mark, now)
            marks = self._marks.by(actor.name)
            gone = marks.void_in(transaction, who.id, found, reason=reason, at=now, mark=mark)
            return ByHandMark(who, found, gone, new=True)

    @needs("marks.change")
    def correct(
        self,
        actor: "Actor",
        person: str | int,
        *,
        at: str,
        reason: str,
        session: str | None = None,
        direction: "Direction | None" = None,
        mark: str | None = None,
    ) -> CorrectedMark:
        """Put another mark in the place of the one that counts, or of that of the id ``mark``, all in one step.

        The old one is void, with the reason, and stays on record; the new one, by hand, is of the time ``at`` and of
        the old one's direction unless another is given. Where marks by hand wait for a second person the new one does,
        and the old one is void at once; it counts again if the new one is not approved. Raises as `enter` and `void`.
        """
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            day = day_told(at, self._sessions.zone) if session is None and mark is None else None
            named = session if day is None else day.isoformat()
            who, found = self._held(transaction, person, named, mark, now)
            marks = self._marks.by(actor.name)
            gone = marks.void_in(transaction, who.id, found, reason=reason, at=now, mark=mark)
            details = {"note": reason, CORRECTS: gone.id}
            wish = self._wish(who, found, at, now, details, direction or gone.direction)
            made = marks.mark_anew(transaction, who.id, found, wish)
            old = ByHandMark(who, found, gone, new=True)
            return CorrectedMark(ByHandMark(who, found, made.mark, new=True), old)

    def _session(self, actor: "Actor", session: str | None, at: str | None, now: datetime) -> "SessionInfo":
        """The one that a mark is entered in: that of the day of a whole instant, where none is named."""
        sessions = self._sessions.by(actor.name)
        day = None if session is not None or at is None else day_told(at, sessions.zone)
        return sessions.by_hand(session if day is None else day.isoformat(), now)

    def _held(
        self, transaction: "Transaction", person: str | int, session: str | None, mark: str | None, now: datetime
    ) -> "tuple[PersonInfo, SessionInfo]":
        """Whose mark it is, and in which session: that of the mark, where one is named and no session is."""
        if session is None and mark is not None:
            who, there = self._gallery.find(person), rows.by_id(transaction, mark)
            if there is None or there.person != who.id:
                raise MarkUnknown(mark, f"{who.name} ({who.external_id}) has no mark of this id")
            return who, self._sessions.numbered(there.session)
        found = self._sessions.held(session, now)
        who = self._gallery.find(person)
        if mark is None:
            _refuse_several(who, found, [each for each in rows.of(transaction, who.id, found.id) if each.valid])
        return who, found

    def _wish(
        self,
        who: "PersonInfo",
        session: "SessionInfo",
        at: str | None,
        now: datetime,
        details: dict[str, str],
        direction: "Direction | None",
    ) -> Wish:
        time = _time(session, at, now)
        refuse_inactive(self._gallery, who, session, time, now)
        return Wish(time.at, "manual", None, {**details, **time.facts}, now, time.is_known, direction_of(direction))


def _refuse_several(who: "PersonInfo", session: "SessionInfo", found: "list[StoredMark]") -> None:
    """Raise MarkSeveral where more than one counts: nobody's arrival is taken for the departure that was meant."""
    if len(found) < _SEVERAL:
        return
    told = ", ".join(_told(each, session) for each in sorted(found, key=lambda each: (each.at, each.ordinal)))
    raise MarkSeveral(session.name, f"{who.name} ({who.external_id}) has {len(found)} marks that count: {told}")


def _told(mark: "StoredMark", session: "SessionInfo") -> str:
    when = f"{local(mark.at, session):%H:%M:%S}" if mark.time_is_known else "at a time not known"
    return " ".join(part for part in (when, mark.direction, mark.id) if part)


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
