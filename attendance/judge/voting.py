"""What the single looks at a track say of its joint decision."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from attendance.judge.decision import Verdict

FEW_FRAMES: Final = "few_frames"
TRACK_SWITCHED: Final = "track_switched"


@dataclass(frozen=True, slots=True)
class Vote:
    """How many of the looks ``kept`` ``agree`` on the person, and how many are ``needed``.

    ``switched`` says that the track turned into somebody else, ``doubts`` what screens found in the looks.
    """

    agree: int
    kept: int
    needed: int
    switched: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether as many agree as are needed, and more than half of the looks."""
        return self.agree >= self.needed and 2 * self.agree > self.kept

    def reasons(self, ruling: str) -> tuple[str, ...]:
        """Why somebody must look though the joint decision has this ruling; none where it stands."""
        if self.switched:
            return (TRACK_SWITCHED,)
        if ruling != "present":
            return ()
        return self.doubts if self.enough else (FEW_FRAMES,)

    def settled(self, verdict: Verdict) -> Verdict:
        """The joint verdict with what the vote makes of it."""
        return verdict.doubted(self.reasons(verdict.ruling))

    def to_dict(self) -> dict[str, Any]:
        """As JSON can keep it."""
        return {**asdict(self), "doubts": list(self.doubts)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        return cls(**{**told, "doubts": tuple(told["doubts"])})
