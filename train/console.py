"""The one console that training speaks through: stderr, so that stdout carries results alone."""

from functools import cache

from rich.console import Console


@cache
def stderr() -> Console:
    """A Rich console on stderr."""
    return Console(stderr=True)
