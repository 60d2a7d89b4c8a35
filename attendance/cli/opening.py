"""Opening a home for a command."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from attendance.access import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from attendance.app import Attendance
    from attendance.settings import Value


@contextmanager
def writing(
    home: "Path | None", flags: "Mapping[str, Value] | None" = None, *, preload: bool = False
) -> "Iterator[Attendance]":
    """The home, made on first use; with ``preload`` detector and encoder load meanwhile."""
    from attendance.app import Attendance

    with Attendance.open(home, flags=flags, preload=preload, actor=_actor()) as app:
        yield app


@contextmanager
def changing(home: "Path | None") -> "Iterator[Attendance]":
    """A home that must be there already."""
    from attendance.app import Attendance

    with Attendance.open(home, create=False, actor=_actor()) as app:
        yield app


@contextmanager
def reading(
    home: "Path | None", flags: "Mapping[str, Value] | None" = None, *, preload: bool = False
) -> "Iterator[Attendance]":
    """The home, opened so that nothing can be written; it may lie where this account may only read."""
    from attendance.app import Attendance

    with Attendance.open(home, flags=flags, create=False, read_only=True, preload=preload, actor=_actor()) as app:
        yield app


def _actor() -> Actor:
    return Actor.of_account("cli")
