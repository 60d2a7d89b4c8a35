"""A home seen with one encoder, of several whose templates lie side by side."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.judge.judging import Judge
    from enroll.pipeline import Pipeline
    from gallery import Gallery


@dataclass(frozen=True, slots=True)
class Side:
    """Its templates, what judges by them, and what makes them, loaded when asked."""

    encoder: str
    gallery: "Gallery"
    judge: "Judge"
    load: "Callable[[], Pipeline]" = field(repr=False)
    track_factor: float = 1.0
