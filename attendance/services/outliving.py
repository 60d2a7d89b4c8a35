"""What runs beside the answers for weeks outlives whatever befalls one turn of it."""

import logging
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gallery.errors import GalleryError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG: Final = logging.getLogger("attendance.services")


@contextmanager
def outliving(what: str) -> "Iterator[None]":
    """One turn of what goes on: a database that is locked or full is waited for, all else is logged by its place.

    No message of an error is logged, as that may hold a name.
    """
    try:
        yield
    except GalleryError:
        return
    except Exception as error:  # noqa: BLE001 - the next turn is taken whatever befell this one
        last = traceback.extract_tb(error.__traceback__)[-1]
        LOG.error("%s: %s in %s, line %s", what, type(error).__name__, Path(last.filename).name, last.lineno)  # noqa: TRY400
