"""What one judged face comes to: `Decision`, the same in Python, as JSON and in a mark's evidence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

DecisionKind = Literal["present", "already", "review", "unknown", "refused"]
Liveness = Literal["live", "unsure", "attack"]
SCHEMA = 1
SCORE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person as decisions name them; ``key`` is the gallery's own number and stays out of JSON."""

    id: str
    name: str
    key: int = field(default=0, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As in a decision's JSON: id and name."""
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class ScoredPerson:
    """One of the enrolled people a face was compared with; ``score`` is cohort-normalised, higher is more alike."""

    person: PersonRef
    score: float
    cosine: float

    def to_dict(self) -> dict[str, Any]:
        """As in the ``candidates`` of a decision's JSON."""
        return {**self.person.to_dict(), "score": number(self.score)}


@dataclass(frozen=True, slots=True)
class Decision:
    """One face, judged. ``box`` is x, y, width, height in pixels; ``at`` an aware UTC instant.

    ``person``, ``score``, ``cosine`` belong to the best candidate: with ``unknown`` there is a score but
    no person, with ``refused`` neither. ``margin`` is the lead over the second person (None: there is none).
    ``mark`` and ``sighting`` are what was recorded of it. ``pipeline`` names all that the template comes from, the
    ``encoder`` among it. ``judged`` holds, unrounded, what it takes to decide the same again; it stays out of JSON.
    ``liveness`` is what was told of a living face, None where that was not asked.
    """

    source: str
    at: datetime
    box: tuple[float, float, float, float] | None
    decision: DecisionKind
    threshold: float
    target_fpir: float
    gallery_size: int
    encoder: str
    person: PersonRef | None = None
    score: float | None = None
    cosine: float | None = None
    margin: float | None = None
    candidates: tuple[ScoredPerson, ...] = ()
    quality: Mapping[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    frame: int | None = None
    track: int | None = None
    mark: str | None = None
    sighting: int | None = None
    pipeline: str = ""
    judged: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    liveness: Liveness | None = None

    def __post_init__(self) -> None:
        if self.decision not in get_args(DecisionKind):
            raise ValueError(f"decision must be one of {get_args(DecisionKind)}, not {self.decision!r}")
        if self.liveness is not None and self.liveness not in get_args(Liveness):
            raise ValueError(f"liveness must be one of {get_args(Liveness)} or None, not {self.liveness!r}")
        if self.at.tzinfo is None:
            raise ValueError("a decision's instant must be aware (UTC), not naive")

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of schema 1, keys in their documented order."""
        return {
            "schema": SCHEMA,
            "source": self.source,
            "frame": self.frame,
            "at": instant(self.at),
            "track": self.track,
            "box": None if self.box is None else [round(side) for side in self.box],
            "decision": self.decision,
            "person": None if self.person is None else self.person.to_dict(),
            "score": number(self.score),
            "cosine": number(self.cosine),
            "threshold": number(self.threshold),
            "margin": number(self.margin),
            "target_fpir": self.target_fpir,
            "gallery_size": self.gallery_size,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "quality": dict(self.quality),
            "reasons": list(self.reasons),
            "mark": self.mark,
            "encoder": self.encoder,
            "sighting": self.sighting,
            "liveness": self.liveness,
        }

    def to_json(self) -> str:
        """One line of JSON; refuses NaN and infinity."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a Z, e.g. 2026-03-02T07:58:11.204Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number(value: float | None) -> float | None:
    """As decisions tell it, to six digits."""
    return None if value is None else round(float(value), SCORE_DIGITS)
