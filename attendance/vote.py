"""What the frames of one track say together: one template made of many, and a vote before a mark.

A frame votes for a person when its face, judged by itself, comes close enough to them for a review at least.
A mark needs the joint verdict, `vote_frames` such frames, and more votes for this person than for all others.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from attendance.decision import PERSON_TAKEN
from attendance.records import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from enroll.encoder import Encoder
    from enroll.face import Face, Template

FEW_FRAMES: Final = "few_frames"
TRACK_SWITCHED: Final = "track_switched"
KEPT_FACES: Final = 12  # of a track; more of the same person add little to their mean


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One look at a track's face: in which frame, when, and how it was judged by itself (None: it was not)."""

    frame: int
    at: datetime
    face: "Face"
    alone: Decision | None


class Evidence:
    """The best looks at one track's face, and the votes of all of them."""

    def __init__(self) -> None:
        self.looks = 0
        self.switched = False
        self._usable: list[Sighting] = []
        self._best: Sighting | None = None
        self._votes: Counter[str] = Counter()
        self._firm: str | None = None

    @property
    def best(self) -> Sighting | None:
        """The look of the best quality, one that can be judged if there is any."""
        return self._best

    @property
    def templates(self) -> int:
        """How many looks make up the joint template."""
        return len(self._usable)

    def add(self, sighting: Sighting) -> None:
        """Take in one more look."""
        self.looks += 1
        if sighting.alone is not None and sighting.face.template is not None:
            self._vote(sighting.alone)
            self._usable = sorted([*self._usable, sighting], key=_worth, reverse=True)[:KEPT_FACES]
        if self._best is None or _worth(sighting) > _worth(self._best):
            self._best = sighting

    def votes(self, person: str) -> int:
        """How many frames spoke for this person (external id)."""
        return self._votes[person]

    def leader_votes(self) -> int:
        """How many frames spoke for whoever has most."""
        return max(self._votes.values(), default=0)

    def fused(self, encoder: "Encoder") -> "Template | None":
        """The quality-weighted mean of the kept templates, itself a template; None when there are none."""
        return fuse([sighting.face for sighting in self._usable], encoder)

    def settle(self, verdict: Decision, vote_frames: int) -> Decision:
        """The joint `verdict` with what the votes make of it: `present` only with enough of them."""
        if self.switched:
            return _doubt(verdict, TRACK_SWITCHED)
        if verdict.decision != "present" or verdict.person is None:
            return verdict
        votes = self._votes[verdict.person.id]
        enough = votes >= vote_frames and 2 * votes > self._votes.total()
        return verdict if enough else _doubt(verdict, FEW_FRAMES)

    def _vote(self, alone: Decision) -> None:
        if alone.person is None or PERSON_TAKEN in alone.reasons:
            return
        person = alone.person.id
        if alone.decision == "present":
            if self._firm not in (None, person):
                self._switch()
            self._firm = person
        self._votes[person] += 1

    def _switch(self) -> None:
        """Another person in the same track: what was seen before belongs to somebody else."""
        self.switched = True
        self._votes.clear()
        self._usable.clear()
        self._best = None


def fuse(faces: "Sequence[Face]", encoder: "Encoder") -> "Template | None":
    """Join the templates of several looks at one face, weighted by quality (DESIGN: the mean, of unit length).

    The cohort mean belongs to the new vector and is computed from it.
    """
    from enroll.face import Template

    pairs = [(face.template.vector, max(1, face.quality.score)) for face in faces if face.template is not None]
    if not pairs:
        return None
    total = np.sum([vector * weight for vector, weight in pairs], axis=0, dtype=np.float64)
    length = float(np.linalg.norm(total))
    if not length > 0:  # opposite vectors, or a NaN: no direction that anybody could be judged by
        return None
    vector = np.asarray(total / length, np.float32)
    return Template(encoder.id, vector, float(encoder.cohort_means(vector[None])[0]))


def _worth(sighting: Sighting) -> tuple[bool, int]:
    return sighting.face.template is not None, sighting.face.quality.score


def _doubt(verdict: Decision, reason: str) -> Decision:
    """The verdict as a case for a person to look at."""
    person = verdict.person or (verdict.candidates[0].person if verdict.candidates else None)
    return replace(verdict, decision="review", person=person, reasons=(*verdict.reasons, reason))
