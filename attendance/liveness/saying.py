"""What a cue says of a track, and what all of them say together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from attendance.liveness.moments import Moment, median_face_px

Ruling = Literal["live", "unsure", "attack"]

CUE_FAILED: Final = "cue_failed"
TOO_FEW_FRAMES: Final = "too_few_frames"
TOO_SMALL: Final = "too_small"
TOO_DARK: Final = "too_dark"
NO_MOTION: Final = "no_motion"


@dataclass(frozen=True, slots=True)
class Said:
    """What one cue says of one track.

    `score` runs from -1 (speaks for an attack) to 1 (speaks for a live face), `quality` from 0 (cannot tell; `why` says
    for what reason, as a code) to 1. `measured` are the numbers it rests on, all finite.
    """

    score: float
    quality: float
    why: str
    measured: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not -1.0 <= self.score <= 1.0:  # a NaN fails here, too
            raise ValueError(f"score: expected -1 to 1, got {self.score}")
        if not 0.0 <= self.quality <= 1.0:
            raise ValueError(f"quality: expected 0 to 1, got {self.quality}")
        if not isinstance(self.why, str) or not self.why:
            raise ValueError(f"why: expected a code, got {self.why!r}")
        if not all(isinstance(key, str) and math.isfinite(value) for key, value in self.measured.items()):
            raise ValueError(f"measured: expected finite numbers by name, got {dict(self.measured)}")

    @property
    def weight(self) -> float:
        """The score as far as it can be trusted, -1 to 1."""
        return self.score * self.quality

    def to_dict(self) -> dict[str, object]:
        """All of it as plain values."""
        numbers = {key: round(float(value), 4) for key, value in self.measured.items()}
        return {
            "score": round(float(self.score), 3),
            "quality": round(float(self.quality), 3),
            "why": self.why,
            "measured": numbers,
        }


def silent(why: str, measured: Mapping[str, float] | None = None) -> Said:
    """A cue that cannot tell."""
    return Said(0.0, 0.0, why, measured or {})


def too_little(moments: Sequence[Moment], least: int, face_px: float) -> Said | None:
    """What a cue says that needs so many moments, of a face of that size; None where it has both."""
    if len(moments) < least:
        return silent(TOO_FEW_FRAMES, {"moments": len(moments)})
    size = median_face_px(moments)
    return silent(TOO_SMALL, {"face_px": size}) if size < face_px else None


def rising(value: float, ends: tuple[float, float]) -> float:
    """0 up to the first end, 1 from the second on, straight between."""
    return min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))


def falling(value: float, ends: tuple[float, float]) -> float:
    """1 up to the first end, 0 from the second on, straight between."""
    return 1.0 - rising(value, ends)


class Cue(Protocol):
    """Looks at a track for one kind of evidence. Keeps no state, may be shared by threads."""

    @property
    def id(self) -> str:
        """The cue's name."""
        ...

    def judge(self, moments: Sequence[Moment]) -> Said:
        """What speaks for a live face or against it in these moments, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the cues say together, and each by its name."""

    ruling: Ruling
    said: Mapping[str, Said]

    def to_dict(self) -> dict[str, object]:
        """All of it as plain values, for evidence."""
        return {"ruling": self.ruling, "cues": {name: each.to_dict() for name, each in self.said.items()}}


ATTACK_FROM: Final = 0.5  # of a cue's weight against a live face; one that strong is enough
LIVE_FROM: Final = 0.5  # of a cue's weight for a live face, where no cue's weight against one is `AGAINST`
AGAINST: Final = 0.2


def ask(cues: Sequence[Cue], moments: Sequence[Moment]) -> Verdict:
    """Ask each cue and combine the answers; one that raises, or says what cannot be, has no say."""
    return combine({cue.id: _asked(cue, moments) for cue in cues})


def combine(said: Mapping[str, Said]) -> Verdict:
    """One strong word against a live face is an attack; else one strong word for it makes it live; else unsure.

    Weights are not summed: no number of words for a live face outweighs a frame around it.
    """
    weights = [each.weight for each in said.values()]
    worst, best = min(weights, default=0.0), max(weights, default=0.0)
    if worst <= -ATTACK_FROM:
        return Verdict("attack", said)
    return Verdict("live" if best >= LIVE_FROM and worst > -AGAINST else "unsure", said)


def _asked(cue: Cue, moments: Sequence[Moment]) -> Said:
    try:
        said: object = cue.judge(moments)
    except Exception:  # noqa: BLE001 - whatever it is: the cue has no say, the others have
        return silent(CUE_FAILED)
    return said if isinstance(said, Said) else silent(CUE_FAILED)
