"""Other systems that are told of news, by webhook or MQTT: entered, changed, tried, and how it goes with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.outward.address import parse_target
from attendance.outward.guard import resolved
from attendance.outward.signing import new_secret, told_secret
from attendance.records import instant
from attendance.service_errors import ReceiverAddress, ReceiverExists, ReceiverKind, ReceiverUnknown
from attendance.services.known import folded
from gallery.errors import Conflict, TemplateAltered
from gallery.near import close_names, did_you_mean
from gallery.repositories import deliveries, news, receivers
from gallery.repositories.events import RECEIVER_ADDED, RECEIVER_CHANGED, RECEIVER_REMOVED, record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.outward.address import Target
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.servicevalues import Delivery, Receiver

ALTERED: Final = "does not open"
"""What is shown for a sealed address that somebody has changed."""
USUAL: Final = (news.MARK_MADE, news.MARK_VOIDED, news.MARK_RESTORED, news.REVIEW_WAITING, news.FACE_UNKNOWN)
"""The kinds of news that a receiver gets where nobody chooses."""


@dataclass(frozen=True, slots=True)
class ShownReceiver:
    """A receiver, its address without password and query, and how many news are still on their way to it."""

    receiver: "Receiver"
    address: str
    waiting: int = 0

    def to_dict(self) -> dict[str, Any]:
        """One line of ``receiver list --json``."""
        told = self.receiver
        return {
            "name": told.name,
            "kind": told.kind,
            "address": self.address,
            "news": list(told.kinds),
            "allow_private": told.allow_private,
            "active": told.active,
            "reason": told.reason,
            "waiting": self.waiting,
            "created": instant(told.created),
            "by": told.by,
        }


@dataclass(frozen=True, slots=True)
class MadeReceiver:
    """A new receiver; ``secret`` is what a webhook's signatures are checked with, shown this once."""

    shown: ShownReceiver
    secret: str | None


class Receivers:
    """The receivers of a home. Methods that name one raise ReceiverUnknown."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery, self._clock = gallery, clock

    @property
    def usual(self) -> Sequence[str]:
        """The kinds of news that are usual."""
        return USUAL

    @property
    def kinds(self) -> Sequence[str]:
        """Every kind of news there is."""
        return news.KINDS

    def all(self) -> list[ShownReceiver]:
        """By name, those out of use, too."""
        with self._gallery.store.reading() as transaction:
            found, waiting = receivers.all_receivers(transaction), deliveries.waiting(transaction)
            return [self._shown(transaction, each, waiting.get(each.id, 0)) for each in found]

    def find(self, name: str) -> ShownReceiver:
        """The receiver of this name."""
        with self._gallery.store.reading() as transaction:
            found = self._named(transaction, name)
            return self._shown(transaction, found, deliveries.waiting(transaction).get(found.id, 0))

    def numbered(self, number: int) -> ShownReceiver:
        """The receiver of this number."""
        with self._gallery.store.reading() as transaction:
            found = receivers.numbered(transaction, number)
            if found is None:
                raise ReceiverUnknown(str(number), "there is no receiver of this number")
            return self._shown(transaction, found, deliveries.waiting(transaction).get(found.id, 0))

    def delivered(self, name: str, *, limit: int = 50) -> "list[Delivery]":
        """The latest news for a webhook, the newest first: what was sent, and what is on its way."""
        with self._gallery.store.reading() as transaction:
            return deliveries.of_receiver(transaction, self._named(transaction, name).id, limit=limit)

    @needs("receivers.manage")
    def add(
        self,
        actor: "Actor",
        name: str,
        address: str,
        *,
        kinds: Collection[str] = USUAL,
        allow_private: bool = False,
    ) -> MadeReceiver:
        """Enter a receiver; what it is, its address tells. Nothing is sent yet.

        Raises ReceiverAddress also where its host is in a private network and ``allow_private`` is not given, or
        where http would carry news through the open network; ReceiverExists, ReceiverKind.
        """
        wanted = _kinds(kinds)
        target = _allowed(address, allow_private=allow_private)
        secret = new_secret() if target.kind == "webhook" else None
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            try:
                made = receivers.insert(
                    transaction,
                    self._gallery.sealer,
                    name,
                    "webhook" if target.kind == "webhook" else "mqtt",
                    address=address.strip(),
                    secret=secret,
                    kinds=wanted,
                    allow_private=allow_private,
                    at=now,
                    by=actor.name,
                )
            except Conflict as error:
                raise ReceiverExists(name, "there is a receiver of this name already") from error
            record(transaction, at=now, by=actor.name, action=RECEIVER_ADDED, subject=made.id)
            shown = ShownReceiver(made, target.shown)
        return MadeReceiver(shown, None if secret is None else told_secret(secret))

    @needs("receivers.manage")
    def change(
        self,
        actor: "Actor",
        name: str,
        *,
        address: str | None = None,
        kinds: Collection[str] | None = None,
        allow_private: bool | None = None,
        active: bool | None = None,
    ) -> ShownReceiver:
        """Change what is given. Putting one in use again clears why it was not. Raises as `add`."""
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            before = self._named(transaction, name)
            private = before.allow_private if allow_private is None else allow_private
            if address is not None:
                _same_kind(before, _allowed(address, allow_private=private))
            changed = receivers.change(
                transaction,
                self._gallery.sealer,
                before.id,
                address=None if address is None else address.strip(),
                kinds=None if kinds is None else _kinds(kinds),
                allow_private=allow_private,
                active=active,
                reason="" if active else f"paused by {actor.name}" if active is False else None,
            )
            details = {"active": changed.active}
            record(transaction, at=now, by=actor.name, action=RECEIVER_CHANGED, subject=before.id, details=details)
            return self._shown(transaction, changed, deliveries.waiting(transaction).get(before.id, 0))

    @needs("receivers.manage")
    def remove(self, actor: "Actor", name: str) -> ShownReceiver:
        """Forget a receiver, and what was still on its way to it."""
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            found = self._named(transaction, name)
            shown = self._shown(transaction, found, deliveries.waiting(transaction).get(found.id, 0))
            receivers.remove(transaction, found.id)
            record(transaction, at=now, by=actor.name, action=RECEIVER_REMOVED, subject=found.id)
        return shown

    def target(self, receiver: "Receiver") -> "Target":
        """Where a receiver is reached. Raises TemplateAltered, ReceiverAddress."""
        with self._gallery.store.reading() as transaction:
            return parse_target(receivers.address(transaction, self._gallery.sealer, receiver.id))

    def _named(self, transaction: "Transaction", name: str) -> "Receiver":
        found = receivers.named(transaction, folded(name))
        if found is None:
            there = [each.name for each in receivers.all_receivers(transaction)]
            told = did_you_mean(close_names(name, there))
            raise ReceiverUnknown(name, f"there is no receiver of this name{told}")
        return found

    def _shown(self, transaction: "Transaction", receiver: "Receiver", waiting: int) -> ShownReceiver:
        try:
            address = parse_target(receivers.address(transaction, self._gallery.sealer, receiver.id)).shown
        except (TemplateAltered, ReceiverAddress):
            address = ALTERED
        return ShownReceiver(receiver, address, waiting)


def _allowed(address: str, *, allow_private: bool) -> "Target":
    target = parse_target(address)
    if not target.secure and not allow_private:
        told = "without TLS anybody on the way reads it; only inside a private network that is allowed"
        raise ReceiverAddress(target.shown, told)
    resolved(target.host, target.port, allow_private=allow_private, shown=target.shown)
    return target


def _same_kind(before: "Receiver", target: "Target") -> None:
    if target.kind != before.kind:
        raise ReceiverAddress(target.shown, f"this receiver is of the kind {before.kind}: add another one")


def _kinds(kinds: Collection[str]) -> tuple[str, ...]:
    for each in kinds:
        if each not in news.KINDS:
            told = did_you_mean(close_names(each, news.KINDS)) or f": there are {', '.join(news.KINDS)}"
            raise ReceiverKind(each, f"there are no such news{told}")
    if not kinds:
        raise ReceiverKind("news", "a receiver gets one kind at least")
    return tuple(sorted(set(kinds)))
