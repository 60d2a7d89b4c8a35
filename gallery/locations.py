"""Where the database of a home is: a file of the folder, or the address of a server that stands in its `database`.

The folder belongs to this computer: the key lies there, settings, uploads, and what waits to be delivered. Several
computers with a folder each may share one database; then each has a copy of the same key.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from gallery.errors import AddressInvalid, GalleryReadOnly, NotEmpty
from gallery.files import make_home, whole

DATABASE: Final = "attendance.db"
"""The file of a home's folder that is its database, where it is no server's."""
POINTER: Final = "database"
"""The file of a home's folder that names the server; where it is missing, the database is a file of the folder."""
SCHEMES: Final = ("postgresql", "postgres")
_NO_FOLDER = re.compile(
    r"postgres(ql)?:|[a-z][a-z0-9+.-]*://|\s*(host|port|dbname|user|password|service)\s*=", re.IGNORECASE
)
_PASSWORD = re.compile(r"(?<=[?&])(password|sslpassword)=[^&]*")
_READS: Final = "an address reads postgresql://USER@HOST/NAME, without blanks"
_CODED: Final = "write each @ : / ? # % of a user or a password by its code: %40 %3A %2F %3F %23 %25"


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a database on a server, as libpq reads it; its text may hold a password and is never shown."""

    text: str

    @property
    def shown(self) -> str:
        """Without any password."""
        parts = urlsplit(self.text)
        user = f"{parts.username}@" if parts.username else ""
        host = parts.netloc.rpartition("@")[2]
        query = _PASSWORD.sub(r"\1=***", f"?{parts.query}") if parts.query else ""
        return f"postgresql://{user}{host}{parts.path}{query}"

    @property
    def folder_name(self) -> str:
        """A name for a folder of this computer that is of this database alone."""
        parts = urlsplit(self.text)
        servers = [each for server in _servers(parts.netloc) for each in server if each]
        told = "-".join(each for each in (*(servers or ["local"]), parts.path.strip("/")) if each)
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", unquote(told))[:60].strip("-")
        return f"{readable}-{hashlib.sha256(self.shown.encode()).hexdigest()[:8]}"


def _servers(netloc: str) -> list[tuple[str, str]]:
    """Host and port of each server that an address names, empty where it does not; raises ValueError for a bad port."""
    parts = [urlsplit(f"//{each}") for each in netloc.rpartition("@")[2].split(",")]
    return [(each.hostname or "", str(each.port or "")) for each in parts]


def is_address(text: object) -> bool:
    """Whether this names a database on a server, well or badly, and no folder: it may hold a password."""
    return isinstance(text, str) and _NO_FOLDER.match(text) is not None


def parsed(text: str) -> Address:
    """The address; raises AddressInvalid, which shows nothing of it, where it cannot be one."""
    scheme, _, rest = text.partition("://")
    if scheme.lower() not in SCHEMES or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise AddressInvalid("database", _READS)
    address = f"postgresql://{rest}"
    _refuse_unclear(address)
    return Address(address)


def _refuse_unclear(address: str) -> None:
    """An unwritten-out sign in a password ends it early, and the rest of it would count as host, port or name."""
    if address.count("@") > 1 or "#" in address or re.search(r"%(?![0-9A-Fa-f]{2})", address):
        raise AddressInvalid("database", _CODED)
    if "@" in address and "@" not in urlsplit(address).netloc:
        raise AddressInvalid("database", _CODED)
    try:
        _servers(urlsplit(address).netloc)
    except ValueError:
        raise AddressInvalid("database", "its hosts or their ports cannot be read") from None


def pointer(folder: Path) -> Address | None:
    """The server that a home's folder names, None where its database is a file; raises AddressInvalid."""
    path = Path(folder) / POINTER
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise AddressInvalid(str(path), "this file, which names the server of the database, cannot be read") from error
    try:
        return parsed(text.strip())
    except AddressInvalid as error:
        raise AddressInvalid(str(path), error.detail) from None


def point_at(folder: Path, address: Address) -> None:
    """Have a home's folder name this server from now on, in a private file; a changed password alone is taken over.

    So is another address where no key lies here yet, as then nothing of a home does: the first one may have been
    mistyped. Raises NotEmpty where the folder is the home of another database, and GalleryReadOnly.
    """
    found = pointer(folder)
    if found == address:
        return
    if found is not None and found.shown != address.shown and (folder / "key").exists():
        told = f"this folder belongs to {found.shown}; where that has moved, write its new address into this file"
        raise NotEmpty(str(folder / POINTER), told)
    if (folder / DATABASE).exists():
        raise NotEmpty(str(folder / DATABASE), "this folder holds a home of its own")
    make_home(folder)
    try:
        with whole(folder / POINTER) as temporary:
            temporary.write_text(f"{address.text}\n", encoding="utf-8")
    except OSError as error:
        raise GalleryReadOnly(str(folder), f"this account may not write to the folder: {error.strerror}") from error
