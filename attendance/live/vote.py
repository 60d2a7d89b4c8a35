"""What the frames of one track say together: one template made of many, and a vote before a mark.

The looks of the best quality are kept. Their mean is judged jointly, and each votes for the person it was found
to be `present` as by itself. A mark needs the joint decision, `vote_frames` such votes, and those of more than
half of the looks kept: a stranger who crosses the threshold now and then gets none. And the screens that watch tracks
must have no doubt of these looks.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from attendance.judge.voting import Vote
from attendance.records import Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enroll.face import Face, Template
    from enroll.stages import Encoder

VOTE: Final = "vote"
"""Under which what a decision rests on tells how the looks voted."""
KEPT_FACES: Final = 12  # of a track; more of the same person add little to their mean


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look at a track's face: in which frame, when, and how it was judged by itself (None: it was not)."""

    frame: int
    at: datetime
    face: "Face"
    alone: Decision | None

    @property
    def voted(self) -> str | None:
        """The person this look alone is sure of, by external id."""
        alone = self.alone
        return None if alone is None or alone.decision != "present" or alone.person is None else alone.person.id


class Looks:
    """The best looks at one track's face; at least `vote_frames` of them are kept.

    `doubts` tells why a person must look before these faces, in the order seen, make a mark.
    """

    def __init__(self, vote_frames: int, doubts: "Callable[[Sequence[Face]], tuple[str, ...]]" = lambda _: ()) -> None:
        self._doubts = doubts
        self._doubted: tuple[int, tuple[str, ...]] = (0, ())
        self.count = 0
        self.switched = False
        self._vote_frames = vote_frames
        self._kept: list[Look] = []
        self._best: Look | None = None
        self._firm: str | None = None

    @property
    def best(self) -> Look | None:
        """The look of the best quality, one that can be judged if there is any."""
        return self._best

    def add(self, look: Look) -> None:
        """Take in one more look."""
        self.count += 1
        person = look.voted
        if person is not None:
            if self._firm not in (None, person):
                self._switch()
            self._firm = person
        if look.alone is not None and look.face.template is not None:
            most = max(KEPT_FACES, self._vote_frames)
            self._kept = sorted([*self._kept, look], key=_worth, reverse=True)[:most]
        if self._best is None or _worth(look) > _worth(self._best):
            self._best = look

    def votes(self) -> int:
        """How many of the looks kept agree on a person; there is never a second one."""
        return sum(look.voted is not None for look in self._kept)

    def fused(self, encoder: "Encoder") -> "Template | None":
        """The quality-weighted mean of the kept templates, itself a template; None when there are none."""
        return fuse([look.face for look in self._kept], encoder)

    def settle(self, joint: Decision) -> Decision:
        """The `joint` decision with what votes and screens make of it: `present` only with enough and without doubt."""
        vote = self._vote(joint)
        told = replace(joint, judged={**joint.judged, VOTE: vote.to_dict()}) if joint.judged else joint
        return _doubt(told, *vote.reasons(joint.decision))

    def _vote(self, joint: Decision) -> Vote:
        person = joint.person.id if joint.decision == "present" and joint.person is not None else None
        agree = 0 if person is None else sum(look.voted == person for look in self._kept)
        vote = Vote(agree, len(self._kept), self._vote_frames, self.switched)
        return replace(vote, doubts=self._screened()) if vote.enough and not self.switched else vote

    def _screened(self) -> tuple[str, ...]:
        """What is doubtful in the looks kept; asked once for each number of looks taken in."""
        if self._doubted[0] != self.count:
            kept = sorted(self._kept, key=lambda look: look.frame)
            self._doubted = self.count, self._doubts([look.face for look in kept])
        return self._doubted[1]

    def _switch(self) -> None:
        """Another person in the same track: what was seen before belongs to somebody else."""
        self.switched = True
        self._kept.clear()
        self._best = None


def fuse(faces: "Sequence[Face]", encoder: "Encoder") -> "Template | None":
    """Join the templates of several looks at one face, weighted by quality (DESIGN: the mean, of unit length).

    The cohort mean belongs to the new vector and is computed from it. Looks that another encoder has embedded, before
    this one was put in force, are left out.
    """
    from enroll.face import Template
    from enroll.naming import encoder_of

    usable = [(face.template, max(1, face.quality.score)) for face in faces if face.template is not None]
    pairs = [(template, weight) for template, weight in usable if encoder_of(template.pipeline_id) == encoder.id]
    if not pairs:
        return None
    total = np.sum([template.vector * weight for template, weight in pairs], axis=0, dtype=np.float64)
    length = float(np.linalg.norm(total))
    if not length > 0:  # opposite vectors, or a NaN: no direction that anybody could be judged by
        return None
    vector = np.asarray(total / length, np.float32)
    return Template(pairs[0][0].pipeline_id, vector, float(encoder.cohort_means(vector[None])[0]))


def _worth(look: Look) -> tuple[bool, int]:
    return look.face.template is not None, look.face.quality.score


def _doubt(joint: Decision, *reasons: str) -> Decision:
    """The joint decision as a case for a person to look at, for these reasons; as it is where there are none."""
    if not reasons:
        return joint
    person = joint.person or (joint.candidates[0].person if joint.candidates else None)
    return replace(joint, decision="review", person=person, reasons=(*joint.reasons, *reasons))
