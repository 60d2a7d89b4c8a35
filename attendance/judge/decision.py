"""Who is it, or nobody? One pure function decides, for all faces of a frame together.

A face is ``present`` when its best person scores at least the threshold, leads the second person by the
margin and every remembered look-alike by a clear lead, no other face of the frame has the better claim to that
person, and nothing seen in the picture makes the face doubtful. Else it is ``review`` from the review threshold on, and
``unknown`` below. Scores are cohort-normalised similarities, higher is more alike.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from attendance.settings import LOOKALIKE_MARGIN

Ruling = Literal["present", "review", "unknown", "refused"]

# Reasons given with a review (the first four), an unknown and a refusal.
CLOSE_CALL = "close_call"
SMALL_LEAD = "small_lead"
LOOK_ALIKE = "look_alike"
PERSON_TAKEN = "person_taken"
GALLERY_EMPTY = "gallery_empty"
NOT_FINITE = "not_finite"
MARK_VOIDED = "mark_voided"  # the review of a decision whose mark somebody has voided


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers a frame is judged by; thresholds and margin in units of score.

    ``gallery_size`` is the number of people searched, ``target_fpir`` the share of strangers that may be
    taken for one of them; ``overridden`` says that the threshold was set by hand, not from these two.
    ``lookalike_margin`` is the lead over a remembered look-alike that counts as clear.
    """

    threshold: float
    review_threshold: float
    margin: float
    target_fpir: float
    gallery_size: int
    overridden: bool = False
    lookalike_margin: float = LOOKALIKE_MARGIN

    def __post_init__(self) -> None:
        numbers = (self.threshold, self.review_threshold, self.margin, self.target_fpir, self.lookalike_margin)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"a policy's numbers must be finite, not {numbers}")
        if self.review_threshold > self.threshold:
            raise ValueError(f"review_threshold {self.review_threshold} lies above threshold {self.threshold}")
        if min(self.margin, self.lookalike_margin, self.gallery_size) < 0 or not 0 < self.target_fpir < 1:
            raise ValueError(f"margins and gallery_size must be 0 or more, target_fpir within 0..1: {self}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enrolled person (the gallery's number) and how alike the face is to their best template.

    ``raised`` is what this person needs above a policy's thresholds, as many others enrolled are like them.
    """

    person: int
    score: float
    cosine: float
    raised: float = 0.0

    @property
    def cleared(self) -> float:
        """The score that counts before a threshold."""
        return self.score - self.raised


@dataclass(frozen=True, slots=True)
class Compared:
    """One face of a frame: its candidates (each person once, any order) or why it cannot be judged.

    ``doubts`` are reasons, found in the picture, for which a person must look before anybody is present by it.
    """

    candidates: tuple[Candidate, ...] = ()
    refusals: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ruling on one face; ``best`` is its best candidate, ``margin`` the lead over the second (None: no second)."""

    ruling: Ruling
    best: Candidate | None = None
    margin: float | None = None
    reasons: tuple[str, ...] = ()

    def doubted(self, reasons: tuple[str, ...]) -> "Verdict":
        """The same as a review for these reasons, too; as it is where there are none."""
        return Verdict("review", self.best, self.margin, (*self.reasons, *reasons)) if reasons else self


LookalikePairs = Mapping[frozenset[int], float]
"""Two people to the score that their closest templates have with each other."""
_NO_PAIRS: Final[LookalikePairs] = MappingProxyType({})


def decide(faces: Sequence[Compared], policy: Policy, lookalikes: LookalikePairs = _NO_PAIRS) -> list[Verdict]:
    """One verdict a face, in the faces' order; no person is ``present`` twice.

    ``lookalikes`` holds pairs of people remembered as hard to tell apart, with the score between their templates.
    """
    ranked = [_ranked(face) for face in faces]
    winners = _assign(ranked, policy.review_threshold)
    return [
        Verdict("refused", reasons=face.refusals or (NOT_FINITE,))
        if candidates is None
        else _judge(candidates, policy, lookalikes, wins=number in winners, doubts=face.doubts)
        for number, (face, candidates) in enumerate(zip(faces, ranked, strict=True))
    ]


def _ranked(face: Compared) -> list[Candidate] | None:
    """Best first; None for a face that cannot be judged."""
    if face.refusals or not all(_finite(candidate) for candidate in face.candidates):
        return None
    return sorted(face.candidates, key=lambda candidate: (-candidate.score, candidate.person))


def _finite(candidate: Candidate) -> bool:
    return all(map(math.isfinite, (candidate.score, candidate.cosine, candidate.raised)))


def _assign(ranked: Sequence[list[Candidate] | None], floor: float) -> set[int]:
    """Numbers of the faces that get their own best person when each person is given out once.

    Only candidates at or above ``floor`` compete: a stranger's noise must not push anybody aside.
    """
    given = _best_matching(_claims(ranked, floor))
    return {face for face, person in given.items() if _best_person(ranked[face]) == person}


def claims(faces: Sequence[Compared], floor: float) -> dict[int, dict[int, float]]:
    """By number of a face that competes, whom it may be: by person how far their score lies above ``floor``."""
    return _claims([_ranked(face) for face in faces], floor)


def _claims(ranked: Sequence[list[Candidate] | None], floor: float) -> dict[int, dict[int, float]]:
    return {
        face: {c.person: c.cleared - floor for c in candidates if c.cleared >= floor}
        for face, candidates in enumerate(ranked)
        if candidates and candidates[0].cleared >= floor
    }


def _best_person(candidates: list[Candidate] | None) -> int | None:
    return candidates[0].person if candidates else None


def _best_matching(claims: dict[int, dict[int, float]]) -> dict[int, int]:
    """Face to person, each person once, the sum of all claims as large as can be."""
    best = {face: min(wanted, key=lambda person: (-wanted[person], person)) for face, wanted in claims.items()}
    if len(set(best.values())) == len(best):  # no two faces want the same person: nothing can be better
        return best
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    faces = sorted(claims)
    people = sorted({person for wanted in claims.values() for person in wanted})
    # A claim just at the floor must still beat having none.
    table = np.array([[claims[face].get(person, -1.0) + 1e-9 for person in people] for face in faces])
    rows, columns = linear_sum_assignment(np.maximum(table, 0.0), maximize=True)
    pairs = ((faces[row], people[column]) for row, column in zip(rows, columns, strict=True))
    return {face: person for face, person in pairs if person in claims[face]}


def _judge(
    candidates: list[Candidate], policy: Policy, lookalikes: LookalikePairs, *, wins: bool, doubts: tuple[str, ...]
) -> Verdict:
    if not candidates:
        return Verdict("unknown", reasons=(GALLERY_EMPTY,) if policy.gallery_size == 0 else ())
    best = candidates[0]
    margin = best.score - candidates[1].score if len(candidates) > 1 else None
    if best.cleared < policy.review_threshold:
        return Verdict("unknown", best, margin)
    found = {
        CLOSE_CALL: best.cleared < policy.threshold,
        SMALL_LEAD: margin is not None and margin < policy.margin,
        LOOK_ALIKE: _has_rival(candidates, policy, lookalikes),
        PERSON_TAKEN: not wins,
    }
    reasons = (*(reason for reason, holds in found.items() if holds), *doubts)
    return Verdict("review" if reasons else "present", best, margin, reasons)


def _has_rival(candidates: list[Candidate], policy: Policy, lookalikes: LookalikePairs) -> bool:
    """Whether a remembered look-alike of the best person is a serious candidate whom it does not clearly lead."""
    best, *others = candidates
    return any(
        other.score >= policy.review_threshold
        and (alike := lookalikes.get(frozenset((best.person, other.person)))) is not None
        and best.score - other.score < _clear_lead(policy, alike)
        for other in others
    )


def _clear_lead(policy: Policy, alike: float) -> float:
    """The lead that tells two people apart whose templates score ``alike``: twins need one that they never have."""
    return max(policy.margin, policy.lookalike_margin, alike)
