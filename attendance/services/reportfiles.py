"""Reports, their pictures and proofs of days as files, whichever door asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from attendance.errors import OutputForm, ReportPeriod
from attendance.register.reportform import Form, Paper
from attendance.register.statusfile import View
from attendance.services.reporting import Asked
from attendance.services.statusreports import AskedStatuses

if TYPE_CHECKING:
    from attendance.access import Actor, Visitor
    from attendance.register.proof import Made
    from attendance.register.report import Row
    from attendance.register.statusfile import Kind
    from attendance.register.statusreport import StatusReport
    from attendance.services.ownpeople import OwnPeople
    from attendance.services.proving import Proofs
    from attendance.services.reporting import Reports
    from attendance.services.statusreports import StatusReports

LARGE: Final = 40_000
"""Days times people from which on a report is long work."""
BACK, AHEAD = timedelta(weeks=4), timedelta(weeks=26)
"""The days of a calendar to subscribe to, where none are given."""
FORMS: Final[Mapping[str, tuple[str, Form | None]]] = MappingProxyType(
    {
        "csv": (".csv", Form.CSV_EXCEL),
        "csv-plain": (".csv", Form.CSV),
        "xlsx": (".xlsx", Form.XLSX),
        "pdf": (".pdf", Form.PDF),
        "json": (".json", Form.JSON),
        "txt": (".txt", Form.TABLE),
        "ics": (".ics", Form.ICS),
        "svg": (".svg", None),
        "png": (".png", None),
    }
)
"""What a report can be had as: the ending of the file's name, and its form unless it is a picture."""
PROOFS: Final = ("txt", "json", "pdf")
By = Literal["timetable", "sessions"]


@dataclass(frozen=True, slots=True)
class ReportWanted:
    """What to report on, and what of it: rows, totals (``under`` a rate alone) or hours; ``session`` by its name."""

    by: By = "timetable"
    first: date | None = None
    last: date | None = None
    group: str | None = None
    person: str | None = None
    entry: str | None = None
    session: str | None = None
    kind: "Kind" = "rows"
    under: float | None = None
    paper: Paper = Paper.A4
    why_excused: bool = False

    def __post_init__(self) -> None:
        if self.first and self.last and self.first > self.last:
            raise ReportPeriod("report", f"the first day, {self.first}, is after the last, {self.last}")

    @property
    def name(self) -> str:
        """What a file of it is called, without its ending."""
        days = " to ".join(dict.fromkeys(str(each) for each in (self.first, self.last) if each))
        parts = ("attendance", self.session, days, self.group, self.person, self.entry)
        return " ".join(each for each in parts if each)


class ReportFiles:
    """Makes them; what is asked for is checked against whose people a visitor sees by whoever asks."""

    def __init__(
        self, statuses: "StatusReports", sessions: "Reports", proofs: "Proofs", own_people: "OwnPeople"
    ) -> None:
        self._statuses, self._sessions, self._proofs, self._own_people = statuses, sessions, proofs, own_people

    def view(self, wanted: ReportWanted) -> View:
        """A report by the timetable. Raises GroupUnknown, RuleUnknown, PersonUnknown, PersonAmbiguous."""
        asked = AskedStatuses(wanted.first, wanted.last, wanted.group, wanted.person, wanted.entry, wanted.why_excused)
        return View(self._statuses.report(asked), wanted.kind, wanted.under, wanted.paper)

    def rows(self, wanted: ReportWanted) -> "list[Row]":
        """A report by sessions. Raises SessionUnknown, GroupUnknown."""
        return self._sessions.rows(Asked(wanted.session, wanted.first, wanted.last, wanted.group))

    def is_large(self, who: "Visitor", wanted: ReportWanted) -> bool:
        """Whether making it takes so long that nobody should wait before a page."""
        if wanted.first is None or wanted.person is not None or wanted.session is not None:
            return False
        days = ((wanted.last or self._statuses.today) - wanted.first).days + 1
        return days * len(self._own_people.people(who)) > LARGE

    def write(self, wanted: ReportWanted, form: str, target: Path) -> None:
        """Write it to a new file in one of `FORMS`. Raises OutputForm, OutputFailed, and as `view` and `rows`."""
        from attendance.register import statusfile
        from attendance.writing import write_new

        suffix, kind = FORMS.get(form, ("", None))
        if not suffix:
            raise OutputForm(form, f"a report can be {', '.join(FORMS)}")
        if wanted.by == "sessions":
            write_new(target, self._of_sessions(wanted, form, kind))
        elif kind is None:
            write_new(target, _picture(self.view(wanted).report, form))
        elif kind is Form.ICS:
            write_new(target, self._statuses.feed(self.view(self._ahead(wanted)).report))
        else:
            statusfile.write(self.view(wanted), kind, target, overwrite=False)

    def content(self, wanted: ReportWanted, form: str) -> bytes:
        """The same as bytes. Raises as `write`."""
        with TemporaryDirectory(prefix="attendance-", ignore_cleanup_errors=True) as folder:
            target = Path(folder) / f"report{FORMS.get(form, ('',))[0]}"
            self.write(wanted, form, target)
            return target.read_bytes()

    def proof(self, maker: "Actor", person: str, day: date) -> "Made":
        """All that somebody's day rests on. Raises PersonUnknown, PersonAmbiguous."""
        return self._proofs.of(maker, person, day)

    @staticmethod
    def proof_content(made: "Made", form: str, paper: Paper = Paper.A4) -> str | bytes:
        """A proof in one of `PROOFS`. Raises OutputForm, ReportsMissing."""
        from attendance.register import proofpage

        if form not in PROOFS:
            raise OutputForm(form, f"a proof of a day can be {', '.join(PROOFS)}")
        if form == "json":
            return made.to_json()
        return proofpage.to_pdf(made, paper) if form == "pdf" else proofpage.to_text(made)

    def _of_sessions(self, wanted: ReportWanted, form: str, kind: Form | None) -> str | bytes:
        if kind is None:
            raise OutputForm(form, "a picture is of a report by the timetable")
        return self._sessions.content(self.rows(wanted), kind, wanted.paper)

    def _ahead(self, wanted: ReportWanted) -> ReportWanted:
        """With the days of a calendar to subscribe to, where none are given."""
        from dataclasses import replace

        if wanted.first is not None or wanted.last is not None:
            return wanted
        today = self._statuses.today
        return replace(wanted, first=today - BACK, last=today + AHEAD)


def _picture(report: "StatusReport", form: str) -> bytes | str:
    from attendance.register.heatmap import drawn
    from attendance.register.heatpicture import Letters, to_png
    from attendance.register.svg import to_svg

    letters = Letters()
    picture = drawn(report, letters)
    return to_svg(picture) if form == "svg" else to_png(picture, letters)
