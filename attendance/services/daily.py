"""What the service does once a day of the site: consent that is over, retention, backups, the log's anchor, erasures.

When each task was last done, and how it ended, is a fact of the home. A task that fails ends no other, stands in the
log once a day by its error's id, and is tried again every hour.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from attendance.faults import refusal_of
from attendance.records import instant
from attendance.services.rounds import Rounds
from attendance.zones import local_day
from gallery.repositories.events import record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.auditchain import AuditChain
    from attendance.services.backups import Backups
    from attendance.services.consents import Consents
    from attendance.services.purging import Purging
    from attendance.settings import Settings
    from gallery.ports import Database, Vault

FAILED: Final = "daily.failed"
PREFIX: Final = "daily:"
PAUSE_S: Final = 60.0
"""How soon a new day is noticed, also when the clock is set."""
AGAIN: Final = timedelta(hours=1)
"""After which time a task that failed is tried again."""
TASKS: Final[Mapping[str, str]] = {
    "consents": "Consent that is over is taken as withdrawn",
    "purging": "What is older than its rule is let go",
    "backups": "A backup is written, and those that no rule keeps are deleted",
    "anchor": "The end of the log is noted outside the home",
    "erasures": "The list of erasures is written beside the backups",
}
"""The tasks in the order in which they are done, in words."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a task was last done: on which day of the site, when, and the id of what went wrong, None where nothing."""

    task: str
    says: str
    day: date | None = None
    at: datetime | None = None
    failed: str | None = None
    off: bool = False
    """No setting asks for it."""

    @property
    def state(self) -> str:
        """In words."""
        if self.at is None:
            return "not yet"
        return f"{instant(self.at)}{'' if self.failed is None else f', failed: {self.failed}'}"


class Parts(Protocol):
    """The parts of a home that do the tasks."""

    @property
    def actor(self) -> "Actor":
        """Who acts."""

    @property
    def clock(self) -> "Clock":
        """What tells the day."""

    @property
    def zone(self) -> str:
        """The site's zone."""

    @property
    def settings(self) -> "Settings":
        """What is set up."""

    @property
    def store(self) -> "Database":
        """The database."""

    @property
    def vault(self) -> "Vault":
        """The key."""

    @property
    def consents(self) -> "Consents":
        """Who has agreed to what."""

    @property
    def purging(self) -> "Purging":
        """What is let go."""

    @property
    def backups(self) -> "Backups":
        """Backups by schedule."""

    @property
    def audit_chain(self) -> "AuditChain":
        """The log."""


class Daily:
    """Does the tasks of a day, in a thread of its own."""

    def __init__(self, app: Parts) -> None:
        self._app = app
        self._rounds = Rounds("daily", self._work, pause_s=PAUSE_S)

    def start(self) -> None:
        """Begin; a second time nothing happens."""
        self._rounds.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """End."""
        self._rounds.close(timeout_s)

    def all(self) -> list[Done]:
        """How each task was last done."""
        settings = self._app.settings
        off = {"backups": settings.backup_folder is None, "anchor": settings.anchor_to is None}
        return [replace(each, off=off.get(each.task, False)) for each in last_done(self._app.store.meta)]

    def run(self) -> list[str]:
        """Do what is due; which tasks were tried."""
        tried = []
        for each in self.all():
            now = self._app.clock.utc()
            if self._rounds.closing:
                break
            if self._due(each, now):
                tried.append(each.task)
                self._do(each, now)
        return tried

    def _work(self) -> float:
        self.run()
        return PAUSE_S

    def _due(self, done: Done, now: datetime) -> bool:
        """A day that is another than the last, earlier or later, as clocks are set; or an hour after it failed."""
        if done.day != local_day(now, self._app.zone):
            return True
        return done.failed is not None and done.at is not None and not timedelta(0) <= now - done.at < AGAIN

    def _do(self, before: Done, now: datetime) -> None:
        failed = None
        try:
            self._tasks()[before.task]()
        except Exception as error:  # noqa: BLE001 - whatever befalls one task, the others are done
            failed = refusal_of(error, before.task).id
        self._note(before, now, failed)

    def _note(self, before: Done, now: datetime, failed: str | None) -> None:
        """Remember it; what went wrong stands in the log once a day."""
        app, day = self._app, local_day(now, self._app.zone)
        told = {"day": day.isoformat(), "at": now.isoformat(), "failed": failed}
        with app.store.atomic() as transaction:
            app.store.set_meta(PREFIX + before.task, json.dumps(told))
            if failed is not None and (before.day, before.failed) != (day, failed):
                details = {"task": before.task, "error": failed}
                record(transaction, at=now, by=app.actor.name, action=FAILED, subject="gallery", details=details)

    def _tasks(self) -> dict[str, Callable[[], object]]:
        app, actor = self._app, self._app.actor
        return {
            "consents": app.consents.lapse,
            "purging": lambda: app.purging.run(actor),
            "backups": lambda: app.backups.daily(actor),
            "anchor": lambda: app.audit_chain.anchor_daily(actor),
            "erasures": self._publish,
        }

    def _publish(self) -> None:
        from gallery.backup import erased

        folder = self._app.settings.backup_folder
        erased.publish(self._app.store, self._app.vault, [] if folder is None else [Path(folder).expanduser()])


def last_done(meta: Callable[[str], str | None]) -> list[Done]:
    """How each task was last done, by the facts of a home."""
    return [_done(task, says, meta(PREFIX + task)) for task, says in TASKS.items()]


def _done(task: str, says: str, value: str | None) -> Done:
    if value is None:
        return Done(task, says)
    told: dict[str, Any] = json.loads(value)
    at = datetime.fromisoformat(told["at"]).astimezone(UTC)
    return Done(task, says, date.fromisoformat(told["day"]), at, told["failed"])
