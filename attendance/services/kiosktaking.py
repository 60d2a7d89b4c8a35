"""Entries of kiosks: each is taken once, in the order of their numbers, and answered alike whenever it comes again."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from attendance.records import instant
from attendance.service_errors import CredentialInvalid, KioskFrame, LimitReached
from attendance.services.kioskentries import Entry, KioskKeys, Posted, entry_of, moment_of, refuse_forged
from attendance.services.kioskmarks import Kiosk, Result, Shown
from attendance.services.sealed import secret_of
from gallery.repositories import answers, tokens
from refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.clock import Clock
    from attendance.services.credentials import HeldCredential
    from attendance.services.kioskmarks import KioskMarks
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import PersonInfo

MOST_ENTRIES: Final = 500
"""In one message; a kiosk sends the rest with the next."""
_REFUSED: Final = 1
"""The exit code of what is refused; a higher one says that the home cannot be used, and the entry is to come again."""


class Taking:
    """Takes entries in, by the marks of kiosks."""

    def __init__(self, gallery: "Gallery", marks: "KioskMarks", clock: "Clock") -> None:
        self._gallery, self._marks, self._clock = gallery, marks, clock

    @property
    def keys(self) -> KioskKeys:
        """The keys of this home for its kiosks."""
        return KioskKeys(secret_of(self._gallery, "kiosk"))

    def take(self, kiosk: Kiosk, posted: "Sequence[Posted]", *, page: str, seconds: float) -> list[dict[str, Any]]:
        """The answers to entries, in their order; after one that must ``wait`` none is looked at.

        ``page`` sends them, whose monotonic clock has counted ``seconds``.
        """
        found: list[dict[str, Any]] = []
        with self._gallery.store.reading() as transaction:
            token = tokens.numbered(transaction, kiosk.token.id) or kiosk.token
        for each in posted[:MOST_ENTRIES]:
            found.append(self._answer(replace(kiosk, token=token), each, page, seconds))
            if found[-1]["state"] == "wait":
                break
        return found

    def _answer(self, kiosk: Kiosk, posted: Posted, page: str, seconds: float) -> dict[str, Any]:
        """What an entry is answered; one that no kiosk would send is refused without a number."""
        try:
            refuse_forged(posted, kiosk.token.public_key)
            entry = entry_of(posted.body)
        except Refusal as error:
            return {"counter": None, "id": error.id, **Result("refused", "", detail=error.detail).to_dict()}
        told = {"counter": entry.counter}
        try:
            return told | (self._before(kiosk, posted, entry) or self._taken(kiosk, posted, entry, page, seconds))
        except LimitReached as error:
            waits = {"retry_after_s": error.retry_after_s}
            return told | Result("wait", entry.kind, detail=error.detail).to_dict() | waits
        except KioskFrame as error:
            return told | {"id": error.id} | Result("refused", entry.kind, detail=error.detail).to_dict()

    def _before(self, kiosk: Kiosk, posted: Posted, entry: Entry) -> dict[str, Any] | None:
        """What this entry was answered before. Raises KioskFrame where another one had its number."""
        with self._gallery.store.reading() as transaction:
            kept = answers.found(transaction, self._gallery.sealer, kiosk.token.id, _key(entry))
        if kept is None:
            return None
        if kept.request != _digest(posted):
            raise KioskFrame(f"entry {entry.counter}", "another entry had this number")
        found: dict[str, Any] = json.loads(kept.body)
        return {**found, "undo_s": self._marks.undo_left(kiosk.token, found["mark"])}

    def _taken(self, kiosk: Kiosk, posted: Posted, entry: Entry, page: str, seconds: float) -> dict[str, Any]:
        """Take an entry that is new: its number, its mark and its answer in one step."""
        shown = self._shown(kiosk, entry, page, seconds)
        result, held = Result("refused", entry.kind, late=shown.moment.late), None
        try:
            held = self._marks.held(kiosk, shown)
        except CredentialInvalid as error:
            result = replace(result, detail=error.detail)
        with self._gallery.store.atomic() as transaction:
            if not tokens.advance(transaction, kiosk.token.id, entry.counter):
                raise KioskFrame(f"entry {entry.counter}", "it, or a later one, was taken before")
            if held is not None:
                result = self._marked(transaction, kiosk, held, shown)
            self._keep(transaction, kiosk, posted, entry, None if held is None else held.person, result)
        return result.to_dict()

    def _shown(self, kiosk: Kiosk, entry: Entry, page: str, seconds: float) -> Shown:
        """What an entry says, opened, and of when it is. Raises KioskFrame."""
        keys = self.keys
        ticketed = keys.ticketed(kiosk.token.id, entry.ticket)
        moment = moment_of(entry, page, seconds, ticketed, self._clock.utc())
        claim = {"late_sync": True, "claimed_at": instant(entry.claimed)} if moment.late else {}
        return Shown(entry.kind, keys.opened(entry), moment, claim)

    def _marked(self, transaction: "Transaction", kiosk: Kiosk, held: "HeldCredential", shown: Shown) -> Result:
        """Mark; what stands against it is told, as nobody at the kiosk can do anything about it."""
        try:
            return self._marks.mark(transaction, kiosk, held, shown)
        except Refusal as error:
            if error.exit_code > _REFUSED:
                raise
            return Result("refused", shown.kind, detail=error.detail, late=shown.moment.late)

    def _keep(
        self,
        transaction: "Transaction",
        kiosk: Kiosk,
        posted: Posted,
        entry: Entry,
        who: "PersonInfo | None",
        result: Result,
    ) -> None:
        answers.keep(
            transaction,
            self._gallery.sealer,
            kiosk.token.id,
            _key(entry),
            request=_digest(posted),
            status=200,
            body=json.dumps(result.to_dict()).encode(),
            person=None if who is None else who.id,
            at=self._clock.utc(),
        )


def _key(entry: Entry) -> str:
    return f"kiosk entry {entry.counter}"


def _digest(posted: Posted) -> str:
    return sha256(posted.body.encode()).hexdigest()
