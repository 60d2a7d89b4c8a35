"""Random keys of this home, one for each purpose: made at first use, sealed, and the same ever after."""

import os
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from gallery.servicetables import SecretRow

if TYPE_CHECKING:
    from collections.abc import Collection

    from gallery.ports import Cipher

PURPOSE: Final = "secret"
SECRET_BYTES: Final = 32
_TABLE: Final[Any] = SecretRow.__table__
_SEALED: Final = select(_TABLE.c.value).where(_TABLE.c.purpose == bindparam("purpose"))
"""Put together once: every entry of the log asks for it."""


def of(session: Session, cipher: "Cipher", purpose: str) -> bytes:
    """The 32 bytes for this purpose; where there are none yet, it must be within `atomic()`. Raises TemplateAltered."""
    found = stored(session, cipher, purpose)
    if found is not None:
        return found
    plain = os.urandom(SECRET_BYTES)
    sealed = cipher.seal(plain, person=purpose, pipeline_id="", purpose=PURPOSE)
    session.add(SecretRow(purpose=purpose, value=sealed))
    session.flush()
    return plain


def stored(session: Session, cipher: "Cipher", purpose: str) -> bytes | None:
    """The bytes for this purpose, or None where none were made yet. Raises TemplateAltered."""
    row = session.get(SecretRow, purpose)
    return None if row is None else cipher.open(row.value, person=purpose, pipeline_id="", purpose=PURPOSE)


def sealed(session: Session, purpose: str) -> bytes | None:
    """The sealed value for this purpose, or None where none was made yet."""
    found: bytes | None = session.execute(_SEALED, {"purpose": purpose}).scalar()
    return found


def purposes(session: Session) -> list[str]:
    """For what there are secrets, sorted."""
    return list(session.scalars(select(SecretRow.purpose).order_by(SecretRow.purpose)))


def drop(session: Session, named: "Collection[str]") -> None:
    """Forget the secrets for these purposes: others are made when they are asked for."""
    session.execute(delete(SecretRow).where(SecretRow.purpose.in_(named)))
    session.expire_all()
