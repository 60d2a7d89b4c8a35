"""What a file proposes; nothing of it counts before somebody takes it in."""

from dataclasses import dataclass
from datetime import date

from attendance.errors import CalendarFile, RuleFile
from attendance.timetable.rule import Rule


@dataclass(frozen=True, slots=True)
class ProposedRule:
    """A rule as the file has it, checked, by a name that no other of the file has.

    ``group`` and ``person`` are what a list names, as it is written there. ``remark`` says what was decided.
    """

    name: str
    rule: Rule
    remark: str = ""
    group: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class ProposedRules:
    """The rules of a file; of those that cannot be taken over the reason each, and the names of what is no rule."""

    rules: tuple[ProposedRule, ...]
    refused: tuple[RuleFile, ...] = ()
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class ProposedDays:
    """Days off, from the first to the last."""

    first: date
    last: date
    name: str


@dataclass(frozen=True, slots=True)
class ProposedCalendar:
    """The days off of a file, in order; of what cannot be taken over the reason each, and the names of other events."""

    days: tuple[ProposedDays, ...]
    refused: tuple[CalendarFile, ...] = ()
    passed_over: tuple[str, ...] = ()
