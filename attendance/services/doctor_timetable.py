"""Doctor's look at timetable, calendar and closed months: which source decides, and whether statuses can be told."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from attendance.services.calendars import BY_HAND
from attendance.services.doctor_finding import Finding
from attendance.timetable.calendar import Calendar
from attendance.timetable.occurrences import of_entries
from attendance.timetable.rule import Pairing
from attendance.timetable.versions import holding, later
from gallery.repositories import coverage, marks, months, places
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.months import Months
    from attendance.services.statuses import Plan
    from attendance.settings import Settings
    from attendance.timetable.facts import CalendarEntry, Entry
    from attendance.timetable.rule import Rule
    from gallery.ports import Transaction

MONTHS: Final = 3
"""Closed months that are derived again, the latest."""
WEEK: Final = timedelta(days=7)
HOLIDAYS: Final = "holidays "
"""What the sources of public holidays begin with."""


def calendar_findings(plan: "Plan", today: date) -> Iterator[Finding]:
    """Which sources decide, until when, and what is missing."""
    kept = [each for each in plan.calendar if each.kind != "term"]
    terms = [each for each in plan.calendar if each.kind == "term"]
    follows = any(rule.follows_calendar for rule in _rules(plan.entries, today))
    told = [*_public(kept), *_own(kept), *([f"terms until {max(each.last for each in terms)}"] if terms else [])]
    if plan.entries or plan.calendar:
        yield Finding("calendar", ", ".join(told) or "no day is closed")
    if follows and not any(each.source.startswith(HOLIDAYS) and each.first.year == today.year for each in kept):
        detail = f"rules follow the calendar, but no public holidays are stored for {today.year}"
        repair = f"attendance calendar holidays COUNTRY --years {today.year}"
        yield Finding("calendar", detail, "calendar.holidays", repair)
    if follows and terms and max(each.last for each in terms) < today:
        detail = f"the last term has ended on {max(each.last for each in terms)}: nothing takes place any more"
        yield Finding("calendar", detail, "calendar.terms", "attendance calendar term FIRST LAST NAME", 1)


def timetable_findings(
    transaction: "Transaction", plan: "Plan", settings: "Settings", today: date, *, anybody: bool
) -> Iterator[Finding]:
    """How many rules go on, whether a source looks for whom they expect (if anybody), whether hours can be told."""
    found = _rules(plan.entries, today)
    if not found:
        return
    yield Finding("timetable", counted(len(found), "rule goes on", "rules go on"))
    held = of_entries(plan.entries, today - WEEK, today - timedelta(days=1), Calendar(plan.calendar))
    if anybody and held and not any(end >= held[0].opens for end in coverage.watermarks(transaction).values()):
        detail = f"since {held[0].day} people were expected, but no source has looked for them: all are no log"
        yield Finding("timetable", detail, "timetable.unseen", "attendance check --camera NAME", 1)
    hours = any(rule.pairing is not Pairing.ONCE for rule in found)
    if hours and not settings.mark_again_minutes and not _directed(transaction, plan, today):
        detail = "hours are to be counted, but everybody is marked once a day, and no mark says in or out"
        yield Finding("timetable", detail, "timetable.hours", "attendance config set mark_again_minutes 5", 1)


def month_findings(transaction: "Transaction", book: "Months") -> Iterator[Finding]:
    """Whether the latest closed months are as they were."""
    closed = [name for name, state in months.states(transaction).items() if state.closed]
    looked = [book.verify(each) for each in closed[-MONTHS:]]
    differing = [each for each in looked if not each.same]
    for each in differing:
        detail = next(each.lines())
        yield Finding("months", detail, "month.differs", f"attendance month verify {each.state.month}", 1)
    if closed and not differing:
        kept = ", ".join(each.state.month for each in looked if not each.purged)
        told = f"{kept} as they were" if kept else "all of them purged since"
        yield Finding("months", f"{len(closed)} closed, {told}")


def _rules(entries: "tuple[Entry, ...]", today: date) -> "list[Rule]":
    """Of each entry that has not ended the rule that holds, else the next one."""
    found = []
    for entry in entries:
        version = holding(entry, today)
        coming = [version, *later(entry, today)] if version else later(entry, today)
        rule = next((each.rule for each in coming if each.rule is not None), None)
        if rule is not None:
            found.append(rule)
    return found


def _public(entries: "list[CalendarEntry]") -> Iterator[str]:
    """Until when public holidays are stored, by their sources."""
    latest: dict[str, date] = {}
    for each in entries:
        if each.source.startswith(HOLIDAYS):
            latest[each.source] = max(each.last, latest.get(each.source, each.last))
    for source, last in sorted(latest.items()):
        yield f"public holidays until {last.year}-12-31 from {source}"


def _own(entries: "list[CalendarEntry]") -> Iterator[str]:
    """How many days are closed or opened by other sources, those told by hand first."""
    counts = {BY_HAND: 0}
    for each in entries:
        if not each.source.startswith(HOLIDAYS):
            counts[each.source] = counts.get(each.source, 0) + (each.last - each.first).days + 1
    for source, count in counts.items():
        if count:
            told = counted(count, "day")
            yield told.replace("day", "own day") if source == BY_HAND else f"{told} from {source}"


def _directed(transaction: "Transaction", plan: "Plan", today: date) -> bool:
    """Whether anything tells who comes from who goes: a place that is in use, or marks of the last week."""
    if any(each.direction is not None and each.active for each in places.all_places(transaction)):
        return True
    held = of_entries(plan.entries, today - WEEK, today, Calendar(plan.calendar))
    if not held:
        return False
    return any(each.direction is not None for each in marks.timeline(transaction, held[0].opens, held[-1].closes))
