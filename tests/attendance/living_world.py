"""Faces that were seen before a camera, with what was told of them as living ones, for the tests of what shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from attendance import Attendance
from attendance.live.ruled import Ruled, Wanted
from attendance.liveness import Said
from attendance.records import Decision

LIVE = Said(0.9, 1.0, "parallax", {"nose": 1.1, "error": 0.04, "face_px": 96.0})
PLANE = Said(-1.0, 0.9, "plane", {"curve": 0.2, "nose": 0.1, "due": 1.5})
STILL = Said(0.0, 0.0, "no_motion", {"blocks": 3.0})
SHORT = Said(0.0, 0.0, "too_few_frames", {"moments": 5.0})
TURNED = Said(1.0, 1.0, "turned", {"order": 121.0, "tries": 1.0, "done": 3.0, "asked_1": 0.5, "turned_1": 1.75})
UNTURNED = Said(0.0, 0.0, "no_turn", {"order": 212.0, "tries": 2.0, "done": 1.0})
NONE_WORDS: Mapping[str, Said] = {"planar": SHORT, "surround": STILL}


@dataclass
class Door:
    """A camera before which faces of numbers are seen, and recorded with what cues said of them."""

    app: Attendance
    pipeline: Any
    draw: Any
    seen: list[Decision] = field(default_factory=list)

    def see(self, number: int, cues: Mapping[str, Said] = NONE_WORDS, *, share: int = 90, wanted: Wanted = "review",
            **more: Any) -> Decision:  # fmt: skip
        """A face of this number, as recorded."""
        with Image.open(self.draw(f"seen{len(self.seen)}.png", (number, share))) as picture:
            (joint,) = self.app.judging.judge(
                self.pipeline.faces(np.asarray(picture)), source="door", frame=1, at=self.app.clock.utc(), track=True
            )
        self.seen.append(self.app.desk.record(Ruled(wanted, cues, **more).applied(joint), means="camera"))
        return self.seen[-1]
