"""The key of a home: what it needs to open, a new one, another way to wrap it, a copy, and giving up a lost one."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.access.rights import needs
from attendance.privacy_errors import KeyPlace
from gallery.errors import GalleryError, GalleryUnusable
from gallery.repositories import events
from gallery.vault.envelope import WRAPPERS, Wrapper
from gallery.vault.filevault import ABANDONED, PROTECTED, ROTATED
from gallery.vault.sources import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.configuring import Configuration
    from gallery.ports import Database
    from gallery.vault.filevault import FileVault

COPIED: Final = "key.copy"
RECOVERY: Final = "key.recovery"
PLAIN: Final = "file"
Way = Literal["file", "passphrase", "environment", "command"]
WAYS: Final[tuple[Way, ...]] = ("file", *WRAPPERS)
"""How the key may lie: plain in its file, or wrapped in it."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """How the key of a home lies, and whether it opens what is stored; ``way`` is None where no file can be read."""

    file: Path
    way: Way | None
    problem: GalleryError | None
    since: datetime | None
    """When the key was made, as far as the log tells: by rotation, or by giving up the one before."""
    recovery_key: str | None

    @property
    def source(self) -> str | None:
        """The variable that its wrapping key comes from, None where nothing wraps it."""
        return None if self.way is None or self.way == PLAIN else NAMES[self.way]

    def to_dict(self) -> dict[str, Any]:
        """As ``key show --json`` prints it."""
        from attendance.paths import shown_path
        from attendance.records import instant

        return {
            "schema": 1,
            "file": shown_path(self.file),
            "with": self.way,
            "needs": self.source,
            "opens": self.problem is None,
            "problem": None if self.problem is None else self.problem.id,
            "detail": None if self.problem is None else str(self.problem),
            "since": None if self.since is None else instant(self.since),
            "recovery_key": self.recovery_key,
        }


class Keys:
    """Looks after the key of a home; whatever is done with it stands in the log."""

    def __init__(self, store: "Database", vault: "FileVault", clock: "Clock", configuration: "Configuration") -> None:
        self._store, self._vault, self._clock, self._configuration = store, vault, clock, configuration

    def state(self) -> KeyState:
        """How it lies, and whether it opens what is stored; changes nothing, but asks for a passphrase."""
        try:
            found = self._vault.wrapper()
            way: Way | None = PLAIN if found is None else found
        except GalleryError:
            way = None
        recovery = self._configuration.named("recovery_key").value
        return KeyState(
            key_path(self._store.home),
            way,
            self._problem(),
            self._since(),
            None if recovery is None else str(recovery),
        )

    def _problem(self) -> GalleryError | None:
        try:
            self._vault.unlock()
        except GalleryUnusable as error:
            return error
        return None

    def _since(self) -> datetime | None:
        with self._store.reading() as transaction:
            found = [each.at for action in (ROTATED, ABANDONED) for each in events.history(transaction, action=action)]
        return max(found, default=None)

    @needs("keys.manage")
    def rotate(self, actor: "Actor") -> int:
        """A new key, everything sealed anew with it; how many values that were. Others may go on working.

        The new one is wrapped as the old one was, and backups from before need the old one. Raises TemplateAltered
        where a value does not open, GalleryLocked, and KeyMissing, KeyExposed, KeyWrong, KeySource, KeyPassphrase.
        """
        return self._vault.rotate(at=self._clock.utc(), by=actor.name)

    @needs("keys.manage")
    def protect(self, actor: "Actor", way: Way, *, passphrase: str | None = None) -> KeyState:
        """Have the same key lie in its file in another way; copies of the file from before still open what is stored.

        A new passphrase is given, else it is the one of the environment. Raises KeySource, PassphraseShort, and what
        `rotate` does.
        """
        wrapper: Wrapper | None = None if way == "file" else way
        self._vault.protect(wrapper, at=self._clock.utc(), by=actor.name, passphrase=passphrase)
        return self.state()

    @needs("keys.manage")
    def copy(self, actor: "Actor", target: Path) -> Path:
        """Write a copy of the key file, wrapped as it is, to a new file, once it has proved to open what is stored.

        Raises KeyPlace where it would lie in the home or with its backups, NotEmpty where the file is there,
        GalleryFull, GalleryReadOnly, and what `rotate` does.
        """
        from gallery.files import new_output

        self._refuse_beside(target)
        data = self._vault.file()
        with new_output(target, "copy of the key") as temporary, self._store.atomic() as transaction:
            temporary.write_bytes(data)
            self._record(transaction, actor, COPIED)
        return Path(target)

    @needs("keys.manage")
    def recovery(self, actor: "Actor", target: Path) -> str:
        """A pair for the day on which the key is lost: the private key to a new file, the public one into the settings.

        Backups from now on open with either. Returns the public key. Raises KeyPlace where the file would lie in the
        home or with its backups, NotEmpty where it is there, GalleryFull, GalleryReadOnly.
        """
        from gallery.files import new_output
        from gallery.vault.recovery import new_pair

        self._refuse_beside(target)
        public, private = new_pair()
        text = f"{_NOTE}{private}\n# It belongs to the public key:\n# {public}\n"
        with self._store.atomic() as transaction:
            with new_output(target, "private recovery key") as temporary:
                temporary.write_text(text, encoding="ascii")
            self._record(transaction, actor, RECOVERY)
            self._configuration.set(actor, "recovery_key", public)  # once somebody has what opens what it wraps
        return public

    def _refuse_beside(self, target: Path) -> None:
        """Raise KeyPlace where what opens the home would lie in it, or with its backups."""
        there = Path(target).expanduser().resolve()
        if there.is_relative_to(self._store.home):
            raise KeyPlace(str(target), "it would be lost with the home that it opens")
        folder = self._configuration.named("backup_folder").value
        if folder is not None and there.is_relative_to(Path(str(folder)).expanduser().resolve()):
            raise KeyPlace(str(target), "it would lie with the backups that it opens")

    @needs("keys.manage")
    def abandon(self, actor: "Actor") -> "Mapping[str, int]":
        """Give up all that is sealed, as the key is lost, and begin with a new one; how much of what is gone.

        People, marks and the timetable stay; a file that lies where the key was is kept beside. Raises KeyWorks where
        the key opens what is stored, and KeyExposed.
        """
        return self._vault.abandon(at=self._clock.utc(), by=actor.name)

    def _record(self, transaction: Any, actor: "Actor", action: str) -> None:
        events.record(transaction, at=self._clock.utc(), by=actor.name, action=action, subject="gallery")


_NOTE = (
    "# The private recovery key of a home of attendance: 'attendance restore BACKUP --recovery FILE' opens\n"
    "# its backups with this file alone. Keep it apart from them and from the home, as on paper in a safe.\n"
)


def key_path(home: Path) -> Path:
    """The key file of a home."""
    from gallery.vault.key import KEY

    return home / KEY


def words(way: Way | None) -> str:
    """How the key lies, for people."""
    told = {
        "file": "plain in its file",
        "passphrase": f"wrapped by a passphrase ({NAMES['passphrase']}, or asked for at a terminal)",
        "environment": f"wrapped by a key from the environment ({NAMES['environment']})",
        "command": f"wrapped by a key that a command prints ({NAMES['command']})",
    }
    return "not to be read" if way is None else told[way]


__all__ = ["ABANDONED", "COPIED", "PROTECTED", "RECOVERY", "ROTATED", "WAYS", "KeyState", "Keys", "Way", "words"]
