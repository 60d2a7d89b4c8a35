"""Other systems that are told of news: webhooks and MQTT brokers; address and secret are sealed."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import Session

from gallery.errors import Conflict, TemplateAltered
from gallery.names import clean
from gallery.servicetables import ReceiverRow
from gallery.servicevalues import Receiver, ReceiverKind

if TYPE_CHECKING:
    from gallery.ports import Cipher

PURPOSE: Final = "receiver"
SIGNING: Final = "receiver signing"
WEBHOOK: Final = "webhook"


def insert(
    session: Session,
    cipher: "Cipher",
    name: str,
    kind: ReceiverKind,
    *,
    address: str,
    secret: bytes | None,
    kinds: Collection[str],
    allow_private: bool,
    at: datetime,
    by: str,
) -> Receiver:
    """A new receiver of these kinds of news. Raises PersonInvalid for the name, Conflict where it is taken."""
    wanted = clean(name, "receiver")
    if named(session, wanted) is not None:
        raise Conflict(wanted, "a receiver has this name already")
    row = ReceiverRow(name=wanted, kind=kind, kinds=sorted(set(kinds)), allow_private=allow_private, created=at, by=by)
    session.add(row)
    session.flush()
    row.address = _seal(cipher, row.id, address.encode(), PURPOSE)
    row.secret = None if secret is None else _seal(cipher, row.id, secret, SIGNING)
    session.flush()
    return _told(row)


def _seal(cipher: "Cipher", number: int, plain: bytes, purpose: str) -> bytes:
    return cipher.seal(plain, person=number, pipeline_id="", purpose=purpose)


def all_receivers(session: Session) -> list[Receiver]:
    """Every receiver by name, those out of use, too."""
    return [_told(row) for row in session.scalars(select(ReceiverRow).order_by(ReceiverRow.name))]


def named(session: Session, name: str) -> Receiver | None:
    """The receiver of exactly this name, or None."""
    row = session.scalar(select(ReceiverRow).where(ReceiverRow.name == name))
    return None if row is None else _told(row)


def numbered(session: Session, number: int) -> Receiver | None:
    """The receiver of this number, or None."""
    row = session.get(ReceiverRow, number)
    return None if row is None else _told(row)


def wanting(session: Session) -> list[tuple[int, frozenset[str]]]:
    """The webhooks in use, each with the kinds of news it wants."""
    query = select(ReceiverRow.id, ReceiverRow.kinds).where(_in_use()).order_by(ReceiverRow.id)
    return [(number, frozenset(kinds)) for number, kinds in session.execute(query)]


def any_webhook() -> Any:
    """Whether a webhook is in use, as a part of another statement: the number of one, or NULL."""
    return select(func.max(ReceiverRow.id)).where(_in_use()).scalar_subquery()


def _in_use() -> Any:
    return and_(ReceiverRow.kind == WEBHOOK, ReceiverRow.active)


def address(session: Session, cipher: "Cipher", number: int) -> str:
    """Where it is, opened. Raises TemplateAltered, also where it was lost to a repair."""
    sealed = session.get_one(ReceiverRow, number).address
    if sealed is None:
        raise TemplateAltered(f"receiver {number}", "its address did not open and was taken away")
    return cipher.open(sealed, person=number, pipeline_id="", purpose=PURPOSE).decode()


def secret(session: Session, cipher: "Cipher", number: int) -> bytes | None:
    """What it is proved to that news are ours, opened; None where there is none. Raises TemplateAltered."""
    sealed = session.get_one(ReceiverRow, number).secret
    return None if sealed is None else cipher.open(sealed, person=number, pipeline_id="", purpose=SIGNING)


def change(
    session: Session,
    cipher: "Cipher",
    number: int,
    *,
    address: str | None = None,
    kinds: Collection[str] | None = None,
    allow_private: bool | None = None,
    active: bool | None = None,
    reason: str | None = None,
) -> Receiver:
    """Change what is given of it; ``reason`` says why it is not in use."""
    row = session.get_one(ReceiverRow, number)
    if address is not None:
        row.address = _seal(cipher, number, address.encode(), PURPOSE)
    row.kinds = row.kinds if kinds is None else sorted(set(kinds))
    row.allow_private = row.allow_private if allow_private is None else allow_private
    row.active = row.active if active is None else active
    row.reason = row.reason if reason is None else reason
    session.flush()
    return _told(row)


def remove(session: Session, number: int) -> None:
    """Delete a receiver; what was on its way to it goes with it."""
    session.execute(delete(ReceiverRow).where(ReceiverRow.id == number))
    session.expire_all()


def sealed(session: Session) -> list[Receiver]:
    """Those of which an address or a secret is kept."""
    kept = or_(ReceiverRow.address.is_not(None), ReceiverRow.secret.is_not(None))
    return [_told(row) for row in session.scalars(select(ReceiverRow).where(kept).order_by(ReceiverRow.id))]


def drop_sealed(session: Session, numbers: Collection[int], reason: str) -> None:
    """Forget address and secret of these receivers, which are of no use then: a webhook would go out unsigned."""
    for number in numbers:
        row = session.get_one(ReceiverRow, number)
        row.address, row.secret, row.active, row.reason = None, None, False, reason
    session.flush()


def _told(row: ReceiverRow) -> Receiver:
    return Receiver(
        id=row.id,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]
        kinds=tuple(row.kinds),
        allow_private=row.allow_private,
        active=row.active,
        reason=row.reason,
        created=row.created,
        by=row.by,
    )
