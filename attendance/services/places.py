"""Cameras and kiosks by name: where they stand, whom they look for, and their addresses, sealed and never shown whole.

A place that records name is never deleted: it is put out of use.
"""

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.cameras import Address, hidden, is_address, parse_address
from attendance.errors import (
    CameraAddress,
    CameraMissing,
    PlaceAddress,
    PlaceExists,
    PlaceName,
    PlaceRetired,
    PlaceUnknown,
    PlaceUsed,
)
from attendance.records import instant
from attendance.register.directions import direction_of
from attendance.register.sessions import group_number
from attendance.services.known import folded, known_place
from attendance.settings import check
from gallery.errors import TemplateAltered
from gallery.names import clean
from gallery.near import close_names
from gallery.repositories import changes, groups, places, sites
from gallery.repositories.events import (
    PLACE_ADDED,
    PLACE_CHANGED,
    PLACE_REMOVED,
    PLACE_RESTORED,
    PLACE_RETIRED,
    SITE_ADDED,
    record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.settled import Settled
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Place, PlaceKind


class Keep(Enum):
    """What stands for a part of a place that stays as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
ALTERED: Final = "does not open"
"""What is shown for a sealed address that somebody has changed; the place can be given it anew."""
Share = float | str
"""A share of strangers: 0.003 or "0.3%"."""


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place, and its address as people may see it: without user and password."""

    place: "Place"
    address: str | None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``place list --json``."""
        found = self.place
        return {
            "name": found.name,
            "kind": found.kind,
            "address": self.address,
            "site": found.site,
            "group": found.group,
            "target_fpir": found.target_fpir,
            "direction": found.direction,
            "created": instant(found.created),
            "active": found.active,
        }


class Places:
    """The places of a home; all that is changed stands in the log."""

    def __init__(self, gallery: "Gallery", clock: "Clock", settled: "Settled | None" = None) -> None:
        self._gallery, self._clock, self._settled = gallery, clock, settled

    # What is there

    def all(self) -> list[ShownPlace]:
        """Every place by name, those out of use, too. Raises KeyMissing, KeyWrong, KeyExposed."""
        with self._gallery.store.reading() as transaction:
            return [self._shown(transaction, each) for each in places.all_places(transaction)]

    def find(self, name: str) -> ShownPlace:
        """The place of this name, in use or not. Raises PlaceUnknown, and as `all`."""
        with self._gallery.store.reading() as transaction:
            return self._shown(transaction, known_place(transaction, name))

    def in_use(self, name: str) -> "Place":
        """The place of this name, for people to be looked for there. Raises PlaceUnknown, PlaceRetired."""
        with self._gallery.store.reading() as transaction:
            found = known_place(transaction, name)
        if not found.active:
            raise PlaceRetired(found.name, "this place is out of use")
        return found

    def camera(self, text: str) -> "tuple[Place | None, Address]":
        """The camera that is meant: that of the place of this name, else the one at this address.

        Raises PlaceRetired, PlaceAddress, PlaceUnknown where a place may be meant, CameraAddress, CameraMissing.
        """
        with self._gallery.store.reading() as transaction:
            found = places.named(transaction, folded(text))
            known = [each.name for each in places.all_places(transaction)] if found is None else []
            if found is not None:
                return found, parse_address(self._address_of(transaction, found))
        try:
            return None, parse_address(text)
        except (CameraAddress, CameraMissing) as error:
            if is_address(text) or not close_names(text, known):
                raise
            neither = "there is no place of this name, nor such a file or device"
            raise PlaceUnknown.among(text, known, neither) from error

    def removable(self, name: str) -> "Place":
        """The place of this name, if no record names it. Raises PlaceUnknown, PlaceUsed."""
        with self._gallery.store.reading() as transaction:
            found = known_place(transaction, name)
            if places.is_recorded(transaction, found.id):
                raise PlaceUsed(found.name, "faces were seen there, or it has looked, and these records name it")
            return found

    # What is changed

    @needs("places.change")
    def add(
        self,
        actor: "Actor",
        name: str,
        address: str | None = None,
        *,
        kind: "PlaceKind" = "camera",
        site: str | None = None,
        group: str | None = None,
        target_fpir: Share | None = None,
        direction: str | None = None,
    ) -> ShownPlace:
        """A new place; a kiosk may do without an address.

        Raises PlaceName, PersonInvalid, PlaceExists, PlaceAddress, GroupUnknown, SettingValue, MarkDirection.
        """
        name, target = _name(name), _target(name, target_fpir)
        way = direction_of(direction, name)
        sealed = _address(name, address, kind)
        with self._changing() as (transaction, now):
            there = places.named(transaction, name)
            if there is not None:
                raise PlaceExists(
                    name, f"there is a {'place' if there.active else 'retired place'} of this name already"
                )
            made = places.insert(
                transaction,
                None if sealed is None else self._gallery.sealer,
                name,
                kind,
                at=now,
                address=sealed,
                site=self._site(transaction, site, now, actor),
                group_id=group_number(transaction, group) if group else None,
                target_fpir=target,
                direction=way,
            )
            record(transaction, at=now, by=actor.name, action=PLACE_ADDED, subject=made.id, details={"kind": kind})
            return self._shown(transaction, made)

    @needs("places.change")
    def change(
        self,
        actor: "Actor",
        name: str,
        *,
        address: str | Keep | None = KEEP,
        site: str | Keep | None = KEEP,
        group: str | Keep | None = KEEP,
        target_fpir: Share | Keep | None = KEEP,
        direction: str | Keep | None = KEEP,
    ) -> ShownPlace:
        """Change the parts that are named; None or an empty text takes one away.

        What was looked at there counts for the site of now. Raises PlaceUnknown, MonthClosed, and as `add`.
        """
        with self._changing() as (transaction, now):
            found = known_place(transaction, name)
            columns: dict[str, Any] = {}
            if site is not KEEP:
                columns["site"] = self._site(transaction, site, now, actor)
            if group is not KEEP:
                columns["group_id"] = group_number(transaction, group) if group else None
            if target_fpir is not KEEP:
                columns["target_fpir"] = _target(found.name, target_fpir)
            if direction is not KEEP:
                columns["direction"] = direction_of(direction, found.name)
            moved = columns.get("site", found.site) != found.site
            with nullcontext() if self._settled is None or not moved else self._settled.kept(transaction):
                places.change(transaction, found.id, **columns)
            if address is not KEEP:
                self._seal(transaction, found, address)
            if columns or address is not KEEP:
                changed = {"changed": sorted([*columns, *(["address"] if address is not KEEP else [])])}
                record(transaction, at=now, by=actor.name, action=PLACE_CHANGED, subject=found.id, details=changed)
            groups.drop_empty(transaction)
            return self._shown(transaction, known_place(transaction, found.name))

    def _site(self, transaction: "Transaction", site: str | None, now: "datetime", actor: "Actor") -> str | None:
        """The site as it is kept; one that was not known yet is, from now on. Raises PersonInvalid."""
        if not site or not site.strip():
            return None
        name = clean(site, "site")
        if sites.add(transaction, name, at=now, by=actor.name):
            self._gallery.store.bump(transaction)
            changes.note(transaction, ())
            record(transaction, at=now, by=actor.name, action=SITE_ADDED, subject="site", details={"site": name})
        return name

    @needs("places.change")
    def retire(self, actor: "Actor", name: str) -> ShownPlace:
        """Put a place out of use: no check asks it, records go on naming it. Raises PlaceUnknown."""
        return self._set_active(actor, name, active=False)

    @needs("places.change")
    def restore(self, actor: "Actor", name: str) -> ShownPlace:
        """Put a place in use again. Raises PlaceUnknown."""
        return self._set_active(actor, name, active=True)

    @needs("places.change")
    def remove(self, actor: "Actor", name: str) -> "Place":
        """Delete a place that no record names. Raises PlaceUnknown, PlaceUsed."""
        with self._changing() as (transaction, now):
            found = self.removable(name)
            places.remove(transaction, found.id)
            groups.drop_empty(transaction)
            record(transaction, at=now, by=actor.name, action=PLACE_REMOVED, subject=found.id)
            return found

    @contextmanager
    def _changing(self) -> "Iterator[tuple[Transaction, datetime]]":
        """One step; an address that it takes away is overwritten in the file."""
        store = self._gallery.store
        with store.atomic() as transaction:
            yield transaction, self._clock.utc()
            store.bump(transaction)
            store.plan_erasure()
        store.finish_erasure()

    def _set_active(self, actor: "Actor", name: str, *, active: bool) -> ShownPlace:
        with self._changing() as (transaction, now):
            found = known_place(transaction, name)
            if found.active != active:
                places.set_active(transaction, found.id, active=active)
                action = PLACE_RESTORED if active else PLACE_RETIRED
                record(transaction, at=now, by=actor.name, action=action, subject=found.id)
            return self._shown(transaction, known_place(transaction, found.name))

    def _seal(self, transaction: "Transaction", place: "Place", address: str | None) -> None:
        sealed = _address(place.name, address, place.kind)
        places.set_address(transaction, None if sealed is None else self._gallery.sealer, place.id, sealed)

    def _opened(self, transaction: "Transaction", place: "Place") -> str | None:
        if not places.any_address(transaction):
            return None
        return places.open_address(transaction, self._gallery.sealer, place.id)

    def _shown(self, transaction: "Transaction", place: "Place") -> ShownPlace:
        try:
            address = self._opened(transaction, place)
        except TemplateAltered:
            return ShownPlace(place, ALTERED)
        return ShownPlace(place, None if address is None else hidden(address))

    def _address_of(self, transaction: "Transaction", place: "Place") -> str:
        if not place.active:
            raise PlaceRetired(place.name, "this place is out of use")
        try:
            address = self._opened(transaction, place)
        except TemplateAltered as error:
            raise PlaceAddress(place.name, "the sealed address was changed and does not open") from error
        if address is None:
            raise PlaceAddress(place.name, f"this {place.kind} has no address")
        return address


def _name(name: str) -> str:
    """The name as it is kept; one that is an address would be taken for it, and might show a password."""
    if is_address(name):
        raise PlaceName(hidden(name), "this is, or may be taken for, an address, and a place is to be told from one")
    return clean(name, "place")


def _address(name: str, address: str | None, kind: "PlaceKind") -> str | None:
    """What is sealed: the address in a form that is the same from whatever folder."""
    if not address:
        if kind == "camera":
            raise PlaceAddress(name, "a camera needs an address")
        return None
    try:
        return parse_address(address).value
    except (CameraAddress, CameraMissing) as error:
        raise PlaceAddress(name, f"{error.where}: {error.detail}") from error


def _target(name: str, share: Share | None) -> float | None:
    """The share as a number; "none" and an empty text are none. Raises SettingValue."""
    if share is None or (isinstance(share, str) and share.strip().lower() in {"", "none"}):
        return None
    return float(check("target_fpir", share, name) or 0)
