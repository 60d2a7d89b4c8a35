"""Who is new and who is known: the rules of ids and names at enrolment."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.errors import DuplicateId
from gallery.repositories import people as lookup
from gallery.schema import Person


def by_id(session: Session, external_id: str) -> Person | None:
    """The person with this external id, or None."""
    return session.scalar(select(Person).where(Person.external_id == external_id))


def known(session: Session, name: str, external_id: str | None) -> Person | None:
    """The person this enrolment is for, or None for somebody new.

    With an id, who has it: raises DuplicateId where the name there is another. Without, the only person with
    this name: raises PersonAmbiguous where there are several.
    """
    wanted = lookup.clean(name, "name")
    if external_id is None:
        return lookup.by_name(session, wanted)
    ref = lookup.clean(external_id, "id")
    row = by_id(session, ref)
    if row is not None and row.name != wanted:
        raise DuplicateId(ref, "somebody with another name has this id already")
    return row


def insert(session: Session, name: str, external_id: str | None, note: str, at: datetime) -> Person:
    """Somebody new; without an external id `P-<number>`. Raises DuplicateId, PersonInvalid."""
    wanted = None if external_id is None else lookup.clean(external_id, "id")
    if wanted is not None and by_id(session, wanted) is not None:
        raise DuplicateId(wanted, "somebody has this id already")
    row = Person(external_id=wanted or uuid4().hex, name=lookup.clean(name, "name"), note=note, created=at)
    session.add(row)
    session.flush()
    if wanted is None:
        row.external_id = _free_id(session, row.id)
        session.flush()
    return row


def _free_id(session: Session, number: int) -> str:
    wanted, extra = f"P-{number}", 1
    while by_id(session, wanted) is not None:
        extra += 1
        wanted = f"P-{number}-{extra}"
    return wanted
