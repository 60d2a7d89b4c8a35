"""Whether a template may be made of somebody, and a crop kept: asked in the very step that files them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attendance.privacy_errors import ConsentMissing
from attendance.settings import load
from gallery.repositories import consents, people

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.settings import Resolved
    from gallery.ports import Database, Transaction

DECIDING: Final = ("require_consent", "site_kind")
"""The settings that say whether people are asked."""
MISSING: Final = "they have not agreed, or not any more, that a template is made of their face"
"""The same words for whoever said no and whoever said nothing: whoever enrols learns no more than they need."""


class Asking:
    """Whether people are asked, as the home's file says at this moment: who sets it need not start anything again.

    A value that a flag has given stays. Raises SettingsFile, SettingValue where the file cannot be read.
    """

    def __init__(self, store: "Database", running: "Resolved") -> None:
        self._home, self._running = store.home, running

    def __call__(self) -> bool:
        """Whether a face is kept only of who has agreed."""
        flags = {each: getattr(self._running.values, each) for each in DECIDING if self._is_flag(each)}
        return load(self._home, flags=flags).values.asks_consent

    def _is_flag(self, name: str) -> bool:
        return self._running.origins.get(name) == "flag"


class ConsentRule:
    """The rule, for steps that are under way."""

    def __init__(self, asks: Callable[[], bool], clock: "Clock") -> None:
        self.asks, self._clock = asks, clock

    def admits(self, transaction: "Transaction", person: int) -> None:
        """Raise ConsentMissing where no template may be made of somebody: a no counts also where nobody is asked."""
        said = consents.latest(transaction, {person}).get(person, {}).get("face")
        holds = said.holds(self._clock.utc()) if said is not None else not self.asks()
        if not holds:
            raise ConsentMissing(people.find_row(transaction, person).external_id, MISSING)

    def keeps(self, transaction: "Transaction", person: int) -> bool:
        """Whether the crop of somebody's photo is kept."""
        said = consents.latest(transaction, {person}).get(person, {}).get("photo")
        return said.holds(self._clock.utc()) if said is not None else not self.asks()

    def admits_new(self, where: str) -> None:
        """Raise ConsentMissing for somebody who is not here yet, and of whom nothing was told."""
        if self.asks():
            raise ConsentMissing(where, MISSING)
