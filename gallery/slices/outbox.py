"""What was done in a slice since it was filled, in the order in which it is to be delivered.

Each thing has an id of its own, so that it is taken once however often it is sent: a mark its own, any other one that
follows from the filling and its number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID, uuid5

from sqlalchemy import Text, func, select, type_coerce

from gallery.repositories import credentials, places, sightings, tokens
from gallery.repositories.events import MARK_ADDED, MARK_VOIDED
from gallery.schema import CorrectionRow, CoverageRow, EventRow, MarkRow, SessionRow, SightingCrop, SightingRow
from gallery.slices.state import Sent
from gallery.values import Sighting

if TYPE_CHECKING:
    from gallery.ports import Transaction
    from gallery.slices.state import State

CHECKED: Final = "session.check"
_DELIVERED: Final = (MARK_ADDED, MARK_VOIDED, CHECKED)
"""The entries of the slice's log that tell of something to deliver."""
SHOWN: Final = frozenset({"pin", "qr", "badge"})
KIOSK: Final = "kiosk "
"""What the name begins with as whom a kiosk acts."""
Kind = Literal["sighting", "mark", "void", "check", "coverage"]
KINDS: Final[tuple[Kind, ...]] = ("sighting", "mark", "check", "void", "coverage")
"""In the order in which what was set aside is tried again: a mark before what takes it back."""
Thing = tuple[Kind, int | str]
"""A thing that waits: what it is, and the key of its row in the slice (of a void and a check, that of the event)."""
NOTHING: Final[Thing] = ("sighting", 0)


@dataclass(frozen=True, slots=True)
class SessionToldOf:
    """The session that something is of: its number where the database made it, and what finds a day's own."""

    id: int
    name: str
    day: date | None
    zone: str


@dataclass(frozen=True, slots=True)
class MarkMade:
    """A mark as it was made in the slice; ``columns`` hold all that it says but whose, of what session and sighting.

    ``credentials`` are the numbers of what may have been shown for it, ``kiosks`` those of the tokens by which it may
    have been made: one where the mark tells, else all that the slice knew.
    """

    uid: str
    person: int
    session: SessionToldOf
    columns: dict[str, Any]
    credentials: tuple[int, ...] = ()
    kiosks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting with the marks that rest on it, and its face, sealed in the slice, where one is kept."""

    uid: str
    at: datetime
    sighting: Sighting
    session: SessionToldOf | None
    marks: tuple[MarkMade, ...]
    crop: bytes | None = None
    of: Thing = NOTHING


@dataclass(frozen=True, slots=True)
class Shown:
    """A mark that rests on no sighting."""

    uid: str
    at: datetime
    mark: MarkMade
    of: Thing = NOTHING


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Whoever was marked has taken it back at the kiosk, for the reason that it gives."""

    uid: str
    at: datetime
    by: str
    mark: str
    reason: str
    of: Thing = NOTHING


@dataclass(frozen=True, slots=True)
class Checked:
    """People were looked for in a session."""

    uid: str
    at: datetime
    by: str
    session: SessionToldOf
    details: dict[str, Any]
    of: Thing = NOTHING


@dataclass(frozen=True, slots=True)
class Looked:
    """A source has looked from an instant to another; ``columns`` are those of the coverage but its number."""

    uid: str
    at: datetime
    columns: dict[str, Any]
    of: Thing = NOTHING


Item = Seen | Shown | TakenBack | Checked | Looked


def uid_of(state: "State", kind: Kind, number: int, at: datetime) -> str:
    """The id of something that a slice has a number for alone, and that was done or begun at an instant.

    The number alone would not do: a slice that was put back from a copy, or that goes on on two computers, gives the
    same numbers to other things.
    """
    return uuid5(UUID(state.id), f"{kind}:{number}:{at.astimezone(UTC).isoformat()}").hex


def waiting(transaction: "Transaction", state: "State") -> int:
    """How many records were made since what was delivered last."""
    told = _count(transaction, EventRow.seq > state.sent.event, EventRow.action.in_(_DELIVERED))
    return told + _count(transaction, SightingRow.id > state.sent.sighting) + len(_looked(transaction, state))


def _count(transaction: "Transaction", *which: Any) -> int:
    return transaction.scalar(select(func.count()).where(*which)) or 0


def upto(transaction: "Transaction", state: "State") -> Sent:
    """Up to where all is delivered once `items` of the same view is."""
    sighting = transaction.scalar(select(func.max(SightingRow.id))) or 0
    event = transaction.scalar(select(func.max(EventRow.seq))) or 0
    return Sent(max(sighting, state.sent.sighting), max(event, state.sent.event), _ends(transaction))


def _ends(transaction: "Transaction") -> dict[str, str]:
    """By number of each stretch that something has looked, when it ends, as it is written."""
    query = select(CoverageRow.id, type_coerce(CoverageRow.ends, Text))
    return {str(number): str(ends) for number, ends in transaction.execute(query)}


def things(transaction: "Transaction", state: "State") -> Iterator[Thing]:
    """The key of each thing that waits, in no order; nothing of what it says is read."""
    sent = state.sent
    for number in transaction.scalars(select(SightingRow.id).where(SightingRow.id > sent.sighting)).all():
        yield "sighting", number
    query = select(EventRow.seq, EventRow.action, EventRow.subject).where(EventRow.seq > sent.event)
    for seq, action, subject in transaction.execute(query.where(EventRow.action.in_(_DELIVERED))).all():
        if action != MARK_ADDED:
            yield ("check" if action == CHECKED else "void"), seq
            continue
        rests = select(MarkRow.id).where(MarkRow.id == subject, MarkRow.sighting_id > sent.sighting)
        if transaction.scalar(rests) is None:
            yield "mark", subject
    for number in _looked(transaction, state):
        yield "coverage", number


def _looked(transaction: "Transaction", state: "State") -> list[int]:
    return [int(number) for number, ends in _ends(transaction).items() if state.sent.coverage.get(number) != ends]


def in_order(found: "Iterable[Item]") -> "list[Item]":
    """As they are to be delivered: by the time at which it was done, marks are taken back once all are there."""
    last = {TakenBack: 1, Looked: 2}
    return sorted(found, key=lambda each: (last.get(type(each), 0), each.at, each.uid))


def items(transaction: "Transaction", state: "State") -> Iterator[Item]:
    """All that waits, by the time at which it was done; marks are taken back once all are there."""
    found: list[Item] = [*_sighted(transaction, state), *_shown(transaction, state), *_checked(transaction, state)]
    yield from sorted(found, key=lambda each: (each.at, each.uid))
    yield from _taken_back(transaction, state)
    yield from _looks(transaction, state)


def _sighted(transaction: "Transaction", state: "State") -> Iterator[Seen]:
    query = (
        select(SightingRow, SessionRow, SightingCrop.picture)
        .outerjoin(SessionRow, SessionRow.id == SightingRow.session_id)
        .outerjoin(SightingCrop, SightingCrop.sighting_id == SightingRow.id)
        .where(SightingRow.id > state.sent.sighting)
        .order_by(SightingRow.id)
    )
    resting = dict[int, list[MarkMade]]()
    for mark in _marks(transaction, state):
        if mark.columns["sighting_id"] is not None:
            resting.setdefault(mark.columns["sighting_id"], []).append(mark)
    for row, session, picture in transaction.execute(query):
        told = None if session is None else _session(session)
        marks = tuple(resting.get(row.id, ()))
        yield Seen(
            uid_of(state, "sighting", row.id, row.at),
            row.at,
            sightings.sighted(row),
            told,
            marks,
            picture,
            ("sighting", row.id),
        )


def _shown(transaction: "Transaction", state: "State") -> Iterator[Shown]:
    for mark in _marks(transaction, state):
        sighting = mark.columns["sighting_id"]
        if sighting is None or sighting <= state.sent.sighting:
            yield Shown(mark.uid, mark.columns["entered"], mark, ("mark", mark.uid))


def _marks(transaction: "Transaction", state: "State") -> Iterator[MarkMade]:
    """Those that the log of the slice tells of: it holds nothing but what was done here."""
    made = select(EventRow.subject).where(EventRow.action == MARK_ADDED, EventRow.seq > state.sent.event)
    query = (
        select(MarkRow, SessionRow).join(SessionRow, SessionRow.id == MarkRow.session_id).where(MarkRow.id.in_(made))
    )
    for row, session in transaction.execute(query.order_by(MarkRow.entered, MarkRow.id)):
        columns = {each.key: getattr(row, each.key) for each in MarkRow.__table__.columns}
        by = _credentials(transaction, row), _kiosks(transaction, row)
        yield MarkMade(row.id, row.person_id, _session(session), columns, *by)


def _credentials(transaction: "Transaction", row: MarkRow) -> tuple[int, ...]:
    """What may have been shown for a mark; a program of before did not note which of several it was."""
    if row.method not in SHOWN:
        return ()
    told = row.details.get(credentials.CREDENTIAL)
    if isinstance(told, int):
        return (told,)
    return tuple(each.id for each in credentials.of_person(transaction, row.person_id) if each.kind == row.method)


def _kiosks(transaction: "Transaction", row: MarkRow) -> tuple[int, ...]:
    """The tokens by which the kiosk that made a mark may have proved itself: those of its place."""
    if not row.by.startswith(KIOSK):
        return ()
    place = places.told_in(row.details)
    if row.sighting_id is not None:
        place = transaction.scalar(select(SightingRow.place_id).where(SightingRow.id == row.sighting_id))
    found = [] if place is None else tokens.all_tokens(transaction, "kiosk")
    return tuple(each.id for each in found if each.place == place)


def _taken_back(transaction: "Transaction", state: "State") -> Iterator[TakenBack]:
    query = select(EventRow).where(EventRow.action == MARK_VOIDED, EventRow.seq > state.sent.event)
    for row in transaction.scalars(query.order_by(EventRow.seq)).all():
        said = select(CorrectionRow.reason).where(CorrectionRow.mark_id == row.subject, CorrectionRow.kind == "void")
        reason = transaction.scalar(said.order_by(CorrectionRow.id.desc()).limit(1)) or ""
        yield TakenBack(uid_of(state, "void", row.seq, row.at), row.at, row.by, row.subject, reason, ("void", row.seq))


def _checked(transaction: "Transaction", state: "State") -> Iterator[Checked]:
    rows = transaction.scalars(select(EventRow).where(EventRow.action == CHECKED, EventRow.seq > state.sent.event))
    for row in rows.all():
        session = transaction.get(SessionRow, int(row.subject))
        if session is not None:
            uid, told = uid_of(state, "check", row.seq, row.at), _session(session)
            yield Checked(uid, row.at, row.by, told, dict(row.details), ("check", row.seq))


def _looks(transaction: "Transaction", state: "State") -> list[Looked]:
    """Those that began or went on since."""
    query = select(CoverageRow).where(CoverageRow.id.in_(_looked(transaction, state)))
    return [
        Looked(
            uid_of(state, "coverage", row.id, row.begins),
            row.ends,
            {each.key: getattr(row, each.key) for each in CoverageRow.__table__.columns if each.key != "id"},
            ("coverage", row.id),
        )
        for row in transaction.scalars(query.order_by(CoverageRow.begins, CoverageRow.id))
    ]


def _session(row: SessionRow) -> SessionToldOf:
    return SessionToldOf(row.id, row.name, None if row.day is None else date.fromisoformat(row.day), row.zone)
