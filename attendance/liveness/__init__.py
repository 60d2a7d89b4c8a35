"""Cues of liveness: does a track show a face, or a picture of one? Pure, without training data; see docs/liveness.md.

A caller (`attendance.live.living`) keeps a `Track` of `Moment`s of one face and has it judged::

    if track.wants(time):
        track.add(moment_of(frame, detection, time))
    verdict = ask(CUES, track.moments)
"""

from typing import Final

from attendance.liveness.moments import Moment, Track, moment_of
from attendance.liveness.planar import PlanarCue
from attendance.liveness.repeats import RepeatsCue
from attendance.liveness.saying import Cue, Said, Verdict, ask, combine
from attendance.liveness.surround import SurroundCue
from attendance.liveness.texture import TextureCue

CUES: Final[tuple[Cue, ...]] = (PlanarCue(), SurroundCue(), RepeatsCue())
"""The cues that are worth asking, by the figures of docs/liveness.md."""

__all__ = [
    "CUES",
    "Cue",
    "Moment",
    "PlanarCue",
    "RepeatsCue",
    "Said",
    "SurroundCue",
    "TextureCue",
    "Track",
    "Verdict",
    "ask",
    "combine",
    "moment_of",
]
