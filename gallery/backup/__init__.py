"""A whole home as one sealed file, and a home from such a file."""

from gallery.backup.content import Saved
from gallery.backup.restoring import restore
from gallery.backup.saving import backup

__all__ = ["Saved", "backup", "restore"]
