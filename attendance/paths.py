"""Paths as text that can be stored and printed everywhere."""

import os
from pathlib import Path


def shown_path(path: Path | str) -> str:
    """The path as text; bytes that are no UTF-8 are shown as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
