"""Browsers that are signed in, each known by the SHA-256 of what its cookie holds."""

from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from gallery.repositories import accounts
from gallery.servicetables import SignInRow
from gallery.servicevalues import SignIn


def insert(session: Session, digest: str, account: int, *, at: datetime, browser: str | None = None) -> None:
    """The browser that holds this is signed in from now on. Raises Conflict where there is no such account."""
    session.add(SignInRow(digest=digest, account_id=account, begun=at, seen=at, browser=browser))
    session.flush()


def found(session: Session, digest: str) -> SignIn | None:
    """Who is signed in so, an account out of use, too; None where nobody is."""
    row = session.get(SignInRow, digest)
    account = None if row is None else accounts.numbered(session, row.account_id)
    return None if row is None or account is None else SignIn(row.digest, account, row.begun, row.seen, row.browser)


def all_of(session: Session, account: int | None = None) -> list[SignIn]:
    """The browsers of an account (None: of all), the one that was used last first."""
    query = select(SignInRow).order_by(SignInRow.seen.desc(), SignInRow.digest)
    query = query if account is None else query.where(SignInRow.account_id == account)
    known = {each.id: each for each in accounts.all_accounts(session)}
    rows = session.scalars(query).all()
    return [SignIn(row.digest, known[row.account_id], row.begun, row.seen, row.browser) for row in rows]


def touch(session: Session, digest: str, at: datetime) -> None:
    """The browser was seen at that instant."""
    session.execute(update(SignInRow).where(SignInRow.digest == digest).values(seen=at))


def remove(session: Session, digest: str) -> int | None:
    """Sign a browser out: the account that it was signed in to, None where it was not."""
    gone = delete(SignInRow).where(SignInRow.digest == digest).returning(SignInRow.account_id)
    return session.scalar(gone)


def remove_of(session: Session, account: int, *, but: str | None = None) -> int:
    """Sign out every browser of an account, but the one of this digest: how many those were."""
    gone = delete(SignInRow).where(SignInRow.account_id == account)
    gone = gone if but is None else gone.where(SignInRow.digest != but)
    return len(session.execute(gone.returning(SignInRow.digest)).all())


def purge(session: Session, *, begun_before: datetime, seen_before: datetime) -> int:
    """Sign out those that began, or were last seen, before these instants; how many."""
    old = or_(SignInRow.begun < begun_before, SignInRow.seen < seen_before)
    return len(session.execute(delete(SignInRow).where(old).returning(SignInRow.digest)).all())
