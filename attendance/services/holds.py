"""Holds: what must be kept for the time being, of one person or of the whole home, whatever a rule or somebody wants.

Withdrawing consent takes templates and faces all the same; whoever does it is told of the hold.
"""

from typing import TYPE_CHECKING, Any

from attendance.access.rights import needs
from attendance.privacy_errors import HoldActive, HoldUnknown
from attendance.records import instant
from gallery.names import clean
from gallery.repositories import holds as rows
from gallery.repositories.events import record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.repositories.holds import Hold

HOLD_ADDED, HOLD_LIFTED = "hold.add", "hold.lift"


class Holds:
    """Begins holds, lifts and lists them; each is recorded."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery, self._clock = gallery, clock

    def all(self, *, lifted: bool = False) -> "list[Hold]":
        """Those that hold now, or all that ever did."""
        with self._gallery.store.reading() as transaction:
            return rows.all_holds(transaction, lifted=lifted)

    def on(self, person: int) -> "list[Hold]":
        """Those that keep what is of a person (internal id)."""
        with self._gallery.store.reading() as transaction:
            return rows.on(transaction, person)

    def told(self, hold: "Hold") -> dict[str, Any]:
        """One line of ``hold list --json``."""
        return {
            "hold": hold.id,
            "of": self.called(hold),
            "reason": hold.reason,
            "begun": instant(hold.begun),
            "by": hold.by,
            "lifted": None if hold.lifted is None else instant(hold.lifted),
            "lifted_by": hold.lifted_by,
        }

    def called(self, hold: "Hold") -> str:
        """Whom it is of, in words."""
        if hold.person is None:
            return "the whole home"
        found = self._gallery.find(hold.person)
        return f"{found.name} ({found.external_id})"

    @needs("holds.manage")
    def add(self, actor: "Actor", person: str | int | None, *, reason: str) -> "Hold":
        """Keep all that is of a person, or with None all of the home. Raises PersonUnknown, PersonInvalid."""
        why, now = clean(reason, "reason"), self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            whose = None if person is None else self._gallery.find(person).id
            made = rows.add(transaction, whose, why, at=now, by=actor.name)
            details = {"all": True} if whose is None else {"person": whose}
            record(transaction, at=now, by=actor.name, action=HOLD_ADDED, subject=made.id, details=details)
            return made

    @needs("holds.manage")
    def lift(self, actor: "Actor", number: int) -> "Hold":
        """End a hold. Raises HoldUnknown."""
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            found = rows.numbered(transaction, number)
            if found is None or not found.active:
                why = "there is none of this number" if found is None else "it was lifted before"
                raise HoldUnknown(str(number), why)
            details = {} if found.person is None else {"person": found.person}
            record(transaction, at=now, by=actor.name, action=HOLD_LIFTED, subject=number, details=details)
            return rows.lift(transaction, number, at=now, by=actor.name)


def refuse_held(transaction: "Transaction", person: int) -> None:
    """Raise HoldActive where what is of a person (internal id) must be kept."""
    found = rows.on(transaction, person)
    if found:
        first = found[0]
        told = f"hold {first.id} keeps this since {instant(first.begun)}, by {first.by}: {first.reason}"
        raise HoldActive(str(first.id), told)
