"""`Tally`: what this process has done since it began, as numbers: faces judged, decisions by ruling, time to write."""

import logging
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from attendance.clock import Clock
    from attendance.records import Decision

LOG: Final = logging.getLogger("attendance.decisions")


@dataclass(frozen=True, slots=True)
class Done:
    """Faces judged, decisions recorded by ruling, and in how many steps and seconds those were written."""

    faces: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    seconds: float = 0.0

    @classmethod
    def sum(cls, parts: "Iterable[Done]") -> "Done":
        """Of several together."""
        faces, decisions, steps, seconds = 0, Counter[str](), 0, 0.0
        for each in parts:
            faces, steps, seconds = faces + each.faces, steps + each.steps, seconds + each.seconds
            decisions += each.decisions
        return cls(faces, decisions, steps, seconds)


class Tally:
    """Counts, and writes each decision into the log as numbers; may be shared by threads."""

    def __init__(self, clock: "Clock") -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._faces = self._steps = 0
        self._seconds = 0.0
        self._decisions = Counter[str]()

    def judged(self, faces: int) -> None:
        """So many faces were compared with the gallery."""
        with self._lock:
            self._faces += faces

    @contextmanager
    def writing(self) -> "Iterator[list[Decision]]":
        """Measures a step that records decisions; those that it came to are put into the list."""
        begun, made = self._clock.monotonic(), list["Decision"]()
        yield made
        with self._lock:
            self._steps += 1
            self._seconds += max(0.0, self._clock.monotonic() - begun)
            self._decisions.update(each.decision for each in made)
        _log(made)

    def done(self) -> Done:
        """What it comes to now."""
        with self._lock:
            return Done(self._faces, Counter(self._decisions), self._steps, self._seconds)


def _log(made: "Sequence[Decision]") -> None:
    for each in made:
        LOG.info("decision", extra={"facts": _facts(each), "names": _names(each)})


def _facts(each: "Decision") -> dict[str, Any]:
    """Numbers and codes alone: whoever is meant is an internal id."""
    return {
        "ruling": each.decision,
        "sighting": each.sighting,
        "mark": each.mark,
        "person": None if each.person is None else each.person.key,
        "gallery_size": each.gallery_size,
        "reasons": list(each.reasons),
    }


def _names(each: "Decision") -> dict[str, str]:
    """What the log holds besides where it may name people."""
    return {} if each.person is None else {"person_id": each.person.id, "person_name": each.person.name}
