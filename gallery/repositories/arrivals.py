"""What sites did while the database was out of reach: each thing once by its id, with what became of it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gallery.repositories.batches import A_BATCH, in_batches
from gallery.repositories.events import ARRIVAL_REFUSED, record
from gallery.sitetables import ArrivalRow

Outcome = Literal["kept", "already", "refused"]
MARK: Final = "mark"
PERSON, SESSION, SAYS = "person", "session", "mark"
"""What the details of a mark that was not kept hold: whose it was, of which session, and what it said."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came late: from which site, of when, what became of it; `details` hold ids, counts and codes."""

    uid: str
    kind: str
    site: str | None
    at: datetime
    entered: datetime
    outcome: Outcome
    details: Mapping[str, Any] = field(default_factory=dict)


def known(session: Session, uids: Collection[str]) -> dict[str, Arrival]:
    """Those of these ids that came before."""
    found = dict[str, Arrival]()
    for some in in_batches(sorted(set(uids))):
        rows = session.scalars(select(ArrivalRow).where(ArrivalRow.uid.in_(some)))
        found |= {row.uid: _arrival(row) for row in rows}
    return found


def add(session: Session, new: Arrival, by: str) -> None:
    """Note that it came; where it was refused, the log tells. Conflict where it came before."""
    row = ArrivalRow(uid=new.uid, kind=new.kind, site=new.site, at=new.at, entered=new.entered)
    row.outcome, row.details = new.outcome, dict(new.details)
    session.add(row)
    session.flush()
    if new.outcome == "refused":
        told = {"kind": new.kind, **{key: new.details[key] for key in (PERSON, "why") if key in new.details}}
        record(session, at=new.entered, by=by, action=ARRIVAL_REFUSED, subject=new.uid, details=told)


def change(session: Session, uid: str, outcome: Outcome, details: Mapping[str, Any]) -> None:
    """What became of it has changed, as something older came after it."""
    session.execute(
        update(ArrivalRow).where(ArrivalRow.uid == uid).values(outcome=outcome, details=dict(details)),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()


def spare_marks(
    session: Session, people: Collection[int], number: int, begin: datetime, end: datetime
) -> list[Arrival]:
    """The marks of these people in a session that were not kept, as they had one already, of begin <= t < end."""
    query = select(ArrivalRow).where(ArrivalRow.at >= begin, ArrivalRow.at < end, ArrivalRow.kind == MARK)
    rows = session.scalars(query.where(ArrivalRow.outcome == "already").order_by(ArrivalRow.at, ArrivalRow.uid))
    found = map(_arrival, rows)
    return [each for each in found if each.details.get(PERSON) in people and each.details.get(SESSION) == number]


def of_people(session: Session, people: Collection[int]) -> list[Arrival]:
    """What arrivals tell of these people, in order of time."""
    uids = [uid for uid, details in _told(session) if details.get(PERSON) in people]
    return sorted(known(session, uids).values(), key=lambda each: (each.at, each.uid))


def forget(session: Session, people: Collection[int]) -> int:
    """Let go what arrivals tell of people who are erased; their ids stay, so that none is taken again."""
    gone = [uid for uid, details in _told(session) if details.get(PERSON) in people]
    for some in in_batches(gone):
        values = update(ArrivalRow).where(ArrivalRow.uid.in_(some)).values(details={})
        session.execute(values, execution_options={"synchronize_session": False})
    session.expire_all()
    return len(gone)


def _told(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(ArrivalRow.uid, ArrivalRow.details).execution_options(yield_per=A_BATCH)
    yield from ((row.uid, row.details) for row in session.execute(query))


def latest(session: Session) -> dict[str | None, datetime]:
    """By site, when something of it came last."""
    query = select(ArrivalRow.site, func.max(ArrivalRow.entered)).group_by(ArrivalRow.site)
    return {row[0]: row[1] for row in session.execute(query)}


def counts(session: Session) -> dict[str, int]:
    """How many were kept, were there already, and were refused."""
    query = select(ArrivalRow.outcome, func.count()).group_by(ArrivalRow.outcome)
    return {row[0]: row[1] for row in session.execute(query)}


def _arrival(row: ArrivalRow) -> Arrival:
    return Arrival(row.uid, row.kind, row.site, row.at, row.entered, row.outcome, row.details)  # type: ignore[arg-type]
