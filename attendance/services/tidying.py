"""While the service runs, what has been kept long enough goes by itself: faces, news, old tries."""

import contextlib
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gallery.repositories import news
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.retention import Retention
    from attendance.services.limits import Limits
    from gallery.ports import Database

EVERY_S: Final = 60.0
NEWS: Final = timedelta(days=30)
"""How long news are kept for those who ask what they have missed; what is still on its way to a receiver stays."""


class Tidying:
    """Tidies up at the beginning and then once a minute, in a thread of its own."""

    def __init__(
        self, store: "Database", retention: "Retention", limits: "Limits", clock: "Clock", actor: "Actor"
    ) -> None:
        self._store, self._retention, self._limits, self._clock, self._actor = store, retention, limits, clock, actor
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        if self._thread is None:
            self._closing.clear()
            self._thread = threading.Thread(target=self._run, name="tidying", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End; what is under way is ended first."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def once(self) -> None:
        """Let go what is due now."""
        self._retention.purge(self._actor)
        self._limits.purge()
        with self._store.atomic() as transaction:
            news.purge(transaction, self._clock.utc() - NEWS)

    def _run(self) -> None:
        while True:
            with contextlib.suppress(Refusal):  # a database that is busy or full: the next time will do
                self.once()
            if self._closing.wait(EVERY_S):
                return
