"""Whether a small network takes what it sees for a picture of a face. Not asked by the product, see docs/liveness.md.

The network is handed in: this package knows pixels and points, no model file and no run time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.moments import VIEW_SIDE, Moment, spread
from attendance.liveness.saying import CUE_FAILED, TOO_DARK, Said, rising, silent, too_little

Views = NDArray[np.float32]
Network = Callable[[Views], NDArray[np.float32]]
"""How likely each of the views (n, 3, 192, 192), RGB as `(x - 127.5) / 128`, is of a picture: (n,), 0 to 1."""

MOMENTS: Final = 4
FACE_PX: Final = 40.0  # the smallest that the network was trained on
DARK: Final = 25.0
LOOKED_AT: Final = 6
CALLED: Final = (0.75, 0.95)  # of the middle moment: no word against a live face, a full one; docs/liveness.md


@dataclass(frozen=True, slots=True)
class PrintedCue:
    """Asks a network that was trained on simulated pictures; for a live face it never speaks."""

    network: Network
    called: tuple[float, float] = CALLED
    id: str = "printed"

    def judge(self, moments: Sequence[Moment]) -> Said:
        """Ask of several moments; the middle answer counts."""
        lacking = too_little(moments, MOMENTS, FACE_PX)
        if lacking is not None:
            return lacking
        views = [moments[place].view for place in spread(len(moments), LOOKED_AT)]
        if any(view.shape != (VIEW_SIDE, VIEW_SIDE, 3) for view in views):
            return silent("other_view")
        if float(np.mean(views)) < DARK:
            return silent(TOO_DARK, {"grey": float(np.mean(views))})
        answers = np.asarray(self.network(as_input(views)), np.float64)
        if answers.shape != (len(views),) or not np.isfinite(answers).all():
            return silent(CUE_FAILED)
        likely = float(np.median(answers))
        against = rising(likely, self.called)
        return (
            Said(-against, 1.0, "as_a_picture", {"likely": likely})
            if against
            else silent("as_a_face", {"likely": likely})
        )


def as_input(views: Sequence[NDArray[np.uint8]]) -> Views:
    """Views (V, V, 3) as the network takes them: (n, 3, V, V)."""
    planes = np.stack(views).transpose(0, 3, 1, 2).astype(np.float32)
    return np.ascontiguousarray((planes - 127.5) / 128)
