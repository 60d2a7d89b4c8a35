"""What a service that runs for months lets go by itself: old news, answers, tries, faces kept long enough."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from attendance.services.idempotency import KEPT
from attendance.services.rounds import Rounds
from gallery.repositories import answers, attempts, changes, news

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.retention import Retention
    from attendance.services.consents import Consents
    from gallery import Gallery

NEWS_KEPT: Final = timedelta(days=30)
"""How long a page or a program may be away and still hear what it missed."""
ATTEMPTS_KEPT: Final = timedelta(days=30)
PAUSE_S: Final = 300.0
"""Faces that somebody has settled are to go soon."""


class Housekeeping:
    """Tidies every few minutes, in a thread of its own."""

    def __init__(
        self,
        gallery: "Gallery",
        retention: "Retention",
        consents: "Consents",
        clock: "Clock",
        actor: "Actor",
    ) -> None:
        self._consents = consents
        self._gallery, self._retention, self._clock, self._actor = gallery, retention, clock, actor
        self._rounds = Rounds("housekeeping", self._work, pause_s=PAUSE_S)

    def start(self) -> None:
        """Begin; a second time nothing happens."""
        self._rounds.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """End."""
        self._rounds.close(timeout_s)

    def tidy(self) -> int:
        """Let go what is old; how many records that were."""
        now = self._clock.utc()
        self._retention.purge(self._actor)
        self._consents.lapse(now)
        with self._gallery.store.atomic() as transaction:
            gone = (
                news.purge(transaction, now - NEWS_KEPT),
                answers.purge(transaction, now - KEPT),
                attempts.purge(transaction, now - ATTEMPTS_KEPT),
                changes.forget_old(transaction),
            )
        return sum(gone)

    def _work(self) -> float:
        self.tidy()
        return PAUSE_S
