"""Other ways than the face: a number and PIN, a signed QR code, a badge; each of one person."""

from collections.abc import Collection
from datetime import datetime
from itertools import count
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gallery.errors import Conflict
from gallery.repositories.events import CREDENTIAL_REMOVED, PERSON_MERGED, history
from gallery.servicetables import CredentialRow
from gallery.servicevalues import Credential, CredentialKind

PIN: Final = "pin"
CREDENTIAL: Final = "credential"
"""Under which the details of a mark tell the number of what was shown."""
FIRST_NUMBER: Final = 1001
"""The first of the numbers that stand before a PIN: four digits are typed by everybody alike."""


def insert(
    session: Session, person: int, kind: CredentialKind, handle: str, secret: str | None, *, at: datetime, by: str
) -> Credential:
    """A new way in for a person (internal id). Raises Conflict where the handle is taken, or nobody has this id."""
    if found(session, kind, handle) is not None:
        raise Conflict(f"{kind} {handle}", "somebody has it already")
    row = CredentialRow(person_id=person, kind=kind, handle=handle, secret=secret, created=at, by=by)
    session.add(row)
    session.flush()
    return _told(row)


def found(session: Session, kind: CredentialKind, handle: str) -> Credential | None:
    """The one of this kind and handle, or None."""
    query = select(CredentialRow).where(CredentialRow.kind == kind, CredentialRow.handle == handle)
    row = session.scalar(query)
    return None if row is None else _told(row)


def of_person(session: Session, person: int) -> list[Credential]:
    """Those of a person, in the order in which they were made."""
    query = select(CredentialRow).where(CredentialRow.person_id == person).order_by(CredentialRow.id)
    return [_told(row) for row in session.scalars(query)]


def numbered(session: Session, number: int) -> Credential | None:
    """The one of this number, or None."""
    row = session.get(CredentialRow, number, populate_existing=True)
    return None if row is None else _told(row)


def gone_since(session: Session, number: int, person: int) -> datetime | None:
    """Since when there is none of this number, which was the person's (internal id); None where nobody knows.

    The log tells. A PIN also goes, without a word of its own, where its person is merged into one who has another.
    """
    found = [each.at for each in history(session, subject=number, action=CREDENTIAL_REMOVED)]
    if not found:
        merged = history(session, action=PERSON_MERGED)
        found = [each.at for each in merged if each.details.get("from") == person]
    return max(found, default=None)


def all_credentials(session: Session) -> list[Credential]:
    """Those of everybody, in the order in which they were made."""
    return [_told(row) for row in session.scalars(select(CredentialRow).order_by(CredentialRow.id))]


def remove(session: Session, number: int) -> None:
    """Delete one: nobody gets in by it any more."""
    session.execute(delete(CredentialRow).where(CredentialRow.id == number))
    session.expire_all()


def drop_kinds(session: Session, kinds: Collection[str]) -> int:
    """Delete all of these kinds; how many."""
    gone = session.execute(delete(CredentialRow).where(CredentialRow.kind.in_(kinds)).returning(CredentialRow.id)).all()
    session.expire_all()
    return len(gone)


def free_number(session: Session) -> str:
    """The smallest number from 1001 on that no PIN belongs to."""
    taken = set(session.scalars(select(CredentialRow.handle).where(CredentialRow.kind == PIN)))
    return next(number for number in map(str, count(FIRST_NUMBER)) if number not in taken)


def _told(row: CredentialRow) -> Credential:
    return Credential(
        id=row.id,
        person=row.person_id,
        kind=row.kind,  # type: ignore[arg-type]
        handle=row.handle,
        secret=row.secret,
        created=row.created,
        by=row.by,
    )
