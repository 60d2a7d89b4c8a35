"""How long faces are kept that nobody has looked at: after that they go, without a trace in the file."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from gallery.errors import GalleryLocked
from gallery.repositories import holds, sightings
from gallery.repositories.events import SIGHTING_PURGED, record

if TYPE_CHECKING:
    from collections.abc import Collection

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery.ports import Database, Transaction


UNDO: Final = timedelta(minutes=15)
"""How long a face stays after somebody has said what it is, so that they can take it back."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The rule by which kept faces of sightings go: `keep_review_days`, `keep_unknown_days`."""

    store: "Database"
    clock: "Clock"
    settings: "Settings"

    def keeps(self, ruling: str) -> bool:
        """Whether the face of a sighting of this ruling is kept at all."""
        days = {"review": self.settings.keep_review_days, "unknown": self.settings.keep_unknown_days}
        return days.get(ruling, 0) > 0

    def purge(self, actor: "Actor", at: datetime | None = None, *, settled: "Collection[int]" = ()) -> int:
        """Delete the faces of sightings that are not to be kept any more at that instant (now); how many went.

        Those that are ``settled`` for good (numbers) go at once, others `UNDO` after somebody has said what they are.
        What is deleted is overwritten. While another program is writing, it is left for the next time.
        """
        now = at or self.clock.utc()
        with self.store.reading() as transaction:
            if not sightings.any_crop(transaction):
                return 0
        with suppress(GalleryLocked):
            return self._purged(actor, now, settled)
        return 0

    def _purged(self, actor: "Actor", now: datetime, settled: "Collection[int]") -> int:
        with self.store.atomic() as transaction:
            count = self.due(transaction, now, settled)
            if count:
                details = {"faces": count}
                record(transaction, at=now, by=actor.name, action=SIGHTING_PURGED, subject="gallery", details=details)
                self.store.plan_erasure()
        self.store.finish_erasure()
        return count

    def due(self, transaction: "Transaction", now: datetime, settled: "Collection[int]" = ()) -> int:
        """Delete, within a step, what `purge` does, without a word in the log; how many faces went.

        What a hold keeps stays.
        """
        held = holds.held(transaction)
        if held.home:
            return 0
        days = {"review_days": self.settings.keep_review_days, "unknown_days": self.settings.keep_unknown_days}
        return sightings.purge_crops(transaction, now, **days, settled=UNDO, now=settled, held=held.people)
