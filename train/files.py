"""Files that appear whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """A hidden name beside `path` to write to; in the end it replaces `path`, after an error it is gone.

    With `sync` what was written is on the disk before it takes the name: a power cut leaves the old file or the new.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        if sync:
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def save_json(path: Path, facts: object) -> None:
    """Write facts as JSON that people can read."""
    save_text(path, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def save_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    with whole(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
