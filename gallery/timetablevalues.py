"""What the gallery hands out of the timetable: rules, days off, excuses, months, coverage, and memberships."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from gallery.values import Approval

CalendarKind = Literal["closed", "open", "term"]
CoverageKind = Literal["camera", "file", "device", "hand"]


@dataclass(frozen=True)
class StoredVersion:
    """What a rule says from a day on; `spec` is None where it has ended."""

    id: int
    rule: int
    from_day: date
    spec: Mapping[str, Any] | None
    entered: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class StoredRule:
    """A line of the timetable: for a group, a person (internal id), or with neither for everybody.

    `versions` stand in the order in which they were entered.
    """

    id: int
    name: str
    group: str | None
    person: int | None
    created: datetime
    versions: tuple[StoredVersion, ...] = ()


@dataclass(frozen=True)
class Withdrawn:
    """When, by whom and why an excuse or a calendar entry was taken back."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class CalendarDays:
    """Days, the last one among them, that are closed, open all the same, or in term; None is everybody."""

    id: int
    kind: CalendarKind
    first: date
    last: date
    name: str
    source: str
    site: str | None
    group: str | None
    entered: datetime
    by: str
    withdrawn: Withdrawn | None = None


@dataclass(frozen=True)
class StoredExcuse:
    """Somebody need not be there from an instant up to, and without, another; `document` is the SHA-256 of one."""

    id: int
    person: int
    begins: datetime
    ends: datetime
    reason: str
    document: str | None
    awaits: bool
    entered: datetime
    by: str
    approval: Approval | None = None
    withdrawn: Withdrawn | None = None

    @property
    def counts(self) -> bool:
        """Whether it excuses: it was not taken back, and needs no approval or has it."""
        granted = self.approval is not None and self.approval.granted
        return self.withdrawn is None and (granted or not self.awaits)

    @property
    def pending(self) -> bool:
        """Whether somebody is still to look at it."""
        return self.awaits and self.approval is None and self.withdrawn is None


@dataclass(frozen=True)
class MonthState:
    """A month ("2026-11") was closed or opened again; `digest` is that of its statuses when it was closed."""

    month: str
    closed: bool
    digest: str | None
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class StoredCoverage:
    """A source has looked from an instant to another, for a group or all; `site` is that of the place, if any."""

    id: int
    kind: CoverageKind
    source: str
    place: int | None
    group: str | None
    site: str | None
    begins: datetime
    ends: datetime
    entered: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class MembershipTurn:
    """From that day on the person (internal id) belongs to the group, or no longer."""

    person: int
    group: str
    member: bool
    from_day: date


@dataclass(frozen=True)
class MembershipWord:
    """What was said of when somebody belongs to a group, as it was entered; `gallery.belonging` tells what holds."""

    group: str
    member: bool
    from_day: date
    entered: datetime
    by: str
