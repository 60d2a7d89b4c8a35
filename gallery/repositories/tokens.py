"""What programs, kiosks, calendar feeds and the first setup prove themselves by; only SHA-256 digests are kept."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from gallery.names import clean
from gallery.servicetables import TokenRow
from gallery.servicevalues import Token, TokenKind


def counters(session: Session) -> dict[int, int]:
    """By number of each token the last number that was taken of what it counts."""
    return {row.id: row.counter for row in session.execute(select(TokenRow.id, TokenRow.counter))}


def count_on(session: Session, told: Mapping[int, int]) -> None:
    """Take no number again that was taken elsewhere, by number of the token; a lower one changes nothing."""
    for number, counter in told.items():
        later = update(TokenRow).where(TokenRow.id == number, TokenRow.counter < counter).values(counter=counter)
        session.execute(later, execution_options={"synchronize_session": False})


def insert(
    session: Session,
    kind: TokenKind,
    name: str,
    digest: str,
    *,
    scopes: Collection[str],
    at: datetime,
    by: str,
    place: int | None = None,
    ends: datetime | None = None,
    public_key: str | None = None,
) -> Token:
    """A new token. Raises PersonInvalid for the name, Conflict where the digest or the place is of no use."""
    row = TokenRow(
        kind=kind,
        name=clean(name, "token"),
        digest=digest,
        scopes=list(scopes),
        place_id=place,
        public_key=public_key,
        counter=0,
        created=at,
        by=by,
        ends=ends,
    )
    session.add(row)
    session.flush()
    return _told(row)


def found(session: Session, digest: str) -> Token | None:
    """The token of this digest, also one that is revoked or over; None where there is none."""
    row = session.scalar(select(TokenRow).where(TokenRow.digest == digest))
    return None if row is None else _told(row)


def all_tokens(session: Session, kind: TokenKind | None = None) -> list[Token]:
    """Every token (of a kind) in the order in which they were made, those that hold no longer, too."""
    query = select(TokenRow).order_by(TokenRow.id)
    query = query if kind is None else query.where(TokenRow.kind == kind)
    return [_told(row) for row in session.scalars(query)]


def numbered(session: Session, number: int) -> Token | None:
    """The token of this number, or None."""
    row = session.get(TokenRow, number)
    return None if row is None else _told(row)


def revoke(session: Session, number: int, at: datetime) -> None:
    """Take a token back; one that was taken back before stays so since then."""
    session.execute(update(TokenRow).where(TokenRow.id == number, TokenRow.revoked.is_(None)).values(revoked=at))


def touch(session: Session, number: int, at: datetime) -> None:
    """The token was used at that instant."""
    session.execute(update(TokenRow).where(TokenRow.id == number).values(used=at))


def set_public_key(session: Session, number: int, key: str) -> None:
    """What this kiosk signs is proved by this key from now on."""
    session.execute(update(TokenRow).where(TokenRow.id == number).values(public_key=key))


def advance(session: Session, number: int, counter: int) -> bool:
    """Take a number that a kiosk counts by; false where it, or a later one, was taken before. One statement."""
    taken = update(TokenRow).where(TokenRow.id == number, TokenRow.counter < counter).values(counter=counter)
    return bool(session.execute(taken.returning(TokenRow.id)).all())


def claim_setup(session: Session, digest: str, at: datetime) -> Token | None:
    """The setup token of this digest, revoked in the same step; None where it does not hold at that instant."""
    holds = (TokenRow.revoked.is_(None), or_(TokenRow.ends.is_(None), TokenRow.ends > at))
    claimed = update(TokenRow).where(TokenRow.digest == digest, TokenRow.kind == "setup", *holds)
    number = session.scalar(claimed.values(revoked=at, used=at).returning(TokenRow.id))
    return None if number is None else numbered(session, number)


def _told(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]
        name=row.name,
        scopes=tuple(row.scopes),
        place=row.place_id,
        public_key=row.public_key,
        counter=row.counter,
        created=row.created,
        by=row.by,
        ends=row.ends,
        used=row.used,
        revoked=row.revoked,
    )
