"""Who was there: marks are made once and stay; what is void is said beside them, and made again by hand alone.

A mark and its event are written together, and so are a correction and its event.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypedDict, TypeVar

from attendance.errors import MarkUnknown, MarkVoided, SessionClosed
from attendance.records import instant
from attendance.register.directions import ONCE, Coming
from attendance.register.evidence import evidence_of, place_shown
from attendance.register.months import month_of, refuse_closed
from attendance.register.sessions import SessionInfo
from attendance.zones import local_day
from gallery.errors import PersonUnknown
from gallery.repositories import aliases, corrections, firstmarks, places, sessions, sightings
from gallery.repositories import marks as rows
from gallery.repositories.events import MARK_ADDED, MARK_RESTORED, MARK_VOIDED, record
from gallery.values import StoredMark

if TYPE_CHECKING:
    from attendance.register.directions import Heeded
    from gallery.ports import Database, Transaction
    from gallery.values import Approval, Direction, Method

How = Literal["camera", "file", "manual", "pin", "qr", "badge"]
SHOWN: Final = frozenset({"pin", "qr", "badge"})
"""What somebody shows or types themselves: marked anew also where a mark is void, as by hand, but of one's own."""
CORRECTS = "corrects"
"""What the details of a mark by hand say that stands for another one: the id of that."""
AWAITS_APPROVAL = "awaits approval"
_UNLESS: Mapping["Heeded", Literal["any", "valid", "none"]] = MappingProxyType(
    {"void": "any", "waiting": "valid", "valid": "none"}
)


@dataclass(frozen=True, slots=True)
class MarkInfo:
    """A mark as it stands; ``person`` is the gallery's number, ``evidence`` what it rests on.

    It was ``made`` (written) then, ``by`` whom; ``how`` is ``manual``, or the means of the sighting (``camera``,
    ``file``), or where there is none the method.
    """

    id: str
    person: int
    session: int
    at: datetime
    how: str
    made: datetime
    by: str
    ordinal: int = 1
    time_is_known: bool = True
    sighting: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    voided_at: datetime | None = None
    void_reason: str | None = None
    voided_by: str | None = None
    direction: "Direction | None" = None
    awaits: bool = False
    approval: "Approval | None" = None

    @property
    def valid(self) -> bool:
        """Whether it counts as presence: nobody has voided it, and where it needs approval it has it."""
        return not self.is_void and (not self.awaits or (self.approval is not None and self.approval.granted))

    @property
    def is_void(self) -> bool:
        """Whether somebody has declared it wrong."""
        return self.voided_at is not None

    @property
    def waits(self) -> bool:
        """Whether a second person is still to look at it."""
        return self.awaits and self.approval is None and not self.is_void

    @property
    def why_not(self) -> str | None:
        """Why it does not count, in words; None where it does."""
        if self.is_void or self.valid:
            return self.void_reason
        if self.approval is None:
            return AWAITS_APPROVAL
        return f"not approved by {self.approval.by}: {self.approval.reason}".removesuffix(": ")

    @property
    def entered(self) -> datetime | None:
        """When it was entered by hand or found in a recording of a day gone by; None: the moment it is of."""
        return self.made if self.how == "manual" or self.made != self.at else None


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of a wish to mark: the mark, and whether it was made now."""

    mark: MarkInfo
    new: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a mark is to say; see `Marks.mark`.

    It is the ``first`` where the same step has read that the person is enrolled and has none in the session at all;
    then ``place`` is that of its sighting.
    """

    at: datetime
    how: How
    sighting: int | None
    details: Mapping[str, Any]
    entered: datetime
    time_known: bool
    direction: "Direction | None" = None
    site: str | None = None
    first: bool = False
    place: int | None = None

    def coming(self, again: timedelta, heeds: "Heeded") -> Coming:
        """What stands in its way, to be asked."""
        return Coming(self.at, self.time_known, self.direction, again, heeds)


class _Facts(TypedDict):
    at: datetime
    entered: datetime
    by: str
    method: "Method"
    sighting: int | None
    details: Mapping[str, Any]
    time_known: bool
    direction: "Direction | None"
    site: str | None


def no_days(_transaction: "Transaction", _person: int, _at: datetime) -> Iterable[date]:
    """No day beside that of the mark itself."""
    return ()


@dataclass(frozen=True, slots=True)
class Customs:
    """How marks are made at a site.

    The same direction is marked ``again`` after that long (0: once a session). Marks by hand of ``two_people`` count
    once a second one has approved them. ``also`` tells the days, beside its own, that a mark of a person (internal
    id) at an instant belongs to, such as that on which a night's lesson began: no mark of a closed month is changed.
    ``site`` is the one that this computer works for.
    """

    again: timedelta = ONCE
    two_people: bool = False
    also: "Callable[[Transaction, int, datetime], Iterable[date]]" = no_days
    site: str | None = None


ONCE_A_SESSION = Customs()


class Marks:
    """The marks of a home; ``by`` is who acts."""

    def __init__(self, store: "Database", by: str, customs: Customs = ONCE_A_SESSION) -> None:
        self._store = store
        self._by = by
        self._customs = customs

    def by(self, name: str) -> Self:
        """The same marks, with somebody else who acts."""
        return type(self)(self._store, name, self._customs)

    @property
    def again(self) -> timedelta:
        """After how long the same direction is marked again in a session; 0: never."""
        return self._customs.again

    @property
    def also(self) -> "Callable[[Transaction, int, datetime], Iterable[date]]":
        """What tells the days, beside its own, that a mark of a person at an instant belongs to; see `Customs`."""
        return self._customs.also

    def mark(
        self,
        person: int,
        session: SessionInfo,
        *,
        at: datetime,
        how: How,
        sighting: int | None = None,
        details: Mapping[str, Any] | None = None,
        entered: datetime | None = None,
        time_known: bool = True,
        direction: "Direction | None" = None,
    ) -> Marked:
        """Mark a person, once a direction; the same again returns the mark that counts. It waits for other writers.

        ``entered`` is when this is done, where that is not ``at``; ``sighting`` what it rests on, ``details`` what a
        person says of it. By hand alone, and by what they show themselves, is somebody marked anew whose marks are
        void. Raises `SessionClosed`, but not
        for a mark by hand: corrections are made afterwards; `PersonUnknown` where the person is gone; `MonthClosed`.
        """
        wish = Wish(at, how, sighting, details or {}, entered or at, time_known, direction)
        with self._store.atomic() as transaction:
            return self.mark_in(transaction, person, session, wish)

    def mark_in(self, transaction: "Transaction", person: int, session: SessionInfo, wish: "Wish") -> Marked:
        """As `mark`, within a step that is under way."""
        heeds: Heeded = "waiting" if wish.how == "manual" or wish.how in SHOWN else "void"
        new = self._add(transaction, person, session, wish, heeds)
        if new is not None:
            return new
        there = wish.coming(self.again, heeds).stopped_by(rows.of(transaction, person, session.id))
        if there is None:
            raise self._refusal(transaction, person, session, wish)
        return Marked(info_of(there), new=False)

    def mark_anew(self, transaction: "Transaction", person: int, session: SessionInfo, wish: "Wish") -> Marked:
        """Mark a person within a step that is under way, whatever marks they have. Raises as `mark`."""
        new = self._add(transaction, person, session, wish, "valid")
        if new is None:
            raise self._refusal(transaction, person, session, wish)
        return new

    def _add(
        self, transaction: "Transaction", person: int, session: SessionInfo, wish: "Wish", heeds: "Heeded"
    ) -> Marked | None:
        """Every mark is made here; None where one stands in its way, or the session or the person is not there."""
        by_hand = wish.how == "manual"
        if by_hand or not _is_of_now(wish, session):
            self.refuse_closed(transaction, person, session, wish.at if wish.time_known else None)
        waits = {rows.AWAITS: rows.APPROVAL} if by_hand and self._customs.two_people else {}
        open_at = None if by_hand or heeds == "valid" else _must_be_open_at(wish)
        facts: _Facts = {
            "at": wish.at,
            "entered": wish.entered,
            "by": self._by,
            "method": _method(wish.how),
            "sighting": wish.sighting,
            "details": {**wish.details, **waits},
            "time_known": wish.time_known,
            "direction": wish.direction,
            "site": self._customs.site or wish.site,
        }
        if wish.first and (open_at is None or session.is_open(open_at)):
            return self._told(
                transaction, firstmarks.add_first(transaction, person, session.id, place=wish.place, **facts), wish.how
            )
        new = rows.add(
            transaction, person, session.id, open_at=open_at, unless=_UNLESS[heeds], again=self.again, **facts
        )
        return None if new is None else self._told(transaction, new, wish.how)

    def refuse_closed(self, transaction: "Transaction", person: int, session: SessionInfo, at: datetime | None) -> None:
        """Raise MonthClosed where a mark of that instant (None: of the session's day) would change a closed month."""
        if at is None:
            refuse_closed(transaction, [session.day])
        else:
            days = self._customs.also(transaction, person, at)
            refuse_closed(transaction, [local_day(at, session.zone), *days])

    def _refusal(
        self, transaction: "Transaction", person: int, session: SessionInfo, wish: "Wish"
    ) -> SessionClosed | PersonUnknown:
        closes = None if wish.how == "manual" else sessions.closes_at(transaction, session.id)
        return _refusal(person, session, closes, _must_be_open_at(wish))

    def _told(self, transaction: "Transaction", new: "StoredMark", how: str) -> Marked:
        """Record that a mark was made."""
        details = {"person": new.person, "session": new.session, "how": how}
        record(transaction, at=new.entered, by=new.by, action=MARK_ADDED, subject=new.id, details=details)
        return Marked(info_of(new, how=how), new=True)

    def void(
        self, person: int, session: SessionInfo, *, reason: str, at: datetime, mark: str | None = None
    ) -> MarkInfo:
        """Declare the mark that counts, or that of this id, wrong; it stays, with the reason.

        Raises `MarkUnknown`, `MarkVoided`, `MonthClosed`.
        """
        with self._store.atomic() as transaction:
            return self.void_in(transaction, person, session, reason=reason, at=at, mark=mark)

    def void_in(
        self,
        transaction: "Transaction",
        person: int,
        session: SessionInfo,
        *,
        reason: str,
        at: datetime,
        mark: str | None = None,
    ) -> MarkInfo:
        """As `void`, within a step that is under way."""
        found = rows.of(transaction, person, session.id)
        there = counting(each for each in found if mark in {None, each.id})
        if there is None:
            which = "mark" if mark is None else f"mark {mark}"
            raise MarkUnknown(session.name, f"this person has no {which} in the session")
        if there.voided is not None:
            raise MarkVoided(session.name, f"the mark was voided at {instant(there.voided.at)}")
        self.refuse_closed(transaction, person, session, there.at if there.time_is_known else None)
        return self._corrected(transaction, there, "void", at, reason)

    def restore_in(
        self,
        transaction: "Transaction",
        there: StoredMark,
        session: SessionInfo,
        at: datetime,
        reason: str = "its correction was not approved",
    ) -> MarkInfo:
        """Let a void mark count again, within a step that is under way. Raises `MonthClosed`."""
        self.refuse_closed(transaction, there.person, session, there.at if there.time_is_known else None)
        return self._corrected(transaction, there, "restore", at, reason)

    def _corrected(
        self, transaction: "Transaction", there: StoredMark, kind: Literal["void", "restore"], at: datetime, reason: str
    ) -> MarkInfo:
        corrections.add(transaction, kind, mark=there.id, at=at, by=self._by, reason=reason)
        now = info_of(rows.by_id(transaction, there.id) or there)
        details = {"person": now.person, "session": now.session, "how": now.how}
        action = MARK_VOIDED if kind == "void" else MARK_RESTORED
        record(transaction, at=at, by=self._by, action=action, subject=now.id, details=details)
        return now

    def of(self, person: int, session: int) -> MarkInfo | None:
        """The person's mark in the session that counts, or the last of void ones."""
        with self._store.reading() as transaction:
            found = counting(rows.of(transaction, person, session))
            return None if found is None else _with_evidence(transaction, [found])[0]

    def of_session(self, session: int) -> list[MarkInfo]:
        """All marks of a session, void ones too, in order of time."""
        with self._store.reading() as transaction:
            return _with_evidence(transaction, rows.of_session(transaction, session))


AMark = TypeVar("AMark", StoredMark, MarkInfo)
"""A mark as the gallery keeps it, or as it is handed out."""


def counting(found: Iterable[AMark]) -> AMark | None:
    """Of one person's marks in a session the first valid one, else the last that waits, else the last of the others.

    One of no known time stands at the beginning of its session for want of a better one: any known time goes before.
    """
    marks = list(found)
    valid = [each for each in marks if each.valid]
    if valid:
        return min(valid, key=lambda each: (not each.time_is_known, each.at, each.ordinal))
    return max(marks, key=lambda each: (each.waits, each.ordinal), default=None)


def of_people(found: Iterable[AMark]) -> dict[int, AMark]:
    """By person, of the marks of one session the one that counts."""
    made: dict[int, list[AMark]] = {}
    for mark in found:
        made.setdefault(mark.person, []).append(mark)
    return {person: chosen for person, marks in made.items() if (chosen := counting(marks)) is not None}


def info_of(found: "StoredMark", evidence: Mapping[str, Any] | None = None, *, how: str | None = None) -> MarkInfo:
    """A mark as the gallery keeps it; without ``evidence``, what a person has said of it stands for that."""
    void = found.voided
    return MarkInfo(
        id=found.id,
        person=found.person,
        session=found.session,
        at=found.at,
        how=how or found.means or found.method,
        made=found.entered,
        by=found.by,
        ordinal=found.ordinal,
        time_is_known=found.time_is_known,
        sighting=found.sighting,
        evidence=evidence_of(found, None, {}) if evidence is None else evidence,
        voided_at=None if void is None else void.at,
        void_reason=None if void is None else void.reason,
        voided_by=None if void is None else void.by,
        direction=found.direction,
        awaits=found.awaits,
        approval=found.approval,
    )


def _with_evidence(transaction: "Transaction", found: "Sequence[StoredMark]") -> list[MarkInfo]:
    seen = sightings.numbered(transaction, {each.sighting for each in found if each.sighting is not None})
    keys = {each.key for sighting in seen.values() for each in sighting.candidates if each.key is not None}
    names = aliases.called(transaction, keys)
    shown = {number for each in found if (number := place_shown(each)) is not None}
    where = places.names(transaction, shown | {each.place for each in seen.values() if each.place is not None})
    return [
        info_of(each, evidence_of(each, None if each.sighting is None else seen.get(each.sighting), names, where))
        for each in found
    ]


def _method(how: How) -> "Method":
    """By what the mark is made, as the gallery keeps it: what a camera or a file shows is a face."""
    return "face" if how == "camera" or how == "file" else how  # noqa: PLR1714 - typed


def _must_be_open_at(wish: Wish) -> datetime:
    """When the session must have been open: what a kiosk kept while it was alone is of the time that it was shown."""
    return wish.at if wish.how in SHOWN and wish.time_known else wish.entered


def _is_of_now(wish: Wish, session: SessionInfo) -> bool:
    """Whether it is of the month in which it is made: that one cannot be closed, and a camera needs not ask."""
    if not wish.time_known:
        return False
    return month_of(local_day(wish.at, session.zone)) == month_of(local_day(wish.entered, session.zone))


def _refusal(person: int, session: SessionInfo, closes: datetime | None, at: datetime) -> SessionClosed | PersonUnknown:
    if closes is not None and at >= closes:
        return SessionClosed(session.name, f"was closed at {instant(closes)}")
    return PersonUnknown(str(person), "this person was removed meanwhile")
