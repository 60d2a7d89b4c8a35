"""Answers kept under an Idempotency-Key: a request that comes twice is done once, and is answered alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from attendance.service_errors import KeyReused
from gallery.repositories import answers

if TYPE_CHECKING:
    from attendance.clock import Clock
    from gallery import Gallery

KEPT: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Told:
    """What a program is answered: an HTTP status and the body; ``person`` is the gallery's number of whom it tells."""

    status: int
    body: bytes
    person: int | None = None
    again: bool = False
    """Whether it was told before."""


class Answers:
    """The answers of a home, each sealed and kept for 24 hours; it goes when the person goes of whom it tells."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery, self._clock = gallery, clock

    def once(self, token: int, key: str, request: str, work: Callable[[], Told]) -> Told:
        """What was answered to this token under this key, else what ``work`` answers now.

        Work and answer are one step: both are on the disk when this returns, or neither is. ``request`` is the
        SHA-256 of what is asked. A refusal is not kept, as nothing was done. Raises KeyReused where the key came with
        another request, and whatever ``work`` raises.
        """
        store, now = self._gallery.store, self._clock.utc()
        with store.atomic() as transaction:
            answers.purge(transaction, now - KEPT)
            there = answers.found(transaction, self._gallery.sealer, token, key)
            if there is not None:
                if there.request != request:
                    raise KeyReused("Idempotency-Key", "this key came before, with another request")
                return Told(there.status, there.body, again=True)
            told = work()
            answers.keep(
                transaction,
                self._gallery.sealer,
                token,
                key,
                request=request,
                status=told.status,
                body=told.body,
                person=told.person,
                at=now,
            )
            return told
