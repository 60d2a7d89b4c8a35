"""Photos that wait, in memory alone and for minutes, while somebody decides whose face it is."""

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

MINUTES: Final = 10
MOST_BYTES: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Held:
    """Photos (name and bytes) of a form whose other fields were ``values``; ``owner`` alone gets them back."""

    owner: str
    photos: Sequence[tuple[str, bytes]]
    values: Mapping[str, Any]
    until: float

    @property
    def size(self) -> int:
        """How many bytes they take."""
        return sum(len(data) for _, data in self.photos)


class Shelf:
    """What is held by one process; the oldest goes where there is too much."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}

    def put(self, owner: str, photos: Sequence[tuple[str, bytes]], values: Mapping[str, Any]) -> str:
        """Hold them; the word by which `get` finds them again."""
        word = secrets.token_urlsafe(18)
        with self._lock:
            self._held[word] = Held(owner, tuple(photos), dict(values), time.monotonic() + MINUTES * 60)
            self._let_go()
        return word

    def get(self, owner: str, word: str) -> Held | None:
        """What this visitor left under the word, None where it is gone."""
        with self._lock:
            self._let_go()
            found = self._held.get(word)
        return found if found is not None and found.owner == owner else None

    def drop(self, word: str) -> None:
        """Let it go."""
        with self._lock:
            self._held.pop(word, None)

    def _let_go(self) -> None:
        now = time.monotonic()
        for word in [word for word, each in self._held.items() if each.until <= now]:
            del self._held[word]
        while len(self._held) > 1 and sum(each.size for each in self._held.values()) > MOST_BYTES:
            del self._held[next(iter(self._held))]


def shelf_of(request: Request) -> Shelf:
    """That of the application."""
    state = request.app.state
    if not hasattr(state, "shelf"):
        state.shelf = Shelf()
    found: Shelf = state.shelf
    return found
