"""Is the gallery sound? Counts, defects, and the repair of those that need nobody's decision."""

from typing import TYPE_CHECKING

from attendance.access import needs

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.values import Defect, Stats


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
