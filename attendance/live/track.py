"""Which detection of this frame is which face of the last: tracks, held together by place.

A face keeps its track while its picture can be followed to the next detection. Where it cannot (a cut, a slow
camera, somebody passing in front), place alone is no proof, and the caller is asked whether it is the same face.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from enroll.geometry import iou

if TYPE_CHECKING:
    from enroll.face import Detection

Box = tuple[float, float, float, float]
MIN_OVERLAP: Final = 0.3  # intersection over union of a track's box and its next detection
LOST_S: Final = 1.0  # a face that the detector has missed for this long has left
LONGEST_GAP_S: Final = 3.0  # between two detections of a slow computer or camera; after it everybody is new


@dataclass(slots=True, eq=False)
class Track:
    """One face over time; `box` is where it is now, `steady` whether it was followed since its last detection."""

    id: int
    detection: "Detection"
    box: Box
    first_seen: float
    last_seen: float
    steady: bool = True
    hits: int = 1


@dataclass(frozen=True, slots=True)
class Update:
    """What one round of detections did: tracks that were `seen` in it, in its order, and those now `lost`."""

    seen: list[Track]
    lost: list[Track]


SameFace = Callable[[Track, "Detection"], bool]


class Tracker:
    """The tracks of one source. Times are in seconds of any one clock and never fall."""

    def __init__(self, *, lost_s: float = LOST_S, min_overlap: float = MIN_OVERLAP) -> None:
        self.tracks: list[Track] = []
        self._lost_s, self._min_overlap = lost_s, min_overlap
        self._next_id = 1

    def move(self, boxes: Mapping[int, Box | None]) -> None:
        """Put tracks, by id, where they were followed to; None: they could not be."""
        for track in self.tracks:
            box = boxes.get(track.id, track.box)
            track.steady = track.steady and box is not None
            track.box = track.box if box is None else box

    def update(self, detections: "Sequence[Detection]", time: float, same_face: SameFace) -> Update:
        """Give every detection its track, an old or a new one; drop those not seen for too long.

        Where `same_face` raises, nothing has changed.
        """
        chosen = self._match(detections, time - LONGEST_GAP_S, same_face)
        seen = [
            self._continue(chosen[place], detection, time) if place in chosen else self._begin(detection, time)
            for place, detection in enumerate(detections)
        ]
        return Update(seen, self._drop(time - min(self._lost_s, LONGEST_GAP_S)))

    def drain(self) -> list[Track]:
        """End all tracks."""
        ended, self.tracks = self.tracks, []
        return ended

    def _drop(self, since: float) -> list[Track]:
        """End the tracks last seen before a time."""
        lost = [track for track in self.tracks if track.last_seen < since]
        self.tracks = [track for track in self.tracks if track.last_seen >= since]
        return lost

    def _match(self, detections: "Sequence[Detection]", since: float, same_face: SameFace) -> dict[int, Track]:
        """Detection's place to track seen `since`, each once. Followed tracks come first, others have to prove it."""
        places = {place: detection.box for place, detection in enumerate(detections)}
        recent = [track for track in self.tracks if track.last_seen >= since]
        held = self._by_place(places, [track for track in recent if track.steady])
        left = {place: box for place, box in places.items() if place not in held}
        claims = self._by_place(left, [track for track in recent if not track.steady])
        return held | {place: track for place, track in claims.items() if same_face(track, detections[place])}

    def _by_place(self, boxes: Mapping[int, Box], tracks: Sequence[Track]) -> dict[int, Track]:
        """Box to track where they overlap enough, the sum of overlaps as large as can be."""
        if not boxes or not tracks:
            return {}
        from scipy.optimize import linear_sum_assignment

        places = list(boxes)
        table = np.array([[iou(track.box, boxes[place]) for track in tracks] for place in places])
        rows, columns = linear_sum_assignment(table, maximize=True)
        return {
            places[row]: tracks[column]
            for row, column in zip(rows, columns, strict=True)
            if table[row, column] >= self._min_overlap
        }

    def _continue(self, track: Track, detection: "Detection", time: float) -> Track:
        track.detection, track.box, track.last_seen = detection, detection.box, time
        track.steady, track.hits = True, track.hits + 1
        return track

    def _begin(self, detection: "Detection", time: float) -> Track:
        track = Track(self._next_id, detection, detection.box, time, time)
        self._next_id += 1
        self.tracks.append(track)
        return track
