"""Whether a track is a living face: its moments are kept, the cues are asked now and then, a mark waits for them.

A run says by `Asking` what is wanted. Cues are asked first when a mark could be given, and at last when the track ends;
in between more and more rarely, so that they cost the same share of a long track as of a short one. What they have
ruled an attack by a strong word, or twice in a row, stays one for the rest of the track, unless the person then does
what a challenge asks. A weaker word is asked about once more before it counts, for of those many do not last; where the
track ends first, it counts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from attendance.live.prompting import Prompted, Prompting
from attendance.live.ruled import (
    LIVENESS,
    LIVENESS_ATTACK,
    LIVENESS_UNSURE,
    OTHER_FACE,
    VIRTUAL_CAMERA,
    Ruled,
    Wanted,
)
from attendance.liveness.saying import CUE_FAILED, LIVE_FROM, Ruling, Said, silent
from attendance.records import Decision

if TYPE_CHECKING:
    from attendance.cameras.frame import Pixels
    from attendance.liveness import Cue, Moment, Track
    from enroll.face import Detection

__all__ = [
    "LIVENESS",
    "LIVENESS_ATTACK",
    "LIVENESS_UNSURE",
    "VIRTUAL_CAMERA",
    "Asking",
    "Living",
    "Prompted",
    "Turns",
    "Wanted",
]

Turns = Literal["never", "needed", "always"]
ASK_S: Final = 0.5  # from one time that cues are asked to the next
ASK_SHARE: Final = 0.25  # of what has passed since the track began, if that is longer
RARELY_S: Final = 6.0  # and the longest: what is older than that is not kept
FEWEST: Final = 6  # moments, before which asking is in vain while a mark may wait
SURE: Final = 0.8  # the weight of a word against a living face that needs no second one, see docs/liveness.md
DOUBT_S: Final = 1.0  # the longest that a mark waits for the second one
NEWS: Final = 8  # moments that must have come since the cues were asked last, for asking once more after a mark
SEEING: Final = "moments"  # the name under which trouble with the moments themselves is told


@dataclass(frozen=True, slots=True)
class Asking:
    """How a run asks for liveness; what it holds may be called from any thread.

    A mark waits up to `wait_s` seconds from its track's first moment. `challenge` makes what one person is asked to do,
    where a mark would be kept back (`needed`) or before every one (`always`). `distrust` are reasons against the source
    itself, for which every mark is a review. `cues` makes those that are asked besides the ones that need nothing but
    the moments; `light` says that the screen changes its colour for one of them. Where `wanted` is off, nothing is kept
    and nothing is asked, whatever the rest says.
    """

    wanted: Wanted = "off"
    wait_s: float = 1.5
    turns: Turns = "never"
    light: bool = False
    distrust: tuple[str, ...] = ()
    challenge: Callable[[], Prompted] | None = None
    cues: "Callable[[], Sequence[Cue]]" = tuple

    def __post_init__(self) -> None:
        if self.wanted not in get_args(Wanted):
            raise ValueError(f"wanted: expected one of {get_args(Wanted)}, got {self.wanted!r}")
        if not (math.isfinite(self.wait_s) and self.wait_s >= 0):
            raise ValueError(f"wait_s: expected seconds, 0 or more, got {self.wait_s}")
        if self.turns not in get_args(Turns):
            raise ValueError(f"turns: expected one of {get_args(Turns)}, got {self.turns!r}")
        if self.turns != "never" and self.challenge is None:
            raise ValueError(f"turns: {self.turns!r} needs a challenge")


class Living:
    """One track; used by the run's thread alone. Times are those of its frames and never fall. Never raises."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._track: Track | None = None
        self._cues: Sequence[Cue] | None = None
        self._begun: float | None = None
        self._failed = self._other = False
        self._challenge: Prompting | None = None
        self._ruled: Ruled | None = None
        self._attack: Ruled | None = None
        self._doubted: float | None = None  # when a word against it was said that is to be said again
        self._next = float("-inf")
        self._fresh = 0  # moments, and other things, that the cues were not asked about
        self._waiting = self._closed = False

    def see(self, pixels: "Pixels", detection: "Detection", time: float) -> None:
        """Keep the moment of a face in an RGB frame (H, W, 3) uint8, if one is due.

        After a moment that cannot be kept the track is not live any more.
        """
        if self._asking.wanted == "off":
            return
        self._begun = time if self._begun is None else self._begun
        try:
            self._keep(pixels, detection, time)
        except Exception:  # noqa: BLE001 - whatever it is: the run goes on, and nobody is live by it
            self._failed = True
            self._fresh += 1

    def look(self, time: float, *, votes: bool, other: bool) -> None:
        """A look at the face before its mark: it `votes` for a person by itself, or is an `other` face than before.

        Moments do not tell whose they are: after another face on the track nobody is live by them.
        """
        if self._asking.wanted == "off":
            return
        if other:
            self._other = True
            self._fresh, self._next = self._fresh + 1, float("-inf")
        if self._challenge is not None:
            self._challenge.look(time, votes=votes, other=other)

    def waits(self, settled: Decision, time: float) -> bool:
        """Whether the mark of a decision is held a moment, as something may still come that speaks for it or against.

        Begins what the person is asked to do, where that is due.
        """
        self._waiting = self._is_awaited(settled, time)
        return self._waiting

    def _is_awaited(self, settled: Decision, time: float) -> bool:
        asking = self._asking
        if asking.wanted == "off" or asking.distrust or settled.decision != "present":
            return False
        if self._challenge is not None:
            return not self._challenge.over(time)
        if asking.turns == "always":
            return self._begin(time)
        if self._is_early(time):
            return True
        ruling = self._ask(time).ruling
        early = ruling == "unsure" and self._begun is not None and time - self._begun < asking.wait_s
        if early or (self._doubted is not None and time - self._doubted < DOUBT_S):
            return True
        kept_back = ruling == "attack" or (ruling == "unsure" and asking.wanted == "require")
        return kept_back and asking.turns == "needed" and self._begin(time)

    def settle(self, settled: Decision, time: float, *, last: bool = False) -> Decision:
        """The decision with its liveness, a review where that asks for one; strangers are not asked about.

        The cues are asked anew where it is time to, and about the `last` moments when the track ends.
        """
        if self._asking.wanted == "off" or settled.decision not in {"present", "review"}:
            return settled
        return self._ask(time, last=last).applied(settled)

    def told(self, settled: Decision) -> Decision | None:
        """The decision by what is known now, without asking; None for a mark that waits."""
        if self._asking.wanted == "off" or settled.decision not in {"present", "review"}:
            return settled
        if self._ruled is None or self._waiting:
            return None if settled.decision == "present" else settled
        return self._ruled.applied(settled)

    def ruling(self, time: float) -> Ruling | None:
        """What is told of a track that was marked when it ends; None where that is not asked."""
        if self._asking.wanted == "off":
            return None
        if self._ruled is not None and self._fresh < NEWS and not self._failed:
            return self._ruled.ruling
        return self._ask(time, last=True).ruling

    def prompt(self, time: float) -> str:
        """What the person is asked to do now, "" for nothing."""
        return "" if self._challenge is None else self._challenge.prompt(time)

    def _keep(self, pixels: "Pixels", detection: "Detection", time: float) -> None:
        from attendance.liveness import Track, moment_of

        if self._track is None:
            self._track = Track()
        if not self._track.wants(time):
            return
        moment = moment_of(pixels, detection, time)
        self._track.add(moment)
        self._fresh += 1
        if self._challenge is not None:
            self._challenge.see(moment)

    def _begin(self, time: float) -> bool:
        """Begin the challenge; whether it is to be waited for. What is seen from then on is judged with it."""
        if self._asking.challenge is None:
            return False
        self._track, self._other = None, False
        self._challenge = Prompting(self._asking.challenge)
        self._challenge.begin(time)
        self._fresh += 1
        return not self._challenge.over(time)

    def _ask(self, time: float, *, last: bool = False) -> Ruled:
        """What the cues say, asked anew if it is time to; an attack that was found for sure stays found."""
        self._close(time)
        if self._attack is not None:
            return self._attack
        if self._ruled is None or (self._fresh and (last or time >= self._next)):
            self._ruled, self._fresh = self._asked(time), 0
            self._believe(self._ruled, time)
            self._next = self._next_time(time)
        return self._ruled

    def _believe(self, ruled: Ruled, time: float) -> None:
        """Keep an attack that is sure, or was found the time before, too; else it is to be found once more."""
        found = ruled.ruling == "attack"
        sure = found and (self._doubted is not None or min(each.weight for each in ruled.cues.values()) <= -SURE)
        self._attack = ruled if sure else None
        self._doubted = time if found and not sure else None

    def _is_early(self, time: float) -> bool:
        """Whether more moments are to come before the cues can tell anything."""
        few = self._track is not None and len(self._track) < FEWEST and self._ruled is None
        return few and self._begun is not None and time - self._begun < self._asking.wait_s

    def _close(self, time: float) -> None:
        """Once a challenge is over, what it says is to be asked; who has passed it is judged by what is seen now."""
        if self._challenge is None or self._closed or not self._challenge.over(time):
            return
        self._closed = True
        self._fresh += 1
        self._next = float("-inf")
        if self._challenge.said(time).weight >= LIVE_FROM:
            self._attack = self._doubted = None

    def _asked(self, time: float) -> Ruled:
        said, challenge = self._said(), self._challenge
        if challenge is not None:
            said[challenge.id] = challenge.said(time)
        asking = self._asking
        asked = challenge is not None or asking.turns == "always"
        return Ruled(asking.wanted, said, asked, "" if challenge is None else challenge.id, asking.distrust)

    def _said(self) -> dict[str, Said]:
        """What each cue says of the moments kept, with trouble of any kind as a cue that failed."""
        try:
            from attendance.liveness import CUES, ask

            if self._cues is None:
                self._cues = (*CUES, *self._asking.cues())
            moments: Sequence[Moment] = () if self._track is None else self._track.moments
            said: dict[str, Any] = dict(ask(self._cues, moments).said)
        except Exception:  # noqa: BLE001 - whatever it is: nobody is live
            return {SEEING: silent(CUE_FAILED)}
        if self._failed or self._other:
            said[SEEING] = silent(CUE_FAILED if self._failed else OTHER_FACE)
        return said

    def _next_time(self, time: float) -> float:
        """When the cues are to be asked next: in a while, and when the wait ends; soon where an attack is doubted."""
        if self._begun is None or self._doubted is not None:
            return time + ASK_S
        end = self._begun + self._asking.wait_s
        then = time + max(ASK_S, min(RARELY_S, ASK_SHARE * (time - self._begun)))
        return end if time < end < then + ASK_S / 2 else then
