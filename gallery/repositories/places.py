"""Cameras and kiosks by name; an address is sealed, as it may hold a password."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from gallery.names import clean
from gallery.schema import CoverageRow, Group, MarkRow, PlaceRow, SightingRow
from gallery.values import Direction, Place, PlaceKind

if TYPE_CHECKING:
    from gallery.ports import Cipher

PURPOSE: Final = "place"
SHOWN: Final = ("pin", "qr", "badge")
"""By which method marks are made at a kiosk without a face."""
DETAIL: Final = "place"
"""What the details of a mark that rests on no face hold, where it was made at a kiosk: the number of that place."""


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
    direction: Direction | None = None,
) -> Place:
    """A new place; without an address no cipher is needed. Raises PersonInvalid for the name, Conflict."""
    row = PlaceRow(
        name=clean(name, "place"),
        kind=kind,
        site=site,
        group_id=group_id,
        target_fpir=target_fpir,
        direction=direction,
        created=at,
    )
    session.add(row)
    session.flush()
    if address is not None and cipher is not None:
        set_address(session, cipher, row.id, address)
    return _place(row, None if group_id is None else session.get_one(Group, group_id).name)


def all_places(session: Session) -> list[Place]:
    """Every place by name, those no longer in use, too."""
    query = select(PlaceRow, Group.name).outerjoin(Group, Group.id == PlaceRow.group_id).order_by(PlaceRow.name)
    return [_place(row, group) for row, group in session.execute(query)]


def named(session: Session, name: str) -> Place | None:
    """The place of exactly this name, or None."""
    return next((each for each in all_places(session) if each.name == name), None)


def names(session: Session, numbers: Collection[int]) -> dict[int, str]:
    """What the places of these numbers are called, by number."""
    query = select(PlaceRow.id, PlaceRow.name).where(PlaceRow.id.in_(numbers))
    return {row[0]: row[1] for row in session.execute(query)} if numbers else {}


def change(session: Session, number: int, **columns: Any) -> None:
    """Give a place another `site`, `group_id`, `target_fpir` or `direction`, those of them that are named."""
    row = session.get_one(PlaceRow, number)
    for column, value in columns.items():
        setattr(row, column, value)
    session.flush()


def set_address(session: Session, cipher: "Cipher | None", number: int, address: str | None) -> None:
    """Seal another address for a place; to take it away needs no cipher."""
    row = session.get_one(PlaceRow, number)
    row.address = None
    if address is not None and cipher is not None:
        row.address = cipher.seal(address.encode(), person=number, pipeline_id="", purpose=PURPOSE)
    session.flush()


def is_recorded(session: Session, number: int) -> bool:
    """Whether a sighting or a mark names the place, or that it has looked."""
    seen, looked = exists().where(SightingRow.place_id == number), exists().where(CoverageRow.place_id == number)
    if session.scalar(select(or_(seen, looked))):
        return True
    shown = session.scalars(select(MarkRow.details).where(MarkRow.sighting_id.is_(None), MarkRow.method.in_(SHOWN)))
    return any(told_in(each) == number for each in shown)


def remove(session: Session, number: int) -> None:
    """Delete a place that no record names; Conflict for another."""
    session.delete(session.get_one(PlaceRow, number))
    session.flush()


def told_in(details: Mapping[str, Any]) -> int | None:
    """The number of the place that a mark's details name, None where they name none."""
    number = details.get(DETAIL)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


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
        direction=row.direction,  # type: ignore[arg-type]
    )
