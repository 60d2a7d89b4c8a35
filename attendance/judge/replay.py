"""What a decision rests on, as plain numbers to be kept, and the verdict that they come to when decided again.

The numbers are kept unrounded: a score that lies on a threshold must lie there again. Of the other faces of the picture
only what they claim is kept, and only where two of them want the same person: everywhere else each face is judged as if
it were alone.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from attendance.judge.decision import Candidate, Compared, LookalikePairs, Policy, Verdict, claims, decide

FORM: Final = 1
"""Which form the kept numbers have; what has none, or another, cannot be decided again."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One face with all that has a say in the verdict on it; ``beside`` are the other faces, those before it first."""

    policy: Policy
    face: Compared
    alike: LookalikePairs
    beside: tuple[Compared, ...] = ()
    place: int = 0

    def verdict(self) -> Verdict:
        """What it comes to."""
        faces = [*self.beside[: self.place], self.face, *self.beside[self.place :]]
        return decide(faces, self.policy, self.alike)[self.place]

    def to_dict(self) -> dict[str, Any]:
        """As JSON can keep it; people by the gallery's number."""
        told: dict[str, Any] = {"form": FORM, "policy": dataclasses.asdict(self.policy)}
        told["candidates"] = _listed(self.face)
        told["alike"] = [[*sorted(pair), score] for pair, score in self.alike.items()]
        told |= {"refusals": list(self.face.refusals)} if self.face.refusals else {}
        told |= {"doubts": list(self.face.doubts)} if self.face.doubts else {}
        if self.beside:
            told |= {"beside": [_listed(each) for each in self.beside], "place": self.place}
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self | None:
        """What `to_dict` gave; None for what it did not give."""
        try:
            if told["form"] != FORM:
                return None
            face = Compared(_candidates(told["candidates"]), *_words(told, "refusals", "doubts"))
            alike = {frozenset((first, second)): score for first, second, score in told["alike"]}
            beside = tuple(Compared(_candidates(each)) for each in told.get("beside", ()))
            return cls(Policy(**told["policy"]), face, alike, beside, told.get("place", 0))
        except (KeyError, TypeError, ValueError):
            return None


def evidence(faces: Sequence[Compared], policy: Policy, lookalikes: LookalikePairs) -> list[Evidence]:
    """What each of the faces of one picture is judged by, in order."""
    wanted = claims(faces, policy.review_threshold)
    best = {min((-claim, person) for person, claim in people.items())[1] for people in wanted.values()}
    rivals = [] if len(best) == len(wanted) else sorted(wanted)
    return [
        Evidence(
            policy,
            face,
            _pairs(face, lookalikes),
            tuple(Compared(faces[each].candidates) for each in rivals if each != number),
            sum(each < number for each in rivals),
        )
        for number, face in enumerate(faces)
    ]


def _pairs(face: Compared, lookalikes: LookalikePairs) -> LookalikePairs:
    """The remembered pairs of which both are candidates of the face."""
    people = sorted(each.person for each in face.candidates)
    pairs = (frozenset((one, other)) for one in people for other in people if one < other)
    return {pair: lookalikes[pair] for pair in pairs if pair in lookalikes} if lookalikes else {}


def _listed(face: Compared) -> list[list[float | None]]:
    return [[each.person, *map(_plain, (each.score, each.cosine, each.raised))] for each in face.candidates]


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None  # JSON knows no NaN


def _candidates(told: Sequence[Sequence[Any]]) -> tuple[Candidate, ...]:
    return tuple(Candidate(int(each[0]), *(math.nan if n is None else float(n) for n in each[1:4])) for each in told)


def _words(told: Mapping[str, Any], *names: str) -> list[tuple[str, ...]]:
    return [tuple(told.get(name, ())) for name in names]
