"""Folders as people keep them: which files in them are theirs, and which were put there by a system."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Exact names, in lower case, of what systems put among people's files; hidden names are passed over anyway.
SYSTEM_NAMES: Final = frozenset(
    # Synology and QNAP: thumbnails, recycle bins, snapshots, temporary folders.
    {"@eadir", "#recycle", "#snapshot", "@tmp", "@sharebin", "@recycle", "@recently-snapshot", "@__thumb", "@transcode"}
    | {"$recycle.bin", "recycler", "recycled", "system volume information", "found.000", "msocache"}
    | {"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "autorun.inf"}
    | {"__macosx", "icon\r", "network trash folder", "temporary items", "thevolumesettingsfolder"}
    | {"lost+found", "~snapshot", "picasa.ini", "zbthumbnail.info"}
)
# Synology keeps what a Mac writes beside a file under the file's own name and one of these ends.
SYSTEM_ENDS: Final = ("@synoeastream", "@synoresource")
# Office programs lock a document with a file of its name behind this.
SYSTEM_START: Final = "~$"


@dataclass(frozen=True, slots=True)
class Walk:
    """What a folder holds: `files` sorted by path, and the folders below that could not be opened, with the reason."""

    files: tuple[Path, ...]
    unreadable: tuple[tuple[Path, str], ...] = ()


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is hidden or was made by a system, and is nobody's photo."""
    low = name.lower()
    return low.startswith((".", SYSTEM_START)) or low in SYSTEM_NAMES or low.endswith(SYSTEM_ENDS)


def walk(root: Path) -> Walk:
    """List all files in `root` and below, litter left out; links to folders are not followed.

    Raises OSError when `root` itself cannot be opened.
    """
    os.scandir(root).close()
    found: list[Path] = []
    closed: list[tuple[Path, str]] = []

    def note(problem: OSError) -> None:
        closed.append((Path(problem.filename), (problem.strerror or "cannot be read").lower()))

    for base, folders, files in os.walk(root, onerror=note):
        folders[:] = [name for name in folders if not is_litter(name)]
        found += [Path(base, name) for name in files if not is_litter(name)]
    return Walk(tuple(sorted(found)), tuple(sorted(closed)))
