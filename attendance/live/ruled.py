"""What was told of a living face on one track, as it is kept with a decision, and what it makes of the decision.

The words of the cues are kept unrounded, with the numbers that they are combined by, so that they come to the same
ruling again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self, get_args

from attendance.judge.decision import Verdict
from attendance.liveness.saying import AGAINST, ATTACK_FROM, CUE_FAILED, LIVE_FROM, Ruling, Said
from attendance.records import Decision

LIVENESS: Final = "liveness"
"""Under which what a decision rests on tells what was told of a living face."""
LIVENESS_ATTACK: Final = "liveness_attack"
LIVENESS_UNSURE: Final = "liveness_unsure"
OTHER_FACE: Final = "other_face"
"""Why nobody is live by what was seen of a track: another face was on it meanwhile."""
VIRTUAL_CAMERA: Final = "virtual_camera"  # a reason against the source itself
FORM: Final = 1
"""Which form the kept numbers have; what has another cannot be combined again."""

Wanted = Literal["off", "review", "require"]
"""What a track must be for a mark: nothing; no attack; live."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The weights, 0 to 1, from which on one word of a cue counts; see `attendance.liveness.saying.combine`."""

    attack: float = ATTACK_FROM
    live: float = LIVE_FROM
    against: float = AGAINST

    def __post_init__(self) -> None:
        if not all(0 < each <= 1 for each in (self.attack, self.live, self.against)):
            raise ValueError(f"expected weights above 0 and up to 1, got {self}")


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the `cues` said by name, and what was asked for.

    `asked` says that the person was asked to do something, or had to be: then nobody is live who did not do it, by what
    the cue named `challenge` says. `distrust` are reasons against the source itself.
    """

    wanted: Wanted
    cues: Mapping[str, Said] = field(default_factory=dict)
    asked: bool = False
    challenge: str = ""
    distrust: tuple[str, ...] = ()
    bounds: Bounds = Bounds()

    def __post_init__(self) -> None:
        if self.wanted not in get_args(Wanted):
            raise ValueError(f"wanted: expected one of {get_args(Wanted)}, got {self.wanted!r}")

    @property
    def ruling(self) -> Ruling:
        """As `combine` says; but nobody is live where a cue failed, faces changed, or what was asked is not done."""
        weights = [each.weight for each in self.cues.values()]
        worst, best = min(weights, default=0.0), max(weights, default=0.0)
        if worst <= -self.bounds.attack:
            return "attack"
        if best < self.bounds.live or worst <= -self.bounds.against or self._lacks():
            return "unsure"
        return "live"

    @property
    def passed(self) -> bool:
        """Whether the person has done what was asked."""
        said = self.cues.get(self.challenge)
        return said is not None and said.weight >= self.bounds.live

    def _lacks(self) -> bool:
        failed = any(each.why in {CUE_FAILED, OTHER_FACE} for each in self.cues.values())
        return failed or (self.asked and not self.passed)

    def reasons(self, decision: str) -> tuple[str, ...]:
        """Why somebody must look at a face that is `present`, or at a `review` besides; none where it stands."""
        if decision not in {"present", "review"}:
            return ()
        ruling = self.ruling
        if ruling == "attack":
            return (*self.distrust, LIVENESS_ATTACK)
        unproven = ruling == "unsure" and (self.asked or self.wanted == "require")
        return (*self.distrust, LIVENESS_UNSURE) if unproven else self.distrust

    def applied(self, settled: Decision) -> Decision:
        """The decision with its liveness, with what it rests on, and as a review where there are reasons."""
        judged = {**settled.judged, LIVENESS: self.to_dict()}
        told = replace(settled, liveness=self.ruling, judged=judged)
        reasons = self.reasons(settled.decision)
        return replace(told, decision="review", reasons=(*settled.reasons, *reasons)) if reasons else told

    def settled(self, verdict: Verdict) -> Verdict:
        """The same of a verdict that is decided again."""
        return verdict.doubted(self.reasons(verdict.ruling))

    def to_dict(self) -> dict[str, Any]:
        """As JSON can keep it."""
        told: dict[str, Any] = {"form": FORM, "wanted": self.wanted, "asked": self.asked, "challenge": self.challenge}
        told |= {"distrust": list(self.distrust), "ruling": self.ruling}
        told["cues"] = {name: _plain(each) for name, each in self.cues.items()}
        told["bounds"] = {"attack": self.bounds.attack, "live": self.bounds.live, "against": self.bounds.against}
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self | None:
        """What `to_dict` gave; None for what it did not give."""
        try:
            if told["form"] != FORM:
                return None
            cues = {name: Said(**each) for name, each in told["cues"].items()}
            rest = {key: told[key] for key in ("wanted", "asked", "challenge")}
            return cls(cues=cues, distrust=tuple(told["distrust"]), bounds=Bounds(**told["bounds"]), **rest)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


def _plain(said: Said) -> dict[str, Any]:
    measured = {name: float(value) for name, value in said.measured.items() if math.isfinite(value)}
    return {"score": float(said.score), "quality": float(said.quality), "why": said.why, "measured": measured}
