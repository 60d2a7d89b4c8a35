"""Who was refused what they may not do: noted at most once an hour for each of them and each way in."""

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gallery.errors import GalleryUnusable
from gallery.repositories.events import ACCESS_REFUSED, record, told_since

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.clock import Clock
    from gallery.ports import Database

AGAIN: Final = timedelta(hours=1)


class Refusals:
    """Notes in the log what was refused; a full disk, or a home that is read alone, keeps the answer from nobody."""

    def __init__(self, store: "Database", clock: "Clock") -> None:
        self._store, self._clock = store, clock

    def note(self, who: "Visitor", route: str, method: str) -> None:
        """They asked for this route, a path as the program has it, without what stands in it."""
        now, by = self._clock.utc(), who.actor.name
        subject = str(who.account.id) if who.account else f"token {who.token.id if who.token else 0}"
        details = {"route": route, "method": method}
        with suppress(GalleryUnusable), self._store.atomic() as transaction:
            told = told_since(transaction, now - AGAIN, action=ACCESS_REFUSED, subject=subject, by=by)
            if details not in [each.details for each in told]:
                record(transaction, at=now, by=by, action=ACCESS_REFUSED, subject=subject, details=details)
