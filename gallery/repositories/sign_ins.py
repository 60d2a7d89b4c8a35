"""Browsers that are signed in, each known by the SHA-256 of what its cookie holds."""

from datetime import datetime

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from gallery.repositories import accounts
from gallery.servicetables import SignInRow
from gallery.servicevalues import SignIn


def insert(session: Session, digest: str, account: int, *, at: datetime) -> None:
    """The browser that holds this is signed in from now on. Raises Conflict where there is no such account."""
    session.add(SignInRow(digest=digest, account_id=account, begun=at, seen=at))
    session.flush()


def found(session: Session, digest: str) -> SignIn | None:
    """Who is signed in so, an account out of use, too; None where nobody is."""
    row = session.get(SignInRow, digest)
    account = None if row is None else accounts.numbered(session, row.account_id)
    return None if row is None or account is None else SignIn(row.digest, account, row.begun, row.seen)


def touch(session: Session, digest: str, at: datetime) -> None:
    """The browser was seen at that instant."""
    session.execute(update(SignInRow).where(SignInRow.digest == digest).values(seen=at))


def remove(session: Session, digest: str) -> None:
    """Sign a browser out."""
    session.execute(delete(SignInRow).where(SignInRow.digest == digest))


def remove_of(session: Session, account: int) -> None:
    """Sign out every browser of an account."""
    session.execute(delete(SignInRow).where(SignInRow.account_id == account))


def purge(session: Session, *, begun_before: datetime, seen_before: datetime) -> int:
    """Sign out those that began, or were last seen, before these instants; how many."""
    old = or_(SignInRow.begun < begun_before, SignInRow.seen < seen_before)
    return len(session.execute(delete(SignInRow).where(old).returning(SignInRow.digest)).all())
