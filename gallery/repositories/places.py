"""Cameras and kiosks by name; an address is sealed, as it may hold a password."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gallery.names import clean
from gallery.schema import Group, PlaceRow
from gallery.values import Place, PlaceKind

if TYPE_CHECKING:
    from gallery.ports import Cipher

PURPOSE: Final = "place"


def insert(
    session: Session,
    cipher: "Cipher | None",
    name: str,
    kind: PlaceKind,
    *,
    at: datetime,
    address: str | None = None,
    site: str | None = None,
    group_id: int | None = None,
    target_fpir: float | None = None,
) -> Place:
    """A new place; without an address no cipher is needed. Raises PersonInvalid for the name, Conflict."""
    row = PlaceRow(
        name=clean(name, "place"), kind=kind, site=site, group_id=group_id, target_fpir=target_fpir, created=at
    )
    session.add(row)
    session.flush()
    if address is not None and cipher is not None:
        row.address = cipher.seal(address.encode(), person=row.id, pipeline_id="", purpose=PURPOSE)
        session.flush()
    return _place(row, None if group_id is None else session.get_one(Group, group_id).name)


def all_places(session: Session) -> list[Place]:
    """Every place by name, those no longer in use, too."""
    query = select(PlaceRow, Group.name).outerjoin(Group, Group.id == PlaceRow.group_id).order_by(PlaceRow.name)
    return [_place(row, group) for row, group in session.execute(query)]


def named(session: Session, name: str) -> Place | None:
    """The place of exactly this name, or None."""
    return next((each for each in all_places(session) if each.name == name), None)


def set_active(session: Session, number: int, *, active: bool) -> None:
    """Put a place out of use, or in again; records name it for ever."""
    session.get_one(PlaceRow, number).active = active
    session.flush()


def open_address(session: Session, cipher: "Cipher", number: int) -> str | None:
    """The address of a place, opened; None where it has none. Raises TemplateAltered."""
    sealed = session.get_one(PlaceRow, number).address
    if sealed is None:
        return None
    return cipher.open(sealed, person=number, pipeline_id="", purpose=PURPOSE).decode()


def drop_addresses(session: Session, numbers: Collection[int]) -> None:
    """Forget the addresses of these places."""
    session.execute(update(PlaceRow).where(PlaceRow.id.in_(numbers)).values(address=None))
    session.expire_all()


def any_address(session: Session) -> bool:
    """Whether an address is kept at all."""
    return session.scalar(select(PlaceRow.id).where(PlaceRow.address.is_not(None)).limit(1)) is not None


def _place(row: PlaceRow, group: str | None) -> Place:
    return Place(
        id=row.id,
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]
        site=row.site,
        group=group,
        target_fpir=row.target_fpir,
        created=row.created,
        active=row.active,
    )
