"""What is done again and again beside everything else, in a thread of its own, until it is closed."""

import logging
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gallery.errors import GalleryError

LOG: Final = logging.getLogger("attendance.services")


class Rounds:
    """Calls ``work`` round after round, which returns the seconds until the next one, and ``last`` after all of them.

    A database that is locked or full, and what is unforeseen, end one round and no later one: after ``pause_s`` there
    is another. What is unforeseen is logged by where it happened, without what it says, which may hold a name.
    """

    def __init__(
        self, name: str, work: Callable[[], float], *, pause_s: float, last: Callable[[], object] = bool
    ) -> None:
        self._name, self._work, self._pause_s, self._last = name, work, pause_s, last
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def closing(self) -> bool:
        """Whether it is to end."""
        return self._closing.is_set()

    def start(self) -> None:
        """Begin; a second time nothing happens."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._go_on, name=self._name, daemon=True)
            self._thread.start()

    def close(self, timeout_s: float) -> None:
        """End, at the latest after so many seconds."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _go_on(self) -> None:
        try:
            while not self._closing.is_set():
                self._closing.wait(self._round())
        finally:
            self._last()

    def _round(self) -> float:
        try:
            return self._work()
        except GalleryError:
            return self._pause_s
        except Exception as error:  # noqa: BLE001 - the next round is done whatever befalls this one
            last = traceback.extract_tb(error.__traceback__)[-1]
            LOG.error("%s: %s in %s, line %d", self._name, type(error).__name__, Path(last.filename).name, last.lineno)  # noqa: TRY400 - what it says may hold a name
            return self._pause_s
