"""How good a face must be to be compared or enrolled: today's numbers, and what a card of a model says instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """How good a face must be; pixels, scales of 0 to 100, degrees, shares of 0 to 1."""

    min_face_px: int
    min_sharpness: int
    min_brightness: int
    max_brightness: int
    max_yaw: float
    max_pitch: float
    min_confidence: float
    max_outside: float
    min_score: int = 0

    def __post_init__(self) -> None:
        if self.min_face_px < 1:
            raise ValueError(f"min_face_px: expected at least 1, got {self.min_face_px}")
        if not 0 <= self.min_brightness < self.max_brightness <= 100:  # noqa: PLR2004 - the scale's end
            raise ValueError(f"brightness: expected 0 to 100, got {self.min_brightness} to {self.max_brightness}")


# Confidences are those of the shipped detector, which gives none below its card's least (0.83) unless a setting asks.
# On 443 development photos the largest faces lie above 0.87, but for profiles that the picture's edge cuts.
# A probe that is refused cannot be recognised, so a check refuses only what no encoder can read.
CHECK_LIMITS: Final = QualityLimits(
    min_face_px=24,
    min_sharpness=15,
    min_brightness=4,
    max_brightness=96,
    max_yaw=85.0,
    max_pitch=60.0,
    min_confidence=0.5,
    max_outside=0.4,
)
# An enrolled photo is compared with everybody for years, and its person stands by to be photographed again.
ENROLL_LIMITS: Final = QualityLimits(
    min_face_px=48,
    min_sharpness=30,
    min_brightness=10,
    max_brightness=92,
    max_yaw=60.0,
    max_pitch=45.0,
    min_confidence=0.85,
    max_outside=0.25,
    min_score=30,
)

_NAMES: Final = {each.name: each.type for each in fields(QualityLimits)}
_NONE: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CardLimits:
    """The limits that a card names, by the names of `QualityLimits`, for checks and for photos that enrol.

    Confidences are a matter of the detector, sharpness and size of the encoder; what neither card names is as above.
    """

    check: Mapping[str, float] = field(default_factory=lambda: _NONE)
    enrol: Mapping[str, float] = field(default_factory=lambda: _NONE)


NO_LIMITS: Final = CardLimits()


def parse_limits(raw: Any) -> CardLimits:
    """Return the block `limits` of a card, `{"check": {...}, "enrol": {...}}`, either of them or both left out.

    None, for a card without one, gives no limits. Raises `ValueError` or `TypeError` for what is no such block.
    """
    if raw is None:
        return NO_LIMITS
    if not isinstance(raw, Mapping) or set(raw) - {"check", "enrol"}:
        raise ValueError(f"limits: expected check and enrol, got {raw!r}")
    parsed = CardLimits(*(_checked(raw.get(stage, _NONE), f"limits.{stage}") for stage in ("check", "enrol")))
    limits_of(parsed)  # together with the others they must make sense
    return parsed


def limits_of(*cards: CardLimits) -> tuple[QualityLimits, QualityLimits]:
    """Return the limits of checks and of photos that enrol; what a later card names goes before an earlier one's."""
    check, enrol = CHECK_LIMITS, ENROLL_LIMITS
    for card in cards:
        check, enrol = _with(check, card.check), _with(enrol, card.enrol)
    return check, enrol


def _with(limits: QualityLimits, named: Mapping[str, float]) -> QualityLimits:
    values: dict[str, Any] = dict(named)
    return replace(limits, **values)


def _checked(raw: Any, where: str) -> Mapping[str, float]:
    if not isinstance(raw, Mapping):
        raise TypeError(f"{where}: expected limits by name, got {raw!r}")
    for name, value in raw.items():
        if name not in _NAMES:
            raise ValueError(f"{where}: there is no limit {name!r}; expected one of {', '.join(_NAMES)}")
        whole = _NAMES[name] in {int, "int"}
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or value < 0:
            kind = "a whole number" if whole else "a number"
            raise TypeError(f"{where}.{name}: expected {kind} from 0 on, got {value!r}")
    return MappingProxyType(dict(raw))
