"""The log of the service: lines of text, or one JSON object a line, in which nobody is named unless that is asked for.

An error is told by its class and where it happened. Its message may hold a name or a file's, and is left out as well.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import TracebackType

    from attendance.settings import Settings

ROOT: Final = "attendance"
FACTS, NAMES = "facts", "names"
"""What a record may carry: numbers and codes, and what of them names people."""


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at`` (UTC), ``level``, ``logger``, ``event``, and the facts of the record.

    ``always`` is in each of them; people are named where ``names`` holds.
    """

    def __init__(self, *, names: bool, always: dict[str, Any] | None = None) -> None:
        super().__init__()
        self._names, self._always = names, {} if always is None else always

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **self._always,
            **getattr(record, FACTS, {}),
            **(getattr(record, NAMES, {}) if self._names else {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            told |= self._error(record.exc_info[0], record.exc_info[1], record.exc_info[2])
        return json.dumps(told, ensure_ascii=False, default=str)

    def _error(
        self, kind: type[BaseException], error: BaseException | None, trace: "TracebackType | None"
    ) -> dict[str, Any]:
        frames = traceback.extract_tb(trace)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
        return {"error": kind.__name__, "where": where, **({"message": str(error)} if self._names else {})}


def set_up(settings: "Settings", *, debug: bool = False, always: dict[str, Any] | None = None) -> None:
    """Have this program write its log to the standard error output, as the settings say; done once, by the program.

    What is put into ``always`` later is in every line from then on.
    """
    handler = logging.StreamHandler()
    as_json = settings.log_format == "json"
    if as_json:
        handler.setFormatter(JsonLines(names=settings.log_names, always=always))
    else:
        handler.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    if as_json:
        logging.getLogger(ROOT).setLevel(logging.INFO)
    if debug:
        logging.getLogger("attendance.web").setLevel(logging.DEBUG)
