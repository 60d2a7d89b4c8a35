"""`Workers`: this process tells every ten seconds that it works with the database, and who else does is read there.

Programs that share a database judge by their own settings: where these differ in what decides a mark, that is told.
"""

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.records import instant
from attendance.services.leases import camera_lease, server_now
from attendance.services.rounds import Rounds
from attendance.settings import SETTINGS
from gallery.errors import GalleryUnusable
from gallery.leasevalues import Worker
from gallery.repositories import leases, places, workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery.ports import Database, Transaction

TOLD_S: Final = 10.0
SILENT: Final = timedelta(seconds=35)
"""Not heard of for so long a process is gone, hangs, or has lost the link."""
ASIDE: Final = "aside"
"""The fact of how many records are set aside where a process runs, see `attendance.services.settingaside`."""
OWN: Final = frozenset(
    {
        "anchor_to", "backup_folder", "backup_keep", "camera_ca_file", "camera_retry_max_s", "camera_stall_s",
        "log_format", "log_names", "max_upload_mb", "offline_days", "recovery_key", "search_plan", "site", "threads",
    }
)  # fmt: skip
"""Settings that may well differ from computer to computer; all others decide what becomes of a face or a mark."""


@dataclass(frozen=True, slots=True)
class ShownWorker:
    """A process and what is to be known of it: whether it is ``own``, heard of of late, and what it watches alone.

    ``differs`` names the settings in which it is not like this one, each with its value there.
    """

    worker: Worker
    own: bool
    silent: bool
    watches: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def aside(self) -> int:
        """How many records are set aside on its computer; a program of before that could tell tells of none."""
        told = self.worker.facts.get(ASIDE, 0)
        return told if isinstance(told, int) else 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON tells it."""
        each = self.worker
        return {
            "id": each.id,
            "host": each.host,
            "site": each.site,
            "version": each.version,
            "begun": instant(each.begun),
            "seen": instant(each.seen),
            "own": self.own,
            "silent": self.silent,
            "watches": list(self.watches),
            "differs": list(self.differs),
            "aside": self.aside,
        }


class Workers:
    """Tells of this process, called ``id``; ``tells`` gives more facts of it, each by its name."""

    def __init__(self, store: "Database", clock: "Clock", settings: "Settings", id_: str, *, version: str) -> None:
        self._store, self._clock, self._settings = store, clock, settings
        self.id, self._version = id_, version
        self._begun: datetime | None = None
        self.tells: dict[str, Callable[[], object]] = {}
        self._rounds = Rounds("workers", self._round, pause_s=TOLD_S)

    def start(self) -> None:
        """Tell now, and again and again."""
        with suppress(GalleryUnusable):  # else it is told the next time
            self.tell()
        self._rounds.start()

    def close(self) -> None:
        """Tell that it has ended."""
        self._rounds.close(1.0)
        with suppress(GalleryUnusable), self._store.atomic() as transaction:
            workers.forget(transaction, self.id)

    def tell(self) -> None:
        """Tell that this process works, and as what; who was not heard of for as long as a site may be alone goes."""
        facts = {"settings": decisive(self._settings)} | {name: fact() for name, fact in self.tells.items()}
        with self._store.atomic() as transaction:
            now = server_now(self._store, transaction, self._clock)
            self._begun = self._begun or now
            told = Worker(
                self.id, platform.node()[:200] or "unnamed", self._settings.site, self._version,
                digest(facts["settings"]), self._begun, now, facts,
            )  # fmt: skip
            workers.tell(transaction, told)
            workers.purge(transaction, now - timedelta(days=self._settings.offline_days + 1))

    def all(self) -> list[ShownWorker]:
        """Every process that has not ended in order, by when it began."""
        with self._store.reading() as transaction:
            now = server_now(self._store, transaction, self._clock)
            found, held = workers.all_workers(transaction), watched_by(transaction, now)
        return shown(found, held, now, own=self.id, like=decisive(self._settings))

    def _round(self) -> float:
        self.tell()
        return TOLD_S


def watched_by(transaction: "Transaction", now: datetime) -> dict[str, list[str]]:
    """The names of the cameras that each process watches alone, by its id."""
    names = {camera_lease(each.id): each.name for each in places.all_places(transaction)}
    found: dict[str, list[str]] = {}
    for lease in leases.all_leases(transaction):
        if lease.until > now and lease.name in names:
            found.setdefault(lease.holder, []).append(names[lease.name])
    return found


def shown(
    found: "Iterable[Worker]",
    held: "Mapping[str, Sequence[str]]",
    now: datetime,
    *,
    own: str | None,
    like: Mapping[str, Any],
) -> list[ShownWorker]:
    """Processes as they are told of, compared with the settings ``like``."""
    return [
        ShownWorker(
            each, each.id == own, now - each.seen > SILENT, tuple(held.get(each.id, ())), differences(each, like)
        )
        for each in found
    ]


def sites_of(found: "Iterable[Worker]") -> frozenset[str]:
    """The sites that have a process of their own."""
    return frozenset(each.site for each in found if each.site is not None)


def decisive(settings: "Settings") -> dict[str, Any]:
    """What decides a face or a mark and is not at its default, by name."""
    told = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name not in OWN}
    return {name: value for name, value in told.items() if value != SETTINGS[name].default}


def digest(told: Any) -> str:
    """One short text that is the same for the same settings."""
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]


def differences(worker: Worker, like: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings in which a process is not like these, in words."""
    theirs = worker.facts.get("settings", {})
    if not isinstance(theirs, Mapping) or worker.settings == digest(like):
        return ()
    names = sorted(theirs.keys() | like.keys())
    defaults = {name: SETTINGS[name].default for name in names if name in SETTINGS}
    pairs = [(name, theirs.get(name, defaults.get(name)), like.get(name, defaults.get(name))) for name in names]
    return tuple(f"{name} is {there} there, {here} here" for name, there, here in pairs if there != here)
