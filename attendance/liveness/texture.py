"""Whether a face carries the lines of a screen: its pixels, or the moire between them and the camera's.

What is regular stands out of the spectrum as a peak, and so does nothing on a face. Only the highest peak of the face,
by the spectrum around it, is asked, moment by moment. What a camera or a codec itself draws is everywhere, so that the
peak must not be as high beside the face.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.moments import Moment, median_face_px, spread
from attendance.liveness.saying import TOO_DARK, Said, rising, silent, too_little

MOMENTS: Final = 4
FACE_PX: Final = 50.0
DARK: Final = 25.0
LOOKED_AT: Final = 8
SIDE: Final = 96  # view pixels of the square that is looked at, in the view's middle
LOWEST: Final = 0.12  # cycles a pixel; below it faces have lines of their own
SOFT: Final = 2.5  # pixels: what is coarser is taken away
LOCAL: Final = 6.0  # pixels over which contrast is made even
AROUND: Final = 21  # bins of the spectrum that a peak is compared with
PEAK: Final = (8.0, 12.0)  # by the spectrum around it: no word against a live face, a full one


@dataclass(frozen=True, slots=True)
class TextureCue:
    """Finds screens by the lines of their pixels; for a live face it never speaks."""

    id: str = "texture"

    def judge(self, moments: Sequence[Moment]) -> Said:
        """Look for a peak in the spectrum of the face."""
        lacking = too_little(moments, MOMENTS, FACE_PX)
        if lacking is not None:
            return lacking
        size = median_face_px(moments)
        faces = [_face(moments[place]) for place in spread(len(moments), LOOKED_AT)]
        if float(np.mean([face.mean() for face in faces])) < DARK:
            return silent(TOO_DARK, {"face_px": size})
        peak = float(np.median([peak_of(face) for face in faces]))
        against = rising(peak, PEAK)
        return Said(-against, 1.0, "lines", {"peak": peak}) if against else silent("no_lines", {"peak": peak})


def peak_of(grey: NDArray[np.float32]) -> float:
    """The highest peak of the spectrum (SIDE, SIDE) above `LOWEST`, by the mean of the spectrum around it."""
    import cv2

    fine = grey - cv2.GaussianBlur(grey, (0, 0), SOFT)
    even = fine / (np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), LOCAL)) + 1.0)
    power: Any = np.fft.fftshift(np.abs(np.fft.fft2(even * _WINDOW)) ** 2).astype(np.float32)
    ratio = cv2.blur(power, (3, 3)) / np.maximum(cv2.blur(power, (AROUND, AROUND), borderType=cv2.BORDER_REFLECT), 1e-9)
    return float(ratio[_BAND].max())


def _face(moment: Moment) -> NDArray[np.float32]:
    import cv2

    grey = cv2.cvtColor(moment.view, cv2.COLOR_RGB2GRAY)
    start = (len(grey) - SIDE) // 2
    return np.asarray(grey[start : start + SIDE, start : start + SIDE], np.float32)


_WINDOW: Final = np.outer(np.hanning(SIDE), np.hanning(SIDE))
_FREQUENCIES: Final = np.fft.fftshift(np.fft.fftfreq(SIDE))
_RADIUS: Final = np.hypot(_FREQUENCIES[:, None], _FREQUENCIES)
_BAND: Final = (_RADIUS > LOWEST) & (_RADIUS < 0.5)  # noqa: PLR2004 - the finest that pixels show
