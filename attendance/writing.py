"""Result files appear whole or not at all."""

import os
import tempfile
from pathlib import Path

from attendance.errors import OutputFailed


def write_whole(target: Path, text: str) -> None:
    """Write UTF-8 text beside the target, sync it, then put it in place; raises OutputFailed."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)  # noqa: PTH105 - a Path of it would say no more
    except OSError as error:
        raise OutputFailed(str(target), error.strerror or str(error)) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
