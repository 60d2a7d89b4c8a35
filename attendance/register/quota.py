"""What it comes to: of each person, each group and all how often they were there, how late, how long, at which rate."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from attendance.register.statusreport import Cells, Grid, StatusReport, counts_hours, minutes
from attendance.timetable.attended import THERE, Attended, Status

Of = Literal["person", "group", "all"]
NO_GROUP: Final = "(no group)"
COLUMNS: Final = (
    *("of", "id", "name", "expected"),
    *(each.replace(" ", "_") for each in Status),
    *("late_min", "worked_h", "planned_h", "rate"),
)
_SHARE: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(%?)")


@dataclass(slots=True)
class Total:
    """Counts of one person, group, or all.

    The rate is there / (there + absent): what is excused, and where nobody looked (no log), is left out of it. Hours
    are those of the times in which hours are taken, planned ones without the excused.
    """

    of: Of
    id: str | None
    name: str
    counts: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(Status, 0))
    late_s: int = 0
    worked_s: int = 0
    planned_s: int = 0

    def add(self, each: Attended) -> None:
        """Count one status."""
        self.counts[each.status] += 1
        self.late_s += each.late_s
        if counts_hours(each):
            self.worked_s += each.worked_s
            self.planned_s += 0 if each.status is Status.EXCUSED else each.occurrence.planned_s

    @property
    def there(self) -> int:
        """How often they were there, if late or for a part."""
        return sum(count for status, count in self.counts.items() if status in THERE)

    @property
    def expected(self) -> int:
        """How often they were to be there."""
        return sum(self.counts.values())

    @property
    def rate(self) -> float | None:
        """The share of times there, of those of which it is known; None where it is of none."""
        known = self.there + self.counts[Status.ABSENT]
        return self.there / known if known else None

    def cells(self) -> Cells:
        """By `COLUMNS`."""
        hours = (_hours(self.worked_s), _hours(self.planned_s)) if self.planned_s or self.worked_s else (None, None)
        rate = None if self.rate is None else round(self.rate, 4)
        return self.of, self.id, self.name, self.expected, *self.counts.values(), minutes(self.late_s), *hours, rate


def totals(report: StatusReport, under: float | None = None) -> list[Total]:
    """First people by name, then the groups they are in, then all of them; of a report on one person there is but one.

    With ``under`` those people alone whose rate is less than that, without groups: whose rate is not known are not.
    """
    people = {each.key: Total("person", each.id, each.name) for each in report.people()}
    groups: dict[str, Total] = {}
    whole = Total("all", None, "all")
    for each in report.rows:
        people[each.person].add(each)
        whole.add(each)
        for name in _groups(report, each):
            groups.setdefault(name, Total("group", None, name)).add(each)
    if under is not None:
        return [each for each in people.values() if each.rate is not None and each.rate < under]
    if report.scope.person is not None:
        return list(people.values())
    return [*people.values(), *(groups[name] for name in sorted(groups)), *([whole] if people else [])]


def grid(found: Sequence[Total]) -> Grid:
    """The totals as a table of a report."""

    def rows() -> Iterator[Cells]:
        return (each.cells() for each in found)

    return Grid("Totals", COLUMNS, rows)


def share(text: str) -> float:
    """The share that somebody means by 75% or 0.75; raises ValueError."""
    found = _SHARE.fullmatch(text.strip())
    value = None if found is None else float(found[1].replace(",", ".")) / (100 if found[2] else 1)
    if value is None or value > 1:
        raise ValueError(f"{text!r} is no share: give one such as 75% or 0.75")
    return value


def in_words(rate: float | None) -> str:
    """A rate for people; never rounded up to all of it, nor down to nothing."""
    if rate is None:
        return ""
    tenths = round(1000 * rate)
    if rate < 1:
        tenths = min(tenths, 999)
    if rate > 0:
        tenths = max(tenths, 1)
    return f"{tenths / 10:.1f}%"


def totals_by_day(report: StatusReport) -> dict[tuple[str, date], Total]:
    """Totals of each group and day."""
    found: dict[tuple[str, date], Total] = {}
    for each in report.rows:
        for name in _groups(report, each):
            found.setdefault((name, each.occurrence.day), Total("group", None, name)).add(each)
    return found


def group_names(report: StatusReport) -> list[str]:
    """The groups that the rows belong to, by name."""
    return sorted({name for each in report.rows for name in _groups(report, each)})


def _groups(report: StatusReport, each: Attended) -> Iterable[str]:
    """The group that the entry is for, else those the person is in now."""
    entry = each.occurrence.entry
    if entry.group is not None:
        return (entry.group,)
    return report.facts.groups.get(each.person) or (NO_GROUP,)


def _hours(seconds: int) -> float:
    return round(seconds / 3600, 2)
