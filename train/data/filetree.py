"""A folder or a zip as one thing: names with slashes, bytes, and stamps that tell whether a file has changed."""

import zipfile
import zlib
from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath

from enroll.folders import is_litter
from train.errors import DataMissing, ManifestInvalid

ABSENT = "absent"


class FileTree:
    """Read-only view of a folder or a zip archive; safe to open anew in another process.

    Raises DataMissing where there is neither, ManifestInvalid for an archive that cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir() and not (path.is_file() and zipfile.is_zipfile(path)):
            raise DataMissing(str(path), "neither a folder nor a zip archive")
        self.path = path

    def names(self, suffixes: Collection[str]) -> list[str]:
        """Files that end in one of `suffixes` (lower case, with dot), sorted; hidden ones are left out."""
        found: Iterable[str]
        if self._archive is None:
            found = (p.relative_to(self.path).as_posix() for p in self.path.rglob("*") if p.is_file())
        else:
            found = {member.filename for member in self._archive.infolist() if not member.is_dir()}
        return sorted(name for name in found if PurePosixPath(name).suffix.lower() in suffixes and not _hidden(name))

    def read(self, name: str) -> bytes:
        """The bytes of one file; raises ManifestInvalid with the reason where they cannot be had."""
        try:
            if self._archive is not None:
                return self._archive.read(name)
            return self.inside(name).read_bytes()
        except KeyError as error:
            raise ManifestInvalid(f"{self.path}:{name}", "not in the archive") from error
        except (zipfile.BadZipFile, zlib.error) as error:
            raise ManifestInvalid(f"{self.path}:{name}", "damaged in the archive") from error
        except (OSError, NotImplementedError, RuntimeError, ValueError, EOFError) as error:  # encrypted, odd methods
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ManifestInvalid(f"{self.path}:{name}", (reason or "cannot be read").lower()) from error

    def stamp(self, name: str) -> str:
        """Changes when the file does: size and CRC inside an archive, size and time of change in a folder."""
        try:
            if self._archive is not None:
                member = self._archive.getinfo(name)
                return f"{member.file_size}-{member.CRC:08x}"
            status = self.inside(name).stat()
        except (KeyError, OSError, ManifestInvalid):
            return ABSENT
        return f"{status.st_size}-{status.st_mtime_ns}"

    def size(self, name: str) -> int:
        """The bytes of one file, 0 where it is absent."""
        try:
            return self._archive.getinfo(name).file_size if self._archive else self.inside(name).stat().st_size
        except (KeyError, OSError, ManifestInvalid):
            return 0

    @cached_property
    def _archive(self) -> zipfile.ZipFile | None:
        if self.path.is_dir():
            return None
        try:
            return _opened(self.path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise ManifestInvalid(str(self.path), f"the archive cannot be opened: {error}") from error

    def inside(self, name: str) -> Path:
        """The path of a name in a folder; raises ManifestInvalid where it leads out of it."""
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ManifestInvalid(f"{self.path}:{name}", "leads out of the folder")
        return self.path / name


def _opened(path: Path) -> zipfile.ZipFile:
    """Names as UTF-8 where they can be: a Mac writes them so and does not say it; else as the format has it."""
    try:
        return zipfile.ZipFile(path, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)


def _hidden(name: str) -> bool:
    """Hidden, put there by a system, or (a part `..`, an absolute path, a backslash) on its way out of the tree."""
    parts = PurePosixPath(name).parts
    return name.startswith("/") or "\\" in name or any(map(is_litter, parts))
