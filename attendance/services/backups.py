"""Backups by schedule: written, read back, tried by making a home of them, and deleted when no rule keeps them.

Only files that this home has written itself under their own names are ever deleted, and never the newest one.
"""

import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from attendance.access.rights import needs
from attendance.privacy_errors import BackupFolder, BackupUnknown
from attendance.services.backup import ALONG
from attendance.services.backupfiles import Left, Own, looked_through, name_at
from attendance.services.backupnotes import insert, noted
from attendance.services.keeping import Keep
from gallery.errors import GalleryError, GalleryMissing, KeyWrong
from gallery.repositories import backups as rows
from gallery.repositories.events import record
from gallery.vault.key import KEY, write_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.backup import Saved
    from gallery.repositories.backups import Backup
    from gallery.values import Defect

TESTED: Final = "backup.test"
DROPPED: Final = "backup.drop"
OTHER: Final = "backup.other"
"""The defect of a file that holds something else than what was written under its name."""
_STALE_S: Final = 86400.0
"""After this long nobody works in the folder of a trial any more: its process was killed."""


@dataclass(frozen=True, slots=True)
class Written:
    """A backup that was written by the rules: which, which were deleted since no rule keeps them, what was left."""

    backup: "Backup"
    saved: "Saved"
    dropped: tuple[Path, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class ShownBackup:
    """A backup; ``there``: whether its file is; ``until``: the first day on which the rules no longer keep it.

    That is if one is written every day; without a day nobody deletes it.
    """

    backup: "Backup"
    there: bool
    until: date | None


@dataclass(frozen=True, slots=True)
class Trial:
    """A home was made of a backup, and looked through: what is wrong with it that is not wrong with the home."""

    path: Path
    backup: "Backup | None"
    saved: "Saved"
    problems: "tuple[Defect, ...]"


class Backups:
    """The backups of a home."""

    def __init__(self, gallery: "Gallery", clock: "Clock", settings: "Settings", zone: str) -> None:
        self._gallery, self._clock, self._settings, self._zone = gallery, clock, settings, ZoneInfo(zone)
        self._store = gallery.store

    @needs("backups.manage")
    def run(self, actor: "Actor", folder: Path | None = None, keep: str | None = None) -> Written:
        """Write one into the folder (that of the settings), and delete those there that no rule keeps any more.

        Raises BackupFolder, BackupKeep, and what `gallery.backup.backup` raises.
        """
        from gallery.backup import backup, erased

        place, rules = self.folder(folder), Keep.parse(keep or self._settings.backup_keep)
        now = self._clock.utc().replace(microsecond=0)
        path = place / name_at(now)
        saved = backup(
            self._store, self._gallery.vault, path, at=now, along=ALONG, recovery=self._settings.recovery_key
        )
        made = noted(self._store, path, saved, at=now, by=actor.name, scheduled=True)
        erased.publish(self._store, self._gallery.vault, [place])
        dropped, left = self._drop(actor, place, rules, path)
        return Written(made, saved, tuple(dropped), tuple(left))

    @needs("backups.manage")
    def daily(self, actor: "Actor") -> Written | None:
        """As `run`, once a day of the site and where a folder is set; what a killed trial has left goes, too."""
        self._sweep()
        if self._settings.backup_folder is None:
            return None
        today = self._day(self._clock.utc())
        if any(each.scheduled and self._day(each.at) == today for each in self._rows()):
            return None
        return self.run(actor)

    def all(self) -> list[ShownBackup]:
        """Those that were written and not deleted, the newest first. Raises BackupKeep."""
        found = [each for each in self._rows() if each.gone is None]
        there = {each.id for each in found if _is_there(each)}
        times = {each.id: each.at for each in found if each.scheduled and each.id in there}
        rules, today = Keep.parse(self._settings.backup_keep), self._day(self._clock.utc())
        until = {number: rules.until(at, times.values(), today, self._zone) for number, at in times.items()}
        return [ShownBackup(each, each.id in there, until.get(each.id)) for each in found]

    @needs("backups.manage")
    def test(self, actor: "Actor", file: Path | None = None) -> Trial:
        """Make a home of a backup (the newest) in a folder of its own, look through it, and delete it again.

        Raises BackupUnknown, and what `gallery.backup.restore` raises.
        """
        path = self.newest() if file is None else Path(file).expanduser().resolve()
        backup = next((each for each in self._rows() if Path(each.path) == path and each.gone is None), None)
        try:
            found = self._tried(path, backup)
        except GalleryError as error:
            self._told(actor, TESTED, backup, {"error": error.id})
            raise
        self._told(actor, TESTED, backup, {"problems": len(found.problems)}, tested=not found.problems)
        return found

    # The folder

    def folder(self, given: Path | None = None) -> Path:
        """Where they are written to; raises BackupFolder."""
        told = given or self._settings.backup_folder
        if told is None:
            raise BackupFolder("backup_folder", "no folder for backups is set")
        place = Path(told).expanduser()
        if not place.is_absolute():
            raise BackupFolder(str(place), "the whole path of the folder is needed")
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise BackupFolder(str(place), "there is no such folder, or it may not be written to")
        if place.resolve().is_relative_to(self._store.home):
            raise BackupFolder(str(place), "it lies within the home, and would be lost with it")
        return place.resolve()

    def _drop(self, actor: "Actor", folder: Path, rules: Keep, new: Path) -> tuple[list[Path], list[Left]]:
        """Delete what no rule keeps; which files that were, and which were left alone."""
        own, left = looked_through(folder, self._store.meta("home_id") or "", self._gallery.sealer, self._rows())
        kept = rules.kept([each.at for each in own], self._zone)
        dropped = list[Path]()
        for each in own:
            self._adopt(each)
            if each.at in kept or each.path == new:
                continue
            try:
                each.path.unlink()
            except OSError as error:
                left.append(Left(each.path, f"it cannot be deleted: {error.strerror}"))
                continue
            self._gone(actor, each.path)
            dropped.append(each.path)
        return dropped, left

    def _adopt(self, own: Own) -> None:
        """Remember one again that was written before the home was restored itself."""
        if own.record is None and own.saved is not None:
            with self._store.atomic() as transaction:
                insert(transaction, own.path, own.saved, at=self._clock.utc(), scheduled=True)

    def _gone(self, actor: "Actor", path: Path) -> None:
        now = self._clock.utc()
        with self._store.atomic() as transaction:
            for each in rows.all_backups(transaction):
                if Path(each.path).name == path.name and each.scheduled and each.gone is None:
                    rows.put_gone(transaction, each.id, now)
                    record(transaction, at=now, by=actor.name, action=DROPPED, subject=each.id)

    # Trials

    def newest(self) -> Path:
        """The file of the newest that is there; raises BackupUnknown."""
        found = next((each for each in self._rows() if each.gone is None and _is_there(each)), None)
        if found is None:
            raise BackupUnknown(str(self._store.home), "no backup was written yet, or none is where it was written")
        return Path(found.path)

    def _tried(self, path: Path, backup: "Backup | None") -> Trial:
        from gallery import Store

        with self._trial_folder() as home:
            saved = self._made_of(Store, path, home)
            with Store.open(home, create=False, read_only=True) as store:
                found = self._defects(store)
        if backup is not None and backup.digest != saved.digest:
            found.append(_other(path))
        return Trial(path, backup, saved, tuple(found))

    def _made_of(self, stores: Any, path: Path, home: Path) -> "Saved":
        """What a backup holds, restored to the folder of a trial, which no message names: it is gone again then."""
        from gallery.backup import restore

        try:
            return restore(stores, path, home, along=ALONG, at=self._clock.utc())
        except KeyWrong as error:
            told = "the key of this home does not open it: it was made before the key was changed, or by another home"
            raise KeyWrong(str(path), f"{told}; 'attendance backups run' writes one that it opens") from error

    def _defects(self, store: Any) -> "list[Defect]":
        """What is wrong there and not here."""
        from gallery import Gallery

        tried = Gallery(store, self._gallery.pipeline_id, formerly=self._gallery.formerly)
        tried.admits = self._gallery.admits
        found = tried.verify()
        known = {(each.id, each.where) for each in self._gallery.verify()} if found else set()
        return [each for each in found if (each.id, each.where) not in known]

    @contextmanager
    def _trial_folder(self) -> Iterator[Path]:
        """Where a home is tried, beside this one or within it, with nothing but its key; gone again afterwards."""
        self._sweep()
        place = self._trial_places()[0]
        try:
            outer = Path(tempfile.mkdtemp(prefix=self._trial_prefix, dir=place))
        except OSError as error:
            raise GalleryMissing(str(place), f"a folder for the trial cannot be made: {error.strerror}") from error
        try:
            home = outer / "home"
            home.mkdir(mode=0o700)
            write_new(home / KEY, self._gallery.vault.file())
            yield home
        finally:
            shutil.rmtree(outer, ignore_errors=True)

    @property
    def _trial_prefix(self) -> str:
        return f".{self._store.home.name[:40]}.trial."

    def _trial_places(self) -> "Sequence[Path]":
        """The folder that the home lies in, where it may be written to, and the home."""
        home = self._store.home
        return [each for each in (home.parent, home) if os.access(each, os.W_OK | os.X_OK)] or [home]

    def _sweep(self) -> None:
        """Delete what trials have left that were killed."""
        for place in self._trial_places():
            for path in place.glob(f"{glob.escape(self._trial_prefix)}*"):
                with suppress(OSError):
                    if time.time() - path.stat().st_mtime > _STALE_S:
                        shutil.rmtree(path, ignore_errors=True)

    # Rows

    def _rows(self) -> "list[Backup]":
        with self._store.reading() as transaction:
            return rows.all_backups(transaction)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def _told(
        self, actor: "Actor", action: str, backup: "Backup | None", details: dict[str, Any], *, tested: bool = False
    ) -> None:
        now, subject = self._clock.utc(), "file" if backup is None else backup.id
        with self._store.atomic() as transaction:
            if backup is not None and tested:
                rows.put_tested(transaction, backup.id, now)
            record(transaction, at=now, by=actor.name, action=action, subject=subject, details=details)


def _is_there(backup: "Backup") -> bool:
    try:
        return Path(backup.path).is_file()
    except OSError:
        return False


def _other(path: Path) -> "Defect":
    from gallery.values import Defect

    return Defect(OTHER, f"{path} holds something else than was written", "attendance backups run")
