"""Is the gallery sound? Counts, defects, and the repair of those that need nobody's decision."""

from typing import TYPE_CHECKING, Final

from attendance.access import needs
from gallery.repositories import vectors
from gallery.repositories.events import record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.values import Defect, Stats


VECTORS_DROPPED: Final = "vectors.drop"


class Upkeep:
    """Looks after the gallery of a home."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery = gallery
        self._clock = clock

    def stats(self) -> "Stats":
        """How much there is of everything."""
        return self._gallery.stats()

    def verify(self) -> "list[Defect]":
        """Open every template and compare all tables; each defect comes with the command that repairs it."""
        return self._gallery.verify()

    @needs("upkeep.run")
    def repair(self, actor: "Actor") -> "list[Defect]":
        """Mend what can be mended without a decision, and look again; marks are never invented."""
        return self._gallery.repair(at=self._clock.utc(), by=actor.name)

    def vectors(self) -> int | None:
        """How many vectors lie on the server unsealed; None where there is no such table."""
        with self._gallery.store.reading() as session:
            return vectors.count(session) if vectors.is_there(session) else None

    @needs("upkeep.run")
    def drop_vectors(self, actor: "Actor") -> int:
        """Delete all vectors that lie on the server unsealed; how many there were. The sealed templates stay."""
        with self._gallery.store.atomic() as session:
            count = vectors.count(session) if vectors.is_there(session) else 0
            vectors.drop(session)
            details = {"vectors": count}
            record(
                session, at=self._clock.utc(), by=actor.name, action=VECTORS_DROPPED, subject="gallery", details=details
            )
            self._gallery.store.plan_erasure()
        self._gallery.store.finish_erasure()
        return count
