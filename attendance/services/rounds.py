"""What is done again and again beside everything else, in a thread of its own, until it is closed."""

import threading
from collections.abc import Callable

from attendance.services.outliving import outliving


class Rounds:
    """Calls ``work`` round after round, which returns the seconds until the next one, and ``last`` after all of them.

    What befalls one round ends no later one: after ``pause_s`` there is another.
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
                wait_s = self._pause_s
                with outliving(self._name):
                    wait_s = self._work()
                self._closing.wait(wait_s)
        finally:
            self._last()
