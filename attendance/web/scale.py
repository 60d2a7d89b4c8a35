"""Scores on a line: where somebody must look, where a mark is made, and where each candidate stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 1000
"""Of the picture, in its own units; its height is drawn by the page."""
_AROUND: Final = 0.12
"""Of the span that scores and thresholds take, so much more at either end."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A candidate on the line: from the left in units of the picture."""

    at: float
    score: float
    first: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """What is drawn: below ``review`` is nobody, from ``needs`` on a mark is made, between them somebody looks.

    ``review`` is None where it was not kept.
    """

    needs: float
    review: float | None
    dots: tuple[Dot, ...]
    width: int = WIDTH


def scale(needs: float, review: float | None, scores: Sequence[float]) -> Scale:
    """The line for a threshold and the scores of the candidates, best first."""
    marks = [needs, *scores, *([] if review is None else [review])]
    low, high = min(marks), max(marks)
    around = _AROUND * ((high - low) or 1.0)

    def at(value: float) -> float:
        return round(WIDTH * (value - low + around) / (high - low + 2 * around), 1)

    dots = tuple(Dot(at(each), each, first=not number) for number, each in enumerate(scores))
    return Scale(at(needs), None if review is None else at(review), dots)
