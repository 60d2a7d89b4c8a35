"""Drawn tracks for the tests of the cues: a public-domain portrait on a surface, moved before a camera. No detector."""

import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from attendance.liveness import Moment, moment_of
from enroll.face import Detection

_spec = importlib.util.spec_from_file_location("liveness_scenes", Path(__file__).with_name("scenes.py"))
scenes = importlib.util.module_from_spec(_spec)
sys.modules.setdefault(_spec.name, scenes)
_spec.loader.exec_module(scenes)

# The detector's, in scikit-image's `astronaut` (Eileen Collins; NASA, public domain).
BOX = np.array([177.0, 60.0, 89.0, 117.0])
LANDMARKS = np.array([[199.8, 104.6], [241.4, 104.0], [218.2, 126.6], [202.2, 145.3], [239.7, 144.7]])
LEFT, TOP = 60, 0  # of what is cut out of the photo
SIDE = 300


class Studio:
    """Makes tracks of the portrait on a surface."""

    scenes = scenes

    def __init__(self) -> None:
        self.photo = np.ascontiguousarray(data.astronaut()[TOP : TOP + SIDE, LEFT : LEFT + SIDE])
        self.landmarks = LANDMARKS - [LEFT, TOP]
        rng = np.random.default_rng(5)
        self.room = cv2.resize(rng.integers(40, 220, (24, 32, 3), dtype=np.uint8), (640, 480))

    def plane(self, *, border: bool = True) -> "scenes.Surface":
        """A print: the whole photo, or cut out along the face."""
        if border:
            return scenes.flat(self.photo)
        rows, columns = np.mgrid[:SIDE, :SIDE]
        x, y = BOX[:2] + BOX[2:] / 2 - [LEFT, TOP]
        oval = ((columns - x) / 55) ** 2 + ((rows - y) / 82) ** 2 < 1
        return scenes.flat(self.photo, oval.astype(np.float32))

    def head(self) -> "scenes.Surface":
        """A head with the photo's face."""
        return scenes.head(self.photo, self.landmarks[:2], self.landmarks[3:])

    def moment(
        self,
        surface,
        *,
        yaw=0.0,
        pitch=0.0,
        shift=(0, 0),
        time=0.0,
        seed=0,
        dark=1.0,
        scale=0.8,
        shine=None,
        carried=False,
    ) -> Moment:
        """The surface in this pose, as a camera saw it; landmarks are where they are, give or take half a pixel.

        `shine` is the light of a screen; where the camera is `carried`, the whole picture is shifted.
        """
        rng = np.random.default_rng(seed)
        still = np.zeros(2) if carried else np.array(shift, np.float64)
        centre = (320 + float(still[0]), 240 + float(still[1]))
        pose = scenes.Pose(yaw, pitch, 0.0, centre, scale, scenes.FOCAL / scale)
        drawn = scenes.place(self.room, surface, pose, shine)
        moved = np.array(shift) - still
        drawn = cv2.warpAffine(drawn, np.column_stack([np.eye(2), moved]), (640, 480), borderMode=cv2.BORDER_REPLICATE)
        frame = scenes.camera((drawn * dark).astype(np.uint8), rng)
        landmarks = scenes.project(surface, pose, self.landmarks) + moved + rng.normal(0, 0.5, (5, 2))
        middle = landmarks.mean(0)
        width, height = BOX[2:] * scale
        box = (middle[0] - width / 2, middle[1] - 0.55 * height, width, height)
        return moment_of(frame, Detection(tuple(map(float, box)), landmarks.astype(np.float32), 0.9), time)

    def track(self, surface, *, turn=0.0, axis="yaw", base=4.0, travel=14.0, count=14, **more) -> list[Moment]:
        """The surface turned from `base` on by `turn` degrees about one axis, and carried along."""
        shares = (1 - np.cos(np.linspace(0, 2 * np.pi, count))) / 2
        return [
            self.moment(
                surface,
                **{axis: base + turn * share},
                shift=(travel * share, 0.4 * travel * share),
                time=0.15 * number,
                seed=number,
                **more,
            )
            for number, share in enumerate(shares)
        ]


@pytest.fixture(scope="session")
def studio() -> Studio:
    """Where tracks are made."""
    return Studio()
