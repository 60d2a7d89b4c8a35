"""What data protection keeps of one person, read for the copy that they are handed: words, forms, holds, erasures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gallery.privacytables import ConsentFormRow, ConsentRow, ConsentTextRow, ErasureRow, HoldRow


@dataclass(frozen=True, slots=True)
class AskedText:
    """What somebody was asked: version, language, the words themselves and their SHA-256."""

    version: str
    language: str
    sha256: str
    body: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word on one purpose; ``giver`` is the name of whoever answered for them, empty where none was told."""

    id: int
    purpose: str
    granted: bool
    basis: str
    text: AskedText | None
    given_by: str
    giver: str
    method: str
    document_sha256: str | None
    at: datetime
    until: datetime | None
    entered: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A form that was handed out for a person's answer."""

    id: int
    text: AskedText | None
    purposes: Sequence[str]
    given_by: str
    created: datetime
    by: str
    ends: datetime
    used: datetime | None
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """That nothing may be erased for the time being, of this person or (``of_all``) of anybody."""

    of_all: bool
    begun: datetime
    lifted: datetime | None


@dataclass(frozen=True, slots=True)
class Erased:
    """That something was erased: all of a person, or their face."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PrivacyData:
    """All of these of one person, each in the order in which it came about."""

    words: Sequence[Word]
    forms: Sequence[Handed]
    holds: Sequence[Kept]
    erasures: Sequence[Erased]


def of_person(session: Session, person: int, keys: Collection[int]) -> PrivacyData:
    """Of the person of this internal id, who had others before (``keys``)."""
    texts = {each.id: _text(each) for each in session.scalars(select(ConsentTextRow))}
    words = select(ConsentRow).where(ConsentRow.person_id == person).order_by(ConsentRow.id)
    forms = select(ConsentFormRow).where(ConsentFormRow.person_id == person).order_by(ConsentFormRow.id)
    holds = select(HoldRow).where(or_(HoldRow.person_id == person, HoldRow.person_id.is_(None))).order_by(HoldRow.id)
    gone = select(ErasureRow).where(ErasureRow.person_key.in_(keys)).order_by(ErasureRow.id)
    return PrivacyData(
        words=[_word(each, texts) for each in session.scalars(words)],
        forms=[_form(each, texts) for each in session.scalars(forms)],
        holds=[Kept(each.person_id is None, each.begun, each.lifted) for each in session.scalars(holds)],
        erasures=[Erased(each.what, each.at) for each in session.scalars(gone)],
    )


def _text(row: ConsentTextRow) -> AskedText:
    return AskedText(row.version, row.language, row.sha256, row.body)


def _word(row: ConsentRow, texts: dict[int, AskedText]) -> Word:
    return Word(
        id=row.id,
        purpose=row.purpose,
        granted=row.granted,
        basis=row.basis,
        text=None if row.text_id is None else texts.get(row.text_id),
        given_by=row.given_by,
        giver=row.giver,
        method=row.method,
        document_sha256=row.document_sha256,
        at=row.at,
        until=row.until,
        entered=row.entered,
        by=row.by,
        reason=row.reason,
    )


def _form(row: ConsentFormRow, texts: dict[int, AskedText]) -> Handed:
    return Handed(
        id=row.id,
        text=texts.get(row.text_id),
        purposes=row.purposes,
        given_by=row.given_by,
        created=row.created,
        by=row.by,
        ends=row.ends,
        used=row.used,
        revoked=row.revoked,
    )
