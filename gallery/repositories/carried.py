"""Entries of the log that outlive it: what statuses, reviews and months are told by stays when old ones go.

They are facts, not evidence: without their link, as numbers and codes, in one value of the home. Nobody is named in
them, and those of people, sessions and sightings that are gone go at the next purge.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gallery.repositories import aliases, chain
from gallery.schema import EventRow, Meta, Person, SessionRow, SightingRow
from gallery.values import Event

CARRIED: Final = "carried"
"""The fact about the home that holds them."""
_FIRST: Final = frozenset({"person.add", "person.enroll", "template.add"})
"""Of these the first of somebody tells since when they were known, and could be recognised."""
_PEOPLE: Final = frozenset({*_FIRST, "person.active", "lookalike.clear"})
_SESSIONS: Final = frozenset({"session.check"})
_SIGHTINGS: Final = frozenset({"sighting.dismiss"})
_LAST: Final = frozenset({"month.close", "roster.import", "account.change"})
"""Of these the last on a subject counts."""
FACTS: Final = _PEOPLE | _SESSIONS | _SIGHTINGS | _LAST


def facts(session: Session, action: str | None = None, subject: int | str | None = None) -> list[Event]:
    """Those that are kept, in order: all, or those of an action, or on a subject."""
    if action is not None and action not in FACTS:
        return []
    value = session.scalar(select(Meta.value).where(Meta.key == CARRIED))
    return [
        each
        for each in ([] if value is None else _read(value))
        if action in {None, each.action} and subject in {None, each.subject}
    ]


def first(session: Session) -> Event | None:
    """The first entry that there ever was, where it was purged; no other home has the same."""
    return next(iter(facts(session)), None)


def cut(session: Session, before: datetime, *, at: datetime, by: str) -> int:
    """As `chain.cut`, but what others are told by stays; how many entries went."""
    end = session.scalar(select(func.min(EventRow.seq)).where(EventRow.at >= before))
    query = select(EventRow).order_by(EventRow.seq)
    query = query if end is None else query.where(EventRow.seq < end)
    oldest = query.limit(1)
    told = [*session.scalars(oldest), *session.scalars(query.where(EventRow.action.in_(FACTS)))]
    kept = {each.seq: each for each in (*facts(session), *map(_event, told))}
    gone = chain.cut(session, before, at=at, by=by)
    if gone:
        _write(session, _wanted(session, [kept[seq] for seq in sorted(kept)]))
    return gone


def _wanted(session: Session, told: list[Event]) -> Iterator[Event]:
    """The very first, and what is still of use, in order."""
    heirs = {str(key) for key in aliases.heirs(session)}
    people = {str(each) for each in session.scalars(select(Person.id))} | heirs
    sessions = {str(each) for each in session.scalars(select(SessionRow.id))}
    sightings = _there(session, [each.subject for each in told if each.action in _SIGHTINGS])
    seen = set[tuple[str, str]]()
    last = {(each.action, each.subject): each.seq for each in told}
    for number, each in enumerate(told):
        key = (each.action, each.subject)
        again = each.action in _FIRST and key in seen
        seen.add(key)
        there = (
            (each.action in _PEOPLE and each.subject in people and not again)
            or (each.action in _SESSIONS and each.subject in sessions)
            or (each.action in _SIGHTINGS and each.subject in sightings)
            or (each.action in _LAST and last[key] == each.seq)
        )
        if there or number == 0:
            yield each


def _there(session: Session, numbers: Iterable[str]) -> set[str]:
    wanted = sorted({int(each) for each in numbers})
    found = set[str]()
    for begin in range(0, len(wanted), 500):
        some = wanted[begin : begin + 500]
        found |= {str(each) for each in session.scalars(select(SightingRow.id).where(SightingRow.id.in_(some)))}
    return found


def _write(session: Session, kept: Iterator[Event]) -> None:
    rows = [[each.seq, each.at.isoformat(), each.by, each.action, each.subject, dict(each.details)] for each in kept]
    value = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    row = session.get(Meta, CARRIED)
    if row is None:
        session.add(Meta(key=CARRIED, value=value))
    else:
        row.value = value
    session.flush()


@lru_cache(maxsize=2)
def _read(value: str) -> tuple[Event, ...]:
    rows: list[list[Any]] = json.loads(value)
    return tuple(
        Event(seq, datetime.fromisoformat(at), by, action, subject, details)
        for seq, at, by, action, subject, details in rows
    )


def _event(row: EventRow) -> Event:
    return Event(row.seq, row.at, row.by, row.action, row.subject, row.details)
