"""The files of a zip, read into memory within limits: nothing is unpacked to the disk, and no promise is believed."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attendance.errors import ImportFile
from attendance.paths import shown_path
from attendance.roster.school import Remark
from refusal.zips import BROKEN_ZIP

MOST_ENTRIES: Final = 1_000
MOST_BYTES: Final = 50_000_000
"""Of one file, as for lists of photos."""
MOST_BYTES_TOGETHER: Final = 200_000_000
_ENCRYPTED: Final = 0x1


@dataclass(frozen=True, slots=True)
class Bundle:
    """The CSV files of a zip by their names in lower case, without the one folder they may lie in.

    ``read`` opens one of them; raises ImportFile where it is damaged or too large.
    """

    where: str
    files: dict[str, bytes]
    remarks: tuple[Remark, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.files

    def read(self, name: str) -> bytes:
        """The bytes of a file; raises ImportFile where there is none of this name."""
        found = self.files.get(name.lower())
        if found is None:
            there = ", ".join(sorted(self.files)) or "no CSV file"
            raise ImportFile(self.where, f"{name} is missing; there is {there}")
        return found


def open_bundle(path: Path, wanted: Callable[[str], bool]) -> Bundle:
    """Read those files of a zip that are ``wanted`` by their name in lower case.

    Raises ImportFile for what is no zip, is damaged, encrypted or too large, names files outside of itself, has the
    same file twice, or has its files in several folders.
    """
    where = shown_path(path)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ImportFile(where, "this is no file that stays, such as a zip has to be")
        with zipfile.ZipFile(path) as archive:
            return _bundle(archive, where, wanted)
    except FileNotFoundError:
        raise ImportFile(where, "there is no such file") from None
    except IsADirectoryError:
        raise ImportFile(where, "this is a folder; pack its files into a zip") from None
    except PermissionError:
        raise ImportFile(where, "this file may not be read") from None
    except (*BROKEN_ZIP, OSError) as problem:
        raise ImportFile(where, f"this is no zip that can be read: {problem}") from problem


def _bundle(archive: zipfile.ZipFile, where: str, wanted: Callable[[str], bool]) -> Bundle:
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MOST_ENTRIES:
        raise ImportFile(where, f"the zip holds {len(entries)} files, and at most {MOST_ENTRIES} are looked at")
    ours = list(_ours(entries, where))
    _refuse_scattered([parts for _, parts in ours], where)
    chosen = [(entry, parts[-1].lower()) for entry, parts in ours if wanted(parts[-1].lower())]
    files: dict[str, bytes] = {}
    for entry, name in chosen:
        if name in files:
            raise ImportFile(where, f"{name} is in the zip twice")
        left = MOST_BYTES_TOGETHER - sum(map(len, files.values()))
        files[name] = _content(archive, entry, where, min(MOST_BYTES, left))
    others = [parts[-1] for _, parts in ours if not wanted(parts[-1].lower())]
    return Bundle(where, files, tuple(_passed_over(others)))


def _ours(entries: list[zipfile.ZipInfo], where: str) -> Iterator[tuple[zipfile.ZipInfo, list[str]]]:
    """Each file with the parts of its path, but for what systems put there; raises ImportFile for tricks."""
    from enroll.folders import is_litter

    for entry in entries:
        path = entry.filename.replace("\\", "/")
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in path:
            raise ImportFile(where, f"the name {entry.filename!r} leads out of the zip")
        plain = [part for part in parts if part not in {"", "."}]
        if not plain or parts[-1] in {"", "."}:
            raise ImportFile(where, f"the zip holds a file without a name: {entry.filename!r}")
        if not any(is_litter(part) for part in plain):
            yield entry, plain


def _refuse_scattered(paths: list[list[str]], where: str) -> None:
    folders = {tuple(parts[:-1]) for parts in paths if parts[-1].lower().endswith(".csv")}
    if len(folders) > 1:
        shown = ", ".join(sorted("/".join(each) or "the zip itself" for each in folders))
        raise ImportFile(where, f"the CSV files lie in several folders ({shown}), so it is unclear which are meant")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str, most: int) -> bytes:
    """The file's bytes, however many its entry promises."""
    name = entry.filename
    if entry.flag_bits & _ENCRYPTED:
        raise ImportFile(where, f"{name} is encrypted; export without a password")
    if entry.file_size > most:
        raise ImportFile(where, f"{name} would have {entry.file_size} bytes, and at most {most} are read")
    with archive.open(entry) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ImportFile(where, f"{name} has more than {most} bytes")
    return data


def _passed_over(names: list[str]) -> Iterator[Remark]:
    if names:
        shown = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")  # noqa: PLR2004
        yield Remark("file.other", "zip", f"passed over: {shown}", refused=False)
