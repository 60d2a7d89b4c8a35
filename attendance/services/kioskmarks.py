"""Marks that people make at a kiosk, what they are told of it, and what they take back."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from attendance.register.marks import Wish
from attendance.service_errors import CredentialInvalid, KioskUndo, LimitReached
from attendance.services.byhand import Time, refuse_inactive
from attendance.services.kioskentries import Moment
from attendance.zones import local_day, zone
from gallery.repositories import marks as rows
from gallery.repositories.credentials import CREDENTIAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.records import Decision
    from attendance.register.marks import Marks
    from attendance.register.sessions import Sessions
    from attendance.services.credentials import Credentials, HeldCredential
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.servicevalues import CredentialKind, Token
    from gallery.values import Place

UNDO_S: Final = 5.0
"""How long somebody may take their mark back at the kiosk that made it."""
_GRACE_S: Final = 2.0
"""On top of it: an answer is on its way to the screen, and the wish on its way back."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """A kiosk that asks: as whom it acts, its token, and where it stands."""

    actor: "Actor"
    token: "Token"
    place: "Place"


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody showed or typed, when, and what the kiosk claims of it."""

    kind: "CredentialKind"
    text: str = field(repr=False)
    moment: Moment
    claim: "Mapping[str, Any]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What a kiosk tells somebody: ``state`` is present, already, review, unknown, refused, wait or undone.

    ``at`` is the time of the mark on the clock of the site, None where it is not known; until ``undo_s`` seconds from
    now ``mark`` can be taken back. A name is told where it is beyond doubt, and nowhere else.
    """

    state: str
    method: str
    name: str | None = None
    at: str | None = None
    mark: str | None = None
    undo_s: float = 0.0
    direction: str | None = None
    detail: str = ""
    late: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As the page reads it."""
        return {name: getattr(self, name) for name in self.__slots__}


class KioskMarks:
    """Makes marks of what people show, remembers which kiosk made which, and takes them back there."""

    def __init__(
        self, gallery: "Gallery", sessions: "Sessions", marks: "Marks", credentials: "Credentials", clock: "Clock"
    ) -> None:
        self._gallery, self._sessions, self._marks = gallery, sessions, marks
        self._credentials, self._clock = credentials, clock
        self._lock = threading.Lock()
        self._made: dict[str, tuple[int, float]] = {}

    def go_on_from(self, before: "KioskMarks") -> None:
        """Take over which kiosk made which mark."""
        with before._lock:  # noqa: SLF001 - one of its own kind
            made, before._made = before._made, {}  # noqa: SLF001
        with self._lock:
            self._made = {**self._made, **made}

    def now(self) -> Moment:
        """The present moment."""
        return Moment(self._clock.utc(), is_known=True, late=False)

    def shown(self, kiosk: Kiosk, shown: Shown) -> Result:
        """Mark whoever shows this; what is refused is told."""
        try:
            held = self.held(kiosk, shown)
            with self._gallery.store.atomic() as transaction:
                return self.mark(transaction, kiosk, held, shown)
        except LimitReached as error:
            return Result("wait", shown.kind, detail=error.detail)
        except CredentialInvalid as error:
            return Result("refused", shown.kind, detail=error.detail)

    def held(self, kiosk: Kiosk, shown: Shown) -> "HeldCredential":
        """What it is, and of one who is looked for there. Raises CredentialInvalid, LimitReached."""
        where, pauses = f"kiosk:{kiosk.token.id}", not shown.moment.late
        held = self._credentials.held(shown.kind, shown.text, where=where, pauses=pauses)
        group = kiosk.place.group
        if group is not None and group not in held.person.groups:
            raise CredentialInvalid(shown.kind, f"this kiosk is for {group} alone")
        return held

    def mark(self, transaction: "Transaction", kiosk: Kiosk, held: "HeldCredential", shown: Shown) -> Result:
        """Mark whose it is within a step that is under way, on the day and at the time that they were there.

        The mark tells what was shown, so that it can still be said later whether that held then. Raises SessionClosed,
        SessionDay, MonthClosed, PersonInactive, PersonUnknown.
        """
        who = held.person
        now, moment, by = self._clock.utc(), shown.moment, kiosk.actor.name
        day = local_day(moment.at, self._sessions.zone)
        session = self._sessions.by(by).by_hand(day.isoformat(), now)
        at = moment.at if moment.is_known else session.opens
        refuse_inactive(self._gallery, who, session, Time(at, moment.is_known), now)
        details = {"place": kiosk.place.id, CREDENTIAL: held.id, **shown.claim}
        wish = Wish(at, shown.kind, None, details, now, moment.is_known, kiosk.place.direction)
        made = self._marks.by(by).mark_in(transaction, who.id, session, wish)
        if made.new and not moment.late:
            self._remember(kiosk.token, made.mark.id)
        return Result(
            "present" if made.new else "already",
            shown.kind,
            name=who.name,
            at=self._wall(made.mark.at) if made.mark.time_is_known else None,
            mark=made.mark.id if made.new else None,
            undo_s=self.undo_left(kiosk.token, made.mark.id),
            direction=kiosk.place.direction,
            late=moment.late,
        )

    def decided(self, kiosk: Kiosk, decision: "Decision") -> Result:
        """What a decision is to the person before the kiosk; whom it is not sure of it does not name."""
        sure = decision.decision in {"present", "already"} and decision.person is not None
        return Result(
            decision.decision,
            "face",
            name=decision.person.name if sure and decision.person is not None else None,
            at=self._time_of(decision.mark) if sure else None,
            mark=decision.mark if decision.decision == "present" else None,
            undo_s=self.undo_left(kiosk.token, decision.mark),
            direction=kiosk.place.direction,
            detail=",".join(decision.reasons),
        )

    # Taking back

    def note(self, token: "Token", decision: "Decision") -> None:
        """Remember that a kiosk made the mark of a decision, if it made one."""
        if decision.decision == "present" and decision.mark is not None:
            self._remember(token, decision.mark)

    def undo(self, kiosk: Kiosk, mark: str) -> Result:
        """Void a mark that this kiosk made a moment ago. Raises KioskUndo, MarkVoided, MonthClosed."""
        if self.undo_left(kiosk.token, mark, grace=_GRACE_S) <= 0:
            raise KioskUndo(mark, f"this kiosk has made no such mark in the last {UNDO_S:g} seconds")
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            there = rows.by_id(transaction, mark)
            if there is None:
                raise KioskUndo(mark, "there is no such mark any more")
            session = self._sessions.numbered(there.session)
            marks = self._marks.by(kiosk.actor.name)
            marks.void_in(transaction, there.person, session, reason="taken back at the kiosk", at=now, mark=mark)
        with self._lock:
            self._made.pop(mark, None)
        return Result("undone", there.method)

    def undo_left(self, token: "Token", mark: str | None, *, grace: float = 0.0) -> float:
        """For how many seconds the mark may still be taken back at this kiosk."""
        with self._lock:
            owner, at = self._made.get(mark or "", (None, 0.0))
        if owner != token.id:
            return 0.0
        return max(0.0, UNDO_S + grace - (self._clock.monotonic() - at))

    def _remember(self, token: "Token", mark: str) -> None:
        now = self._clock.monotonic()
        with self._lock:
            old = [each for each, (_, at) in self._made.items() if now - at > UNDO_S + _GRACE_S]
            for each in old:
                del self._made[each]
            self._made[mark] = token.id, now

    def _time_of(self, mark: str | None) -> str | None:
        if mark is None:
            return None
        with self._gallery.store.reading() as transaction:
            there = rows.by_id(transaction, mark)
        return None if there is None or not there.time_is_known else self._wall(there.at)

    def _wall(self, at: "datetime") -> str:
        return f"{at.astimezone(zone(self._sessions.zone)):%H:%M}"
