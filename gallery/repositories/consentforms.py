"""Forms of consent that people were handed; of the code of each its SHA-256 alone is kept."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gallery.privacytables import ConsentFormRow
from gallery.privacyvalues import ConsentForm, GivenBy, Purpose


def insert(
    session: Session,
    person: int,
    digest: str,
    text: int,
    purposes: tuple[Purpose, ...],
    given_by: GivenBy,
    *,
    at: datetime,
    by: str,
    ends: datetime,
) -> ConsentForm:
    """A new form."""
    row = ConsentFormRow(
        person_id=person,
        digest=digest,
        text_id=text,
        purposes=list(purposes),
        given_by=given_by,
        created=at,
        by=by,
        ends=ends,
    )
    session.add(row)
    session.flush()
    return _told(row)


def found(session: Session, digest: str) -> ConsentForm | None:
    """The form of this digest, also one that holds no longer; None where there is none."""
    row = session.scalar(select(ConsentFormRow).where(ConsentFormRow.digest == digest))
    return None if row is None else _told(row)


def numbered(session: Session, number: int) -> ConsentForm | None:
    """The form of this number, or None."""
    row = session.get(ConsentFormRow, number)
    return None if row is None else _told(row)


def of_person(session: Session, person: int) -> list[ConsentForm]:
    """The forms that a person was handed, in order."""
    query = select(ConsentFormRow).where(ConsentFormRow.person_id == person).order_by(ConsentFormRow.id)
    return [_told(row) for row in session.scalars(query)]


def claim(session: Session, number: int, now: datetime) -> bool:
    """Use up a form; false where it holds no longer. One statement, so that of two who answer at once one does."""
    rows = ConsentFormRow
    holds = (rows.used.is_(None), rows.revoked.is_(None), rows.ends > now)
    taken = update(rows).where(rows.id == number, *holds).values(used=now)
    return bool(session.execute(taken.returning(rows.id)).all())


def revoke(session: Session, person: int, at: datetime, number: int | None = None) -> int:
    """Take back a form of a person that nobody has answered, or all of them; how many."""
    rows = ConsentFormRow
    open_ = update(rows).where(rows.person_id == person, rows.used.is_(None), rows.revoked.is_(None))
    open_ = open_ if number is None else open_.where(rows.id == number)
    return len(session.execute(open_.values(revoked=at).returning(rows.id)).all())


def _told(row: ConsentFormRow) -> ConsentForm:
    return ConsentForm(
        id=row.id,
        person=row.person_id,
        text=row.text_id,
        purposes=tuple(row.purposes),  # type: ignore[arg-type]  # made by `insert` alone
        given_by=row.given_by,  # type: ignore[arg-type]
        created=row.created,
        by=row.by,
        ends=row.ends,
        used=row.used,
        revoked=row.revoked,
    )
