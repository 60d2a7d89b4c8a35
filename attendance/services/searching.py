"""How the gallery is searched, measured once the service runs: which plan, what it loses, what it takes."""

import threading
from typing import TYPE_CHECKING

from attendance.services.outliving import outliving

if TYPE_CHECKING:
    from collections.abc import Callable

    from gallery.search.measured import Measured

NAME = "searching"


class Searching:
    """Measures in a thread of its own, between the searches of others; a plan may change as the gallery grows."""

    def __init__(self, measure: "Callable[[Callable[[], bool]], Measured]") -> None:
        self._measure = measure
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.measured: Measured | None = None
        """What was found; None until it is."""

    def start(self) -> None:
        """Begin; a second time nothing happens."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name=NAME, daemon=True)
            self._thread.start()

    def close(self, timeout_s: float = 2.0) -> None:
        """End, at the latest after so many seconds."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _look(self) -> None:
        with outliving(NAME):
            found = self._measure(self._closing.is_set)
            self.measured = found if found.probes else None
