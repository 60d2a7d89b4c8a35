"""Four eyes: what somebody has entered by hand counts once somebody else has looked at it.

Marks by hand wait, and so do those that correct another one, and excuses. A void does not: it takes effect at once, as
to count nobody is the safe side. Nor does what somebody says of a review: a camera has seen that person, too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.access import needs
from attendance.errors import ApprovalOwn, ApprovalUnknown
from attendance.records import instant
from attendance.register.marks import CORRECTS
from attendance.register.months import refuse_closed
from attendance.services.reach import days_reached
from attendance.zones import zone
from gallery.repositories import approvals, excuses
from gallery.repositories import marks as rows
from gallery.repositories.events import APPROVED, REFUSED, record
from gallery.values import StoredMark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import Marks
    from attendance.register.sessions import Sessions
    from attendance.services.statuses import Statuses
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.timetablevalues import StoredExcuse
    from gallery.values import PersonInfo

SHORT: Final = 8
"""How many first letters of a mark's id are enough."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mark by hand or an excuse that waits, or waited; ``approved`` is what was said of it.

    A mark is of the instant ``begins`` (None where that is not known) in ``session``; an excuse goes from ``begins``
    to ``ends``.
    """

    id: str
    kind: Literal["mark", "excuse"]
    person: "PersonInfo"
    begins: datetime | None
    ends: datetime | None
    session: str | None
    direction: str | None
    reason: str
    entered: datetime
    by: str
    zone: str
    corrects: str | None = None
    approved: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``approve --json``; times on the clock of the session's zone or the site's, with offset."""
        return {
            "id": self.id,
            "kind": self.kind,
            "person": self.person.external_id,
            "name": self.person.name,
            "session": self.session,
            "begins": self._local(self.begins),
            "ends": self._local(self.ends),
            "direction": self.direction,
            "reason": self.reason,
            "corrects": self.corrects,
            "entered": self._local(self.entered),
            "by": self.by,
            "approved": self.approved,
        }

    def _local(self, at: datetime | None) -> str | None:
        return None if at is None else at.astimezone(zone(self.zone)).isoformat(timespec="seconds")


class Approvals:
    """What waits for a second person, and what that one says."""

    def __init__(
        self, gallery: "Gallery", sessions: "Sessions", marks: "Marks", clock: "Clock", statuses: "Statuses"
    ) -> None:
        self._gallery, self._sessions, self._marks, self._clock = gallery, sessions, marks, clock
        self._statuses = statuses

    def waiting(self) -> list[Waiting]:
        """All that waits: marks in order of time, then excuses as they were entered."""
        with self._gallery.store.reading() as transaction:
            marks = [self._of_mark(each) for each in approvals.waiting_marks(transaction)]
            return marks + [self._of_excuse(each) for each in approvals.waiting_excuses(transaction)]

    @needs("marks.change")
    def approve(self, actor: "Actor", ids: "Sequence[str]", *, reason: str = "") -> list[Waiting]:
        """Let all of these count, or none of them where one cannot be: the ids of marks, the numbers of excuses.

        Of a mark's id the first eight letters are enough. Raises ApprovalUnknown for what does not wait, ApprovalOwn
        where the same account has entered it, MonthClosed.
        """
        return self._say(actor, ids, reason, granted=True)

    @needs("marks.change")
    def refuse(self, actor: "Actor", ids: "Sequence[str]", *, reason: str) -> list[Waiting]:
        """None of these is to count, ever; a mark that one of them was to correct counts again. Raises as `approve`."""
        return self._say(actor, ids, reason, granted=False)

    def _say(self, actor: "Actor", ids: "Sequence[str]", reason: str, *, granted: bool) -> list[Waiting]:
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            meant = {each.id: each for each in (_meant(transaction, text) for text in ids)}
            return [
                self._mark_said(transaction, actor, each, reason, now, granted=granted)
                if isinstance(each, StoredMark)
                else self._excuse_said(transaction, actor, each, reason, now, granted=granted)
                for each in meant.values()
            ]

    def _mark_said(
        self,
        transaction: "Transaction",
        actor: "Actor",
        mark: StoredMark,
        reason: str,
        now: datetime,
        *,
        granted: bool,
    ) -> Waiting:
        _refuse_own(actor, mark.id, mark.by)
        marks, session = self._marks.by(actor.name), self._sessions.numbered(mark.session)
        marks.refuse_closed(transaction, mark.person, session, mark.at if mark.time_is_known else None)
        approvals.add(transaction, granted=granted, at=now, by=actor.name, reason=reason, mark=mark.id)
        _record(transaction, actor, mark.id, mark.person, now, granted=granted)
        old = None if granted else _corrected(transaction, mark)
        if old is not None:
            marks.restore_in(transaction, old, self._sessions.numbered(old.session), now)
        return self._of_mark(mark, approved=granted)

    def _excuse_said(
        self,
        transaction: "Transaction",
        actor: "Actor",
        excuse: "StoredExcuse",
        reason: str,
        now: datetime,
        *,
        granted: bool,
    ) -> Waiting:
        _refuse_own(actor, f"excuse {excuse.id}", excuse.by)
        refuse_closed(transaction, days_reached(self._statuses.plan(), excuse.begins, excuse.ends, self._sessions.zone))
        approvals.add(transaction, granted=granted, at=now, by=actor.name, reason=reason, excuse=excuse.id)
        _record(transaction, actor, f"excuse {excuse.id}", excuse.person, now, granted=granted)
        return self._of_excuse(excuse, approved=granted)

    def _of_mark(self, mark: StoredMark, *, approved: bool | None = None) -> Waiting:
        session = self._sessions.numbered(mark.session)
        return Waiting(
            id=mark.id,
            kind="mark",
            person=self._gallery.find(mark.person),
            begins=mark.at if mark.time_is_known else None,
            ends=None,
            session=session.name,
            direction=mark.direction,
            reason=str(mark.details.get("note", "")),
            entered=mark.entered,
            by=mark.by,
            zone=session.zone,
            corrects=mark.details.get(CORRECTS),
            approved=approved,
        )

    def _of_excuse(self, excuse: "StoredExcuse", *, approved: bool | None = None) -> Waiting:
        return Waiting(
            id=str(excuse.id),
            kind="excuse",
            person=self._gallery.find(excuse.person),
            begins=excuse.begins,
            ends=excuse.ends,
            session=None,
            direction=None,
            reason=excuse.reason,
            entered=excuse.entered,
            by=excuse.by,
            zone=self._sessions.zone,
            approved=approved,
        )


def _meant(transaction: "Transaction", text: str) -> "StoredMark | StoredExcuse":
    """What is meant by an id; raises ApprovalUnknown for what does not wait, and where it may be several."""
    wanted = text.strip().lower()
    number = wanted.removeprefix("excuse").strip()
    found: list[StoredMark | StoredExcuse] = [
        each
        for each in approvals.waiting_marks(transaction)
        if each.id == wanted or (len(wanted) >= SHORT and each.id.startswith(wanted))
    ]
    found += [each for each in approvals.waiting_excuses(transaction) if str(each.id) == number]
    if len(found) > 1:
        raise ApprovalUnknown(text, "several wait whose id begins so: give the whole of it")
    if not found:
        raise ApprovalUnknown(text, _why_not(transaction, wanted, number))
    return found[0]


def _why_not(transaction: "Transaction", wanted: str, number: str) -> str:
    mark = rows.by_id(transaction, wanted)
    excuse = excuses.numbered(transaction, int(number)) if number.isdecimal() and len(number) <= SHORT else None
    said = None if mark is None else mark.approval
    if excuse is not None:
        said = excuse.approval
    if said is not None:
        return f"{said.by} has {'approved' if said.granted else 'refused'} it at {instant(said.at)}"
    if mark is not None and mark.voided is not None:
        return f"the mark was voided at {instant(mark.voided.at)}"
    return "nothing waits under this id" if mark is None and excuse is None else "it needs no approval"


def _refuse_own(actor: "Actor", where: str, by: str) -> None:
    if actor.name.casefold() == by.casefold():
        raise ApprovalOwn(where, f"{by} has entered it, and a second person must look")


def _record(
    transaction: "Transaction", actor: "Actor", subject: str, person: int, now: datetime, *, granted: bool
) -> None:
    action = APPROVED if granted else REFUSED
    record(transaction, at=now, by=actor.name, action=action, subject=subject, details={"person": person})


def _corrected(transaction: "Transaction", mark: StoredMark) -> StoredMark | None:
    """The mark that this one was to correct, if it is void because of that and of nothing else."""
    old = mark.details.get(CORRECTS)
    there = None if old is None else rows.by_id(transaction, str(old))
    if there is None or there.voided is None:
        return None
    return there if (there.voided.at, there.voided.by) == (mark.entered, mark.by) else None
