"""The last line of a check: how much was looked at, and what came of it."""

from collections import Counter
from typing import TYPE_CHECKING, get_args

from attendance.records import Decision, DecisionKind

if TYPE_CHECKING:
    from attendance.faults import Problem
    from attendance.sources import Source

NO_FACE = "face.none"


class Tally:
    """Counts sources, faces by decision, and what was refused."""

    def __init__(self) -> None:
        self.decisions: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()

    def decision(self, decision: Decision) -> None:
        """One face more."""
        self.decisions[decision.decision] += 1

    def source(self, source: "Source") -> None:
        """One picture or video more that was looked at."""
        self.sources[source.kind] += 1

    def problem(self, problem: "Problem") -> None:
        """One source more that was refused, or showed no face."""
        self.problems["without a face" if problem.id == NO_FACE else "skipped"] += 1

    def line(self, seconds: float) -> str:
        """E.g. ``checked 20 pictures, 1 video, 24 faces: present 21, unknown 3; skipped 1; 4.2 s``."""
        sources = [_counted(self.sources["picture"], "picture")]
        if self.sources["video"]:
            sources.append(_counted(self.sources["video"], "video"))
        faces = _counted(self.decisions.total(), "face")
        kinds = ", ".join(f"{kind} {self.decisions[kind]}" for kind in get_args(DecisionKind) if self.decisions[kind])
        rest = [f"{name} {count}" for name, count in sorted(self.problems.items())]
        parts = [f"{', '.join([*sources, faces])}{': ' if kinds else ''}{kinds}", *rest, f"{seconds:.1f} s"]
        return f"checked {'; '.join(parts)}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
