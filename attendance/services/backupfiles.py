"""Which files of a folder are backups that this home has written by itself, and which are to be left alone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gallery.backup.content import Tally
from gallery.backup.source import Source
from gallery.errors import GalleryError

if TYPE_CHECKING:
    from gallery.backup import Saved
    from gallery.ports import Cipher
    from gallery.repositories.backups import Backup

_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"attendance-\d{8}T\d{6}Z\.backup")


@dataclass(frozen=True, slots=True)
class Left:
    """A file that is not touched, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Own:
    """A backup that this home wrote by itself; ``record`` is its row, ``saved`` what it holds where it has none."""

    path: Path
    at: datetime
    record: "Backup | None"
    saved: "Saved | None" = None


def name_at(at: datetime) -> str:
    """What a backup of an instant is called."""
    return f"attendance-{at.astimezone(UTC).strftime(_STAMP)}.backup"


def looked_through(
    folder: Path, home_id: str, cipher: "Cipher", records: Iterable["Backup"]
) -> tuple[list[Own], list[Left]]:
    """The home's own backups in a folder, and the others there. Raises OSError where it cannot be listed."""
    known = {Path(each.path).name: each for each in records if each.scheduled}
    own, left = list[Own](), list[Left]()
    for path in sorted(folder.glob("*.backup")):
        if path.name.startswith("."):
            continue
        found = _examined(path, home_id, cipher, known)
        if isinstance(found, Own):
            own.append(found)
        else:
            left.append(Left(path, found))
    return own, left


def _examined(path: Path, home_id: str, cipher: "Cipher", known: Mapping[str, "Backup"]) -> Own | str:
    """One of the home's own, or why it is not."""
    if path.is_symlink() or not path.is_file():
        return "it is no ordinary file"
    try:
        source = Source(path)
        size = path.stat().st_size
    except (GalleryError, OSError) as error:
        return getattr(error, "detail", None) or str(error)
    head = source.head
    if head.home_id != home_id:
        return f"it is of home {head.home_id}"
    if not _NAME.fullmatch(path.name) or path.name != name_at(head.created):
        return "it was renamed, or written by hand"
    record = known.get(path.name)
    if record is not None and record.at == head.created:
        told = f"it has {size} bytes, {record.bytes} were written"
        return Own(path, head.created, record) if size == record.bytes else told
    return _proved(source, path, cipher)


def _proved(source: Source, path: Path, cipher: "Cipher") -> Own | str:
    """One that the home has no row of, as it was itself restored since: it must prove to be sealed with its key."""
    head, tally = source.head, Tally()
    if not head.is_of(cipher):
        return "this home knows nothing of it, and its key does not open it"
    try:
        for _ in tally.over(source.lines(head.sealing_key(cipher))):
            pass
    except GalleryError as error:
        return str(error)
    return Own(path, head.created, None, tally.saved(head))
