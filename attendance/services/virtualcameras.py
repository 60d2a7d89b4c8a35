"""Places whose pictures come from a program that poses as a camera: noted in the log when it begins and when it ends.

The log is what is known of it: the newest entry of a place tells how it is. What follows is told by the setting
`virtual_cameras`: a look at each face that would be marked, or nothing, as where a telephone is the camera.
"""

from typing import TYPE_CHECKING, Any

from attendance.live.ruled import VIRTUAL_CAMERA
from gallery.repositories import events, places, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Place


def reasons_of(settings: "Settings", program: str | None) -> tuple[str, ...]:
    """The reasons against a camera that is this program, or none; where `liveness` is off nothing is asked."""
    looks = settings.virtual_cameras == "review" and settings.liveness != "off"
    return (VIRTUAL_CAMERA,) if program and looks else ()


def note_program(
    gallery: "Gallery",
    actor: "Actor",
    clock: "Clock",
    place: "Place",
    program: str | None,
    *,
    tablet: int | None = None,
) -> None:
    """Have the log tell that a place's pictures come from this program from now on, or from a camera again.

    ``tablet`` is the number of a kiosk's token: each has a camera of its own.
    """
    told = program or ""
    with gallery.store.reading() as transaction:
        if told == _of_place(transaction, place.id).get(tablet, ""):
            return
    with gallery.store.atomic() as transaction:
        details: Mapping[str, Any] = {"program": told, "token": tablet}
        action, at = events.CAMERA_PROGRAM, clock.utc()
        events.record(transaction, at=at, by=actor.name, action=action, subject=place.id, details=details)


def programs(transaction: "Transaction", now: "datetime") -> "list[tuple[Place, str]]":
    """The places in use whose pictures come from a program, with its name; not of tablets that were revoked."""
    found = [each for each in places.all_places(transaction) if each.active]
    holding = {each.id for each in tokens.all_tokens(transaction, "kiosk") if each.holds(now)}
    return [
        (each, program)
        for each in found
        for tablet, program in _of_place(transaction, each.id).items()
        if program and (tablet is None or tablet in holding)
    ]


def _of_place(transaction: "Transaction", place: int) -> dict[int | None, str]:
    """What the newest entry of a place names, by tablet; empty for a camera."""
    told = events.history(transaction, subject=place, action=events.CAMERA_PROGRAM)
    return {each.details.get("token"): str(each.details.get("program", "")) for each in told}
