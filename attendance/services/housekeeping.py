"""What a service that runs for months lets go by itself: old news, answers, tries, sign-ins, faces kept long enough."""

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from attendance.services.outliving import outliving
from gallery.repositories import answers, attempts, news

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.retention import Retention
    from gallery import Gallery

NEWS_KEPT: Final = timedelta(days=30)
"""How long a page or a program may be away and still hear what it missed."""
ANSWERS_KEPT: Final = timedelta(days=1)
ATTEMPTS_KEPT: Final = timedelta(days=30)
PAUSE_S: Final = 300.0
"""Faces that somebody has settled are to go soon."""


class Housekeeping:
    """Tidies every few minutes, in a thread of its own."""

    def __init__(self, gallery: "Gallery", retention: "Retention", clock: "Clock", actor: "Actor") -> None:
        self._gallery, self._retention, self._clock, self._actor = gallery, retention, clock, actor
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second time nothing happens."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="housekeeping", daemon=True)
            self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """End."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def tidy(self) -> int:
        """Let go what is old; how many records that were."""
        now = self._clock.utc()
        self._retention.purge(self._actor)
        with self._gallery.store.atomic() as transaction:
            gone = (
                news.purge(transaction, now - NEWS_KEPT),
                answers.purge(transaction, now - ANSWERS_KEPT),
                attempts.purge(transaction, now - ATTEMPTS_KEPT),
            )
        return sum(gone)

    def _work(self) -> None:
        while not self._closing.is_set():
            with outliving("housekeeping"):
                self.tidy()
            self._closing.wait(PAUSE_S)
