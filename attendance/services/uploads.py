"""Files that somebody has sent and has not decided about yet: kept in private for an hour, for them alone."""

import hashlib
import re
import secrets
import shutil
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from attendance.access import needs
from attendance.errors import OutputFailed
from attendance.service_errors import RequestInvalid
from attendance.services.jobs import FOLDER
from gallery.files import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attendance.access import Actor
    from attendance.clock import Clock

KEPT: Final = timedelta(hours=1)
MOST: Final = 20
"""How many somebody has at a time; the oldest go."""
_LONGEST: Final = 100
_KEY: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ODD: Final = frozenset('<>:"/\\|?*')


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, and the key by which it is found again."""

    key: str
    path: Path


class Uploads:
    """What was sent to a home."""

    def __init__(self, home: Path, clock: "Clock") -> None:
        self._folder, self._clock = home / FOLDER / "uploads", clock

    @needs("uploads.keep")
    def keep(self, actor: "Actor", name: str, file: IO[bytes]) -> Upload:
        """Keep a file under the name that it was sent by, as far as that can be one. Raises OutputFailed."""
        self._forget(actor)
        key = secrets.token_hex(16)
        folder = self._folder / f"{self._clock.utc():%Y%m%dT%H%M%S}-{_owner(actor)}-{key}"
        target = folder / file_name(name)
        try:
            for each in (self._folder.parent, self._folder):  # parents made along the way would be open to others
                each.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700)
            with target.open("xb") as kept:
                target.chmod(PRIVATE)
                shutil.copyfileobj(file, kept)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise OutputFailed(target.name, error.strerror or str(error)) from error
        return Upload(key, target)

    @needs("uploads.keep")
    def find(self, actor: "Actor", key: str) -> Upload:
        """The file that this actor has sent under this key. Raises RequestInvalid where it is not there any more."""
        self._forget(actor)
        for folder in self._of(actor):
            if _KEY.fullmatch(key) and folder.name.endswith(f"-{key}"):
                return Upload(key, next(folder.iterdir()))
        raise RequestInvalid("file", "it was sent too long ago, or was used already: send it again")

    @needs("uploads.keep")
    def drop(self, actor: "Actor", key: str) -> None:
        """Delete a file that is not needed any more."""
        for folder in self._of(actor):
            if _KEY.fullmatch(key) and folder.name.endswith(f"-{key}"):
                shutil.rmtree(folder, ignore_errors=True)

    def _of(self, actor: "Actor") -> "Iterator[Path]":
        yield from sorted(self._folder.glob(f"*-{_owner(actor)}-*"), reverse=True)

    def forget(self) -> None:
        """Delete what was sent too long ago."""
        since = f"{self._clock.utc() - KEPT:%Y%m%dT%H%M%S}"
        for folder in self._folder.glob("*-*-*"):
            if folder.name < since:
                shutil.rmtree(folder, ignore_errors=True)

    def _forget(self, actor: "Actor") -> None:
        """Delete what is too old, and of this actor what is too many."""
        self.forget()
        for folder in list(self._of(actor))[MOST:]:
            shutil.rmtree(folder, ignore_errors=True)


def file_name(name: str) -> str:
    """A name that every system can give a file: without folders, control characters, and what shells take for more."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(each for each in last if each not in _ODD and unicodedata.category(each)[0] != "C")
    stem, dot, suffix = kept.strip(" .").rpartition(".")
    short = f"{stem[: _LONGEST - len(suffix)]}{dot}{suffix[:10]}" if dot else suffix[:_LONGEST]
    return short.strip(" .") or "file"


def _owner(actor: "Actor") -> str:
    return hashlib.sha256(actor.name.encode()).hexdigest()[:16]
