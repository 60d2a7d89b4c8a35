"""Reports as files for those who ask from afar: what to report on, in one of all forms, as bytes."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal

from attendance.errors import OutputForm, ReportPeriod
from attendance.register.reportform import BINARY, Form, Paper

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.register.statusfile import Kind, View
    from attendance.services.reporting import Reports
    from attendance.services.statusreports import StatusReports

By = Literal["sessions", "timetable"]
MOST_DAYS: Final = 3 * 366
"""Days of one report: what is longer is asked for in parts."""
BACK, AHEAD = timedelta(weeks=4), timedelta(weeks=26)
"""The days of a calendar to subscribe to, where none are given."""


@dataclass(frozen=True, slots=True)
class AskedFile:
    """What to report on; ``by`` None: a session where one is named, else the timetable where there is one.

    ``person`` is an external id or an exact name, ``rule`` an entry of the timetable, ``kind`` rows, totals (``under``
    a rate alone) or hours by calendar day.
    """

    by: By | None = None
    session: str | None = None
    first: date | None = None
    last: date | None = None
    group: str | None = None
    person: str | None = None
    rule: str | None = None
    kind: "Kind" = "rows"
    under: float | None = None
    why_excused: bool = False
    paper: Paper = Paper.A4

    @property
    def is_of_timetable(self) -> bool:
        """Whether it asks for what the timetable alone tells."""
        told = (self.person, self.rule, self.under)
        return self.kind != "rows" or self.why_excused or any(each is not None for each in told)


class ReportFiles:
    """Makes reports in every form; what must be a file first lies in a folder of its own within the home."""

    def __init__(
        self, home: Path, clock: "Clock", reports: "Reports", statuses: "StatusReports", site: str | None
    ) -> None:
        self._home, self._clock, self._reports, self._statuses, self._site = home, clock, reports, statuses, site

    def of(self, asked: AskedFile, form: Form) -> bytes:
        """The report. Raises ReportPeriod, OutputForm, SessionUnknown, GroupUnknown, PersonUnknown, RuleUnknown."""
        _refuse_span(asked)
        by = self._by(asked, form)
        if by == "sessions" and asked.is_of_timetable:
            raise OutputForm("report", "person, rule, totals, hours and excuses are of the timetable alone")
        return self._sessions(asked, form) if by == "sessions" else self._timetable(asked, form)

    def _by(self, asked: AskedFile, form: Form) -> By:
        if asked.by == "timetable" and asked.session is not None:
            raise OutputForm("report", "a session is none of the timetable: leave out one of them")
        if asked.by is not None or asked.session is not None:
            return asked.by or "sessions"
        if asked.is_of_timetable or form is Form.ICS:
            return "timetable"
        return "timetable" if self._statuses.any() else "sessions"

    def _sessions(self, asked: AskedFile, form: Form) -> bytes:
        from attendance.register.reportfile import content
        from attendance.services.reporting import Asked

        rows = self._reports.rows(Asked(asked.session, asked.first, asked.last, asked.group))
        made = content(rows, form, now=self._clock.utc(), site=self._site, paper=asked.paper)
        return made if isinstance(made, bytes) else made.encode("utf-8", "backslashreplace")

    def _timetable(self, asked: AskedFile, form: Form) -> bytes:
        from attendance.register.statusfile import View, text
        from attendance.services.statusreports import AskedStatuses

        first, last = asked.first, asked.last
        if form is Form.ICS and first is None and last is None:
            first, last = self._statuses.today - BACK, self._statuses.today + AHEAD
        wanted = AskedStatuses(first, last, asked.group, asked.person, asked.rule, asked.why_excused)
        report = self._statuses.report(wanted)
        if form is Form.ICS:
            return self._statuses.feed(report)
        view = View(report, asked.kind, asked.under, asked.paper)
        if form in BINARY:
            return self._filed(view, form)
        return "".join(text(view, form)).encode("utf-8", "backslashreplace")

    def _filed(self, view: "View", form: Form) -> bytes:
        from attendance.register.statusfile import write

        with TemporaryDirectory(dir=self._home, prefix="report-") as folder:
            target = Path(folder) / f"report.{form}"
            write(view, form, target, overwrite=False)
            return target.read_bytes()


def _refuse_span(asked: AskedFile) -> None:
    """Raise ReportPeriod for days in the wrong order, for more than `MOST_DAYS`, and for days beside a session."""
    if asked.session is not None and (asked.first or asked.last):
        raise ReportPeriod("report", "give either a session or days")
    if asked.first is None or asked.last is None:
        return
    if asked.last < asked.first:
        raise ReportPeriod("report", f"{asked.first} is after {asked.last}")
    if (asked.last - asked.first).days >= MOST_DAYS:
        raise ReportPeriod("report", f"at most {MOST_DAYS} days are reported on at once")
