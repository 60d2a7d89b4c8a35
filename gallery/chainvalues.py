"""What is found of the log when its links are verified: a verdict for each kind of attack, and anchors that help."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Verdict = Literal[
    "edited",
    "deleted",
    "reordered",
    "inserted",
    "unkeyed",
    "earlier",
    "keyless",
    "cut",
    "cut-and-appended",
    "rewritten",
]
NEED_ANCHORS: Final[tuple[Verdict, ...]] = ("cut", "cut-and-appended", "rewritten")
"""What somebody who takes care can do so that nothing but an anchor tells it."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends: number and link of its last entry, and the link of the first that it ever had."""

    seq: int
    link: str
    first: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the log ended at an instant, kept outside the home; ``key`` names the key that ``mac`` was made with."""

    home: str
    seq: int
    link: str
    first: str
    at: datetime
    key: str | None = None
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class LogFinding:
    """What was done to the entries of these numbers; of deleted ones, the number that follows the gap.

    ``anchor`` is the number of the anchor that tells it, where one does.
    """

    verdict: Verdict
    first: int
    last: int
    anchor: int | None = None


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What verifying the log found.

    ``proved`` entries are linked by the home's key, ``earlier`` are from before links and held by a digest,
    ``unvouched`` are from before links while nothing was written since; ``purged`` says through which number entries
    were let go by rule; ``anew`` are the numbers at which the log was begun anew under another key. Of the anchors
    ``compared`` were found in the log or missed there, ``passed`` are of entries let go by rule.
    """

    entries: int
    proved: int
    earlier: int
    unvouched: int
    purged: int | None
    anew: tuple[int, ...]
    compared: int
    passed: int
    head: Head | None
    findings: tuple[LogFinding, ...]
    more: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
