"""People as a file: taken out of one home, taken in by another."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Exported, Gallery, Imported


class Archives:
    """Writes and reads archives of people and groups, and with a passphrase of their templates."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery = gallery
        self._clock = clock

    def export(self, target: "Path", *, passphrase: str | None = None) -> "Exported":
        """Write people and groups to a new file; with a passphrase the templates too, sealed by it.

        Raises NotEmpty where the file is there, GalleryReadOnly, GalleryFull, TemplateAltered.
        """
        return self._gallery.export(target, at=self._clock.utc(), passphrase=passphrase)

    def take_in(self, actor: "Actor", source: "Path", *, passphrase: str | None = None) -> "Imported":
        """Take in the people of an archive, all or none; what is here already stays as it is. Raises ImportInvalid."""
        return self._gallery.import_(source, at=self._clock.utc(), by=actor.name, passphrase=passphrase)
