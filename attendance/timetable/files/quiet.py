"""The libraries for calendar files keep state of the whole process: warning filters, and zones of the last file."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_READING: Final = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Within, this thread alone asks those libraries, and what they warn of is silent.

    Two threads that came and went at once would leave the filters of the one to the other for good.
    """
    with _READING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
