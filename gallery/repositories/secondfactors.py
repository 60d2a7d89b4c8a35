"""What accounts show besides their passwords: a sealed secret, and digests of codes that each hold once."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gallery.privacytables import SecondFactorRow
from gallery.servicevalues import SecondFactor

if TYPE_CHECKING:
    from gallery.ports import Cipher

PURPOSE: Final = "totp"
"""The secret is sealed under it, bound to the number of its account."""


def put(session: Session, cipher: "Cipher", account: int, secret: bytes) -> None:
    """A new secret for this account, in the place of any before, which waits to be confirmed."""
    remove(session, account)
    sealed = cipher.seal(secret, person=account, pipeline_id="", purpose=PURPOSE)
    session.add(SecondFactorRow(account_id=account, secret=sealed, confirmed=None, step=0, codes=[]))
    session.flush()


def of(session: Session, account: int) -> SecondFactor | None:
    """What this account has, also one that is not confirmed yet; None where it has none."""
    row = session.get(SecondFactorRow, account)
    return None if row is None else SecondFactor(row.account_id, row.confirmed, row.step, tuple(row.codes))


def confirmed(session: Session) -> set[int]:
    """The accounts that have one."""
    return set(session.scalars(select(SecondFactorRow.account_id).where(SecondFactorRow.confirmed.is_not(None))))


def secret_of(session: Session, cipher: "Cipher", account: int) -> bytes | None:
    """The secret itself. Raises TemplateAltered."""
    row = session.get(SecondFactorRow, account)
    return None if row is None else cipher.open(row.secret, person=account, pipeline_id="", purpose=PURPOSE)


def confirm(session: Session, account: int, at: datetime, codes: Collection[str]) -> None:
    """From now on it is asked for; ``codes`` are digests."""
    _change(session, account, confirmed=at, codes=list(codes))


def advance(session: Session, account: int, step: int) -> bool:
    """Take the code of a step; false where it, or a later one, was taken before. One statement."""
    later = update(SecondFactorRow).where(SecondFactorRow.account_id == account, SecondFactorRow.step < step)
    taken = bool(session.execute(later.values(step=step).returning(SecondFactorRow.account_id)).all())
    session.expire_all()
    return taken


def use(session: Session, account: int, code: str) -> bool:
    """Take one of the codes that hold once, by its digest; false where there is none of it. Within `atomic()`."""
    found = of(session, account)
    if found is None or code not in found.codes:
        return False
    _change(session, account, codes=[each for each in found.codes if each != code])
    return True


def remove(session: Session, account: int) -> bool:
    """Forget it; whether there was one."""
    gone = delete(SecondFactorRow).where(SecondFactorRow.account_id == account).returning(SecondFactorRow.account_id)
    found = bool(session.execute(gone).all())
    session.expire_all()
    return found


def _change(session: Session, account: int, **values: object) -> None:
    session.execute(update(SecondFactorRow).where(SecondFactorRow.account_id == account).values(**values))
    session.expire_all()
