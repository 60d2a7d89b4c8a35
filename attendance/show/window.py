"""The live window: the newest picture with its boxes, until q, Esc or the window's own button."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

TITLE: Final = "attendance"
QUIT_KEYS: Final = frozenset({ord("q"), ord("Q"), 27})
_PROBE: Final = "import cv2; cv2.namedWindow('attendance'); cv2.waitKey(1); cv2.destroyAllWindows()"
_PROBE_S: Final = 15.0


def why_no_window(env: Mapping[str, str] = os.environ) -> str:
    """Why a window cannot be opened here; empty when it can.

    Tried out in a process of its own: the window toolkit ends the whole process where a display is named that
    does not answer.
    """
    if sys.platform.startswith("linux") and not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
        return "there is no display"
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            (sys.executable, "-c", _PROBE), capture_output=True, timeout=_PROBE_S, check=False, env=dict(env)
        )
    except subprocess.TimeoutExpired:
        return "the display does not answer"
    return "" if done.returncode == 0 else "the display cannot be used"


class Window:
    """A window that shows RGB pictures; `why_no_window` says first whether there can be one."""

    def __init__(self, title: str = TITLE) -> None:
        import cv2

        self._title = title
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        self._sized = False

    def show(self, pixels: NDArray[np.uint8]) -> bool:
        """Show a picture (H, W, 3) uint8; False when the user wants to stop."""
        import cv2

        if not self._sized:
            cv2.resizeWindow(self._title, pixels.shape[1], pixels.shape[0])
            self._sized = True
        cv2.imshow(self._title, np.ascontiguousarray(pixels[..., ::-1]))
        return self.alive()

    def alive(self) -> bool:
        """Let the window answer its user; False when they want to stop."""
        import cv2

        if cv2.waitKey(1) & 0xFF in QUIT_KEYS:
            return False
        return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) > 0

    def close(self) -> None:
        """Close the window."""
        import cv2

        with contextlib.suppress(cv2.error):  # closed by the user already
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)
