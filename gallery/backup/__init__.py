"""A whole home as one sealed file, a home from such a file, and a home from another one."""

from gallery.backup.content import Saved
from gallery.backup.copying import Copied, copy
from gallery.backup.restoring import restore
from gallery.backup.saving import backup

__all__ = ["Copied", "Saved", "backup", "copy", "restore"]
