"""Reports by the timetable: what became of everybody on the days asked for, also as a calendar to subscribe to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from attendance.records import PersonRef
from attendance.register.statusreport import ReportFacts, ReportScope, StatusReport
from attendance.services.statuses import Derived, StatusesWanted
from attendance.timetable.attended import THERE, Attended, Status
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import CalendarEntry
from attendance.timetable.reasons import Reason
from attendance.zones import day_bounds, local_day
from gallery.repositories import events, excuses, sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.statuses import Statuses
    from attendance.timetable.occurrence import Occurrence
    from gallery import Gallery
    from gallery.ports import Transaction

_MOST_CLOSED: Final = 400
_AROUND: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class AskedStatuses:
    """What to report on: a span of days (today where none is given), a group, a person, an entry, a site's people.

    Why somebody is excused may be nobody's business: unless ``why_excused``, excuses stand by their numbers alone.
    """

    first: date | None = None
    last: date | None = None
    group: str | None = None
    person: str | None = None
    entry: str | None = None
    why_excused: bool = False
    site: str | None = None


class StatusReports:
    """Reports by the timetable of a home; ``site`` is what the school or firm is called."""

    def __init__(
        self, gallery: "Gallery", sessions: "Sessions", statuses: "Statuses", clock: "Clock", site: str | None
    ) -> None:
        self._gallery, self._sessions, self._statuses = gallery, sessions, statuses
        self._clock, self._site = clock, site

    def any(self) -> bool:
        """Whether there is a timetable at all."""
        return self._statuses.any()

    @property
    def today(self) -> date:
        """The day on the wall of the site."""
        return local_day(self._clock.utc(), self._sessions.zone)

    def report(self, asked: AskedStatuses) -> StatusReport:
        """What became of everybody. Raises GroupUnknown, RuleUnknown, PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.reading() as transaction:
            who = None if asked.person is None else self._gallery.find(asked.person)
            first, last = self._days(asked)
            key = None if who is None else who.id
            among = None if asked.site is None else _people_at(transaction, asked.site)
            derived = self._statuses.derive(StatusesWanted(first, last, asked.group, key, asked.entry, among))
            person = None if who is None else PersonRef(who.external_id, who.name, who.id)
            scope = ReportScope(
                first, last, derived.zone, derived.now, self._site, asked.group, person, asked.entry, derived.kept_from
            )
            facts = self._facts(transaction, derived, scope, why_excused=asked.why_excused)
            return StatusReport(derived.rows, facts, scope, _closed(derived.calendar, scope))

    def why_no_rows(self, report: StatusReport) -> str:
        """Why a report has no rows, in words."""
        if not self.any():
            return "there is no timetable yet: 'attendance timetable add' enters a rule"
        scope = report.scope
        if scope.kept_from is not None and scope.last < scope.kept_from:
            return f"of {scope.first} to {scope.last} nothing is kept: these days were purged"
        shut = report.closed.get(scope.first) if scope.first == scope.last else None
        why = self._begins_later(scope) if shut is None else f" (closed: {shut})"
        whom = "" if scope.of_whom == "everybody" else f" of {scope.of_whom}"
        return f"by the timetable nobody{whom} is expected, {scope.days}{why}"

    def _begins_later(self, scope: ReportScope) -> str:
        """Which rule begins first, where all that may concern those asked for begin after the days asked for."""
        begins = [
            (max(version.from_day, version.rule.first), entry.name)
            for entry in self._statuses.plan().entries
            if scope.entry in {None, entry.name} and (scope.group is None or entry.group in {None, scope.group})
            for version in entry.versions
            if version.rule is not None
        ]
        day, name = min(begins, default=(scope.last, ""))
        if day <= scope.last:
            return ""
        return f" ({name} begins on {day}; 'attendance timetable change NAME --from DAY' lets it begin earlier)"

    def feed(self, report: StatusReport) -> bytes:
        """A calendar with an event for each occurrence, of one person with what became of it.

        Its events keep their names, so that a calendar that is subscribed to changes them instead of doubling them.
        Raises ReportsMissing.
        """
        from attendance.timetable.files.ics_out import Shown, feed

        scope = report.scope
        shown = [Shown(occurrence, told) for occurrence, told in _outcomes(report)]
        with self._gallery.store.reading() as transaction:
            begun, latest = events.oldest(transaction), events.newest(transaction)
        home = "" if begun is None else f"{begun.at.isoformat()} {begun.action} {begun.subject}"
        name = f"{scope.site or 'Attendance'}: {scope.of_whom}"
        person = None if scope.person is None else scope.person.key
        return feed(shown, home=home, person=person, name=name, stamp=latest or scope.now)

    def _days(self, asked: AskedStatuses) -> tuple[date, date]:
        return asked.first or asked.last or self.today, asked.last or self.today

    def _facts(
        self, transaction: "Transaction", derived: Derived, scope: ReportScope, *, why_excused: bool
    ) -> ReportFacts:
        wanted = {key for each in derived.rows for key in each.excuses}
        people = None if scope.person is None else [scope.person.key]
        told = excuses.of(transaction, people, within=_bounds(scope)) if wanted and why_excused else []
        reasons = {each.id: each.reason for each in told}
        groups = {each.id: each.groups for each in self._gallery.people(active=None) if each.id in derived.people}
        return ReportFacts(
            people=derived.people,
            how=derived.how,
            at=derived.at,
            excuses={key: reasons.get(key, f"number {key}") for key in wanted},
            groups=groups,
        )


def _outcomes(report: StatusReport) -> "Iterator[tuple[Occurrence, str]]":
    """Each occurrence once: of one person with the status, of several with how many were there."""
    found: dict[tuple[int, datetime], list[Attended]] = {}
    for each in report.rows:
        found.setdefault((each.occurrence.entry.key, each.occurrence.begins), []).append(each)
    for rows in found.values():
        yield rows[0].occurrence, _outcome(rows, one=report.scope.person is not None)


def _outcome(rows: "list[Attended]", *, one: bool) -> str:
    """Nothing of what is still to come."""
    if all(each.status is Status.NO_LOG and Reason.NOT_OVER in each.reasons for each in rows):
        return ""
    if one or all(each.status is Status.NO_LOG for each in rows):
        return str(rows[0].status)
    return f"{sum(each.status in THERE for each in rows)} of {len(rows)} there"


def _bounds(scope: ReportScope) -> tuple[datetime, datetime]:
    """The instants between which excuses of the days may lie, wherever the rules' zones are."""
    return day_bounds(scope.first, scope.zone)[0] - _AROUND, day_bounds(scope.last, scope.zone)[1] + _AROUND


def _closed(entries: tuple[CalendarEntry, ...], scope: ReportScope) -> dict[date, str]:
    """The days of the scope that are closed for all, and why, where it is a span that one looks through."""
    days = (scope.last - scope.first).days + 1
    if days > _MOST_CLOSED:
        return {}
    calendar, found = Calendar(entries), dict[date, str]()
    for number in range(days):
        day = scope.first + timedelta(days=number)
        why = calendar.closed(day, None, scope.group)
        if why is not None:
            found[day] = why.name if isinstance(why, CalendarEntry) else "outside of the terms"
    return found


def _people_at(transaction: "Transaction", site: str) -> frozenset[int]:
    return frozenset(sites.everybody_at(transaction, sites.find(transaction, site)))
