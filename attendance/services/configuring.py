"""The settings of a home as people see and change them; who has changed which one stands in the log."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from attendance.access import needs
from attendance.home import in_force
from attendance.services.versions import refuse_changed, version_of
from attendance.settings import SETTINGS, Setting, Value, load, save
from gallery.repositories.events import record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Resolved
    from gallery.ports import Database

CHANGED: Final = "setting.change"
OVERRULED: Final = ("environment", "flag", "home")
"""Origins that the file does not overrule."""


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting: what it is, its value and origin now, and what the running service goes by."""

    setting: Setting
    value: Value
    origin: str
    running: Value

    @property
    def waits(self) -> bool:
        """Whether it is taken up when the service is started again."""
        return self.value != self.running

    @property
    def overruled(self) -> bool:
        """Whether the environment, a flag or the home itself decides, whatever the file says."""
        return self.origin in OVERRULED

    @property
    def state(self) -> str:
        """The version of what was seen."""
        return version_of(self.seen)

    @property
    def seen(self) -> dict[str, str]:
        """What was seen by whoever has read it."""
        return {self.setting.name: str(self.value)}


class Configuration:
    """The settings of a home; ``running`` are those that it was opened with."""

    def __init__(self, store: "Database", clock: "Clock", running: "Resolved") -> None:
        self._store, self._clock, self._running = store, clock, running

    def all(self) -> list[ShownSetting]:
        """Every setting in the order of the table. Raises SettingsFile, SettingValue, SettingUnknown."""
        found = in_force(load(self._store.home), self._store)
        running = self._running
        flags = {name for name, origin in running.origins.items() if origin == "flag"}
        return [
            ShownSetting(row, getattr(running.values, name), "flag", getattr(running.values, name))
            if name in flags
            else ShownSetting(row, getattr(found.values, name), found.origins[name], getattr(running.values, name))
            for name, row in SETTINGS.items()
        ]

    def named(self, name: str) -> ShownSetting:
        """One setting. Raises SettingUnknown."""
        from attendance.settings import check

        if name not in SETTINGS:
            check(name, "", "settings")
        return next(each for each in self.all() if each.setting.name == name)

    @needs("settings.change")
    def set(self, actor: "Actor", name: str, raw: str, *, expected: str | None = None) -> Value:
        """Set one in the home's file. Raises SettingUnknown, SettingValue, SettingsFile, EditChanged."""
        with self._store.atomic() as transaction:
            refuse_changed(name, self.named(name).seen, expected)
            record(transaction, at=self._clock.utc(), by=actor.name, action=CHANGED, subject=name)
            return save(self._store.home, name, raw)
