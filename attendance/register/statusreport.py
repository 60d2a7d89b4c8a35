"""A report by the timetable: one row a person and occurrence, with the status, its reasons, and what they rest on.

The first columns are those of a report by sessions; times stand on the wall of the rule's zone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from attendance.records import PersonRef
from attendance.register.report import COLUMNS as SESSION_COLUMNS
from attendance.timetable.attended import THERE, Attended, Status
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.reasons import REASONS, Reason
from attendance.timetable.rule import Pairing

Cells = tuple[Any, ...]
COLUMNS: Final = (
    *SESSION_COLUMNS,
    *("begins", "ends", "left", "late_min", "early_min", "worked_min", "planned_min"),
    *("reasons", "excuse", "rule", "version"),
)
"""Those of the rows: ``session`` is the timetable's entry, ``at`` the arrival, ``mark`` the mark that it rests on."""
ZONED: Final = (*COLUMNS[: COLUMNS.index("at") + 1], "zone", *COLUMNS[COLUMNS.index("at") + 1 :])
"""Those of the forms for spreadsheets: there a time has no offset, so the zone has a column of its own."""
TIMES: Final = frozenset({"at", "entered", "begins", "ends", "left"})
HOURS_COLUMNS: Final = ("day", "id", "name", "zone", "worked_min")
MARKS: Final[Mapping[Status, str]] = {
    Status.PRESENT: "P",
    Status.LATE: "L",
    Status.LEFT_EARLY: "G",
    Status.PARTIAL: "½",
    Status.EXCUSED: "E",
    Status.ABSENT: "A",
    Status.NO_LOG: "?",
}
"""A sign for each status, where there is room for one letter: G is gone early."""
_KNOWN: Final = frozenset(map(str, Reason))
LEGEND: Final = ", ".join(f"{sign} {status}" for status, sign in MARKS.items())


@dataclass(frozen=True)
class ReportFacts:
    """What rows name by number or id: people, how marks were made, the reasons of excuses, and groups of now.

    ``at`` holds the times of marks (None: not known), of those at least that are not their row's only one.
    """

    people: Mapping[int, PersonRef]
    how: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[str, datetime | None] = field(default_factory=dict)
    excuses: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportScope:
    """What a report is on: its days, and of whom; ``site`` is what the school or firm is called.

    Of days before ``kept_from`` nothing is kept: their marks were purged.
    """

    first: date
    last: date
    zone: str
    now: datetime
    site: str | None = None
    group: str | None = None
    person: PersonRef | None = None
    entry: str | None = None
    kept_from: date | None = None

    @property
    def days(self) -> str:
        """The days in words, with those of which nothing is kept."""
        told = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        if self.kept_from is None:
            return told
        if self.last < self.kept_from:
            return f"{told} (purged: nothing of it is kept)"
        return f"{told} (before {self.kept_from} purged: nothing of it is kept)"

    @property
    def of_whom(self) -> str:
        """Whom the report is on, in words."""
        whom = "everybody" if self.group is None else f"group {self.group}"
        if self.person is not None:
            whom = f"{self.person.name} ({self.person.id})"
        return whom if self.entry is None else f"{whom}, {self.entry}"


@dataclass(frozen=True)
class Grid:
    """A table of a report: a name, columns, and rows of typed cells, which can be gone through again and again."""

    name: str
    columns: Sequence[str]
    rows: Callable[[], Iterator[Cells]]


@dataclass(frozen=True)
class StatusReport:
    """Statuses in order of day, beginning, entry and person's id, with what they name."""

    rows: Sequence[Attended]
    facts: ReportFacts
    scope: ReportScope
    closed: Mapping[date, str] = field(default_factory=dict)

    def grid(self) -> Grid:
        """The rows by `ZONED`, days as dates, times as datetimes in the rule's zone, numbers as numbers."""
        return Grid("Rows", ZONED, self._cells)

    def _cells(self) -> Iterator[Cells]:
        told = _Told(self.facts)
        return map(told, self.rows)

    def people(self) -> list[PersonRef]:
        """Everybody who has a row, by name."""
        keys = dict.fromkeys(each.person for each in self.rows)
        return sorted((self.facts.people[key] for key in keys), key=lambda each: (each.name.casefold(), each.id))

    def hours(self) -> Grid:
        """Minutes worked by local calendar day: a night's work is split at midnight, on the wall of the rule's zone."""
        return Grid("Hours", HOURS_COLUMNS, self._hours)

    def _hours(self) -> Iterator[Cells]:
        worked: dict[tuple[date, int, str], int] = {}
        for each in self.rows:
            for day, seconds in each.worked_by_day:
                key = (day, each.person, each.occurrence.rule.zone)
                worked[key] = worked.get(key, 0) + seconds
        for day, person, zone in sorted(worked, key=lambda key: (key[0], self.facts.people[key[1]].id, key[2])):
            who = self.facts.people[person]
            yield day, who.id, who.name, zone, minutes(worked[day, person, zone])


class _Told:
    """Turns statuses into cells; what all people of an occurrence share is worked out once."""

    def __init__(self, facts: ReportFacts) -> None:
        self._facts = facts
        self._of: Occurrence | None = None
        self._zone: ZoneInfo = ZoneInfo("UTC")
        self._digests: dict[int, str] = {}
        self._shared: tuple[Any, ...] = ()

    def __call__(self, each: Attended) -> Cells:
        occurrence = each.occurrence
        if occurrence is not self._of:
            self._of, self._zone = occurrence, ZoneInfo(occurrence.rule.zone)
            self._shared = self._of_occurrence(occurrence)
        begins, ends, planned, digest = self._shared
        who = self._facts.people[each.person]
        mark = arrival(each, self._facts.at)
        return (
            *(occurrence.name, occurrence.day, who.id, who.name, str(each.status), self._wall(each.arrived)),
            *(occurrence.rule.zone, None if mark is None else self._facts.how.get(mark), None, mark, None),
            *(begins, ends, self._wall(each.left), minutes(each.late_s), minutes(each.early_s)),
            *(minutes(each.worked_s) if counts_hours(each) else None, planned),
            *(" ".join(each.reasons) or None, self._excuse(each), digest, occurrence.version),
        )

    def _of_occurrence(self, occurrence: Occurrence) -> tuple[Any, ...]:
        digest = self._digests.get(occurrence.version)
        if digest is None:
            digest = self._digests[occurrence.version] = occurrence.rule.digest
        return self._wall(occurrence.begins), self._wall(occurrence.ends), minutes(occurrence.planned_s), digest

    def _wall(self, at: datetime | None) -> datetime | None:
        return None if at is None else at.astimezone(self._zone)

    def _excuse(self, each: Attended) -> str | None:
        told = [self._facts.excuses.get(key, "") or "excused" for key in each.excuses]
        return "; ".join(dict.fromkeys(told)) or None


def arrival(each: Attended, at: Mapping[str, datetime | None]) -> str | None:
    """The id of the mark that says when the person came, or of one that says they were there on that day."""
    if each.arrived is None:
        unknown = each.status in THERE and each.left is None
        return next((key for key in each.marks if at.get(key) is None), None) if unknown else None
    if len(each.marks) == 1:
        return each.marks[0]
    return next((key for key in each.marks if at.get(key) == each.arrived), None)


def counts_hours(each: Attended) -> bool:
    """Whether hours are taken in this occurrence: not where nobody has to check out."""
    return each.occurrence.rule.pairing is not Pairing.ONCE


def minutes(seconds: float) -> float | int:
    """Minutes, to hundredths; whole ones without a point."""
    whole, rest = divmod(seconds, 60)
    return int(whole) if not rest else round(seconds / 60, 2)


def words_of(reasons: Sequence[str]) -> str:
    """Reasons in sentences."""
    return " ".join(REASONS[Reason(each)] if each in _KNOWN else each for each in reasons)


def counts(rows: Sequence[Attended]) -> dict[Status, int]:
    """How many rows there are of each status that occurs, in the order of `Status`."""
    total = dict.fromkeys(Status, 0)
    for each in rows:
        total[each.status] += 1
    return {status: count for status, count in total.items() if count}


def json_row(columns: Sequence[str], cells: Cells) -> dict[str, Any]:
    """The cells by name as JSON values; a time has its offset, so that the zone's column is left out."""
    return {name: _json(value) for name, value in zip(columns, cells, strict=True) if name != "zone"}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


def naive(at: datetime) -> datetime:
    """The time on the wall, to the second, without its zone."""
    return at.replace(tzinfo=None, microsecond=0)


def utc_text(at: datetime) -> str:
    """An instant for people: 2026-03-02 07:58 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
