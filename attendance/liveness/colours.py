"""The colours that a kiosk's screen shows while it looks, in an order that nobody can guess.

All have the same relative luminance to within 0.01 and the red of none is saturated (at most 0.68 of its light, against
0.8), so that a change between two of them is neither a general nor a red flash by WCAG 2.2 (2.3.1; a flash is a pair of
opposing changes of 0.1 of relative luminance or more, or to or from a saturated red); and where a screen is off its
standard, two changes a second at most are one flash a second at most, against three that are allowed.

Red and blue are high or low, each for itself: two orders in one. Green makes up for their luminance.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LUMINANCE: Final = (0.2126, 0.7152, 0.0722)  # of linear sRGB (IEC 61966-2-1)


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour by its `name` and its `light`, linear red, green and blue from 0 to 1."""

    name: str
    light: tuple[float, float, float]

    @property
    def css(self) -> str:
        """As a page writes it."""
        return "#" + "".join(f"{round(255 * _encoded(each)):02x}" for each in self.light)

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 to 1."""
        return sum(share * each for share, each in zip(LUMINANCE, self.light, strict=True))

    @property
    def redness(self) -> float:
        """Red's share of the light; from 0.8 on WCAG calls a red saturated."""
        return self.light[0] / sum(self.light)


COLOURS: Final = (
    Colour("amber", (0.9, 0.42, 0.02)),
    Colour("sky", (0.02, 0.6, 0.85)),
    Colour("orchid", (0.95, 0.3, 0.95)),
    Colour("green", (0.05, 0.66, 0.05)),
)
STEP_S: Final = 0.55  # from one change to the next; below two a second, also where a page is a frame early


class Order:
    """The colours of one look at a kiosk, drawn one by one as they are due, by `choose` (n) -> 0 to n - 1.

    What comes is not known to anybody, this program included, before it is to be shown.
    """

    def __init__(self, choose: Callable[[int], int] = secrets.randbelow) -> None:
        self._choose = choose
        self._since, self._place = 0.0, -1

    def due(self, time: float) -> int:
        """The place in `COLOURS` to show at this time, in seconds of one clock that does not go back.

        The first call begins; each colour stays for `STEP_S` at least, and is never followed by itself.
        """
        if self._place < 0:
            self._since, self._place = time, self._choose(len(COLOURS))
        elif time - self._since >= STEP_S:
            self._since = time
            self._place = (self._place + 1 + self._choose(len(COLOURS) - 1)) % len(COLOURS)
        return self._place


def _encoded(light: float) -> float:
    """Linear light as sRGB writes it (IEC 61966-2-1), 0 to 1."""
    return float(12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)  # noqa: PLR2004
