"""Reports as pages show them, and in all forms that there are, pictures among them; which of them are long work."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from attendance.errors import OutputForm
from attendance.register.reportform import Form, Paper
from attendance.register.statusfile import View
from attendance.services.reporting import Asked
from attendance.services.statusreports import AskedStatuses

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.register.proof import Made
    from attendance.register.report import Row
    from attendance.register.statusreport import StatusReport
    from attendance.services.ownpeople import OwnPeople
    from attendance.services.reportfiles import AskedFile, ReportFiles
    from attendance.services.reporting import Reports
    from attendance.services.statusreports import StatusReports

LARGE: Final = 40_000
"""Days times people from which on a report is long work."""
FORMS: Final[Mapping[str, tuple[str, Form | None]]] = MappingProxyType(
    {
        "csv": (".csv", Form.CSV_EXCEL),
        "xlsx": (".xlsx", Form.XLSX),
        "pdf": (".pdf", Form.PDF),
        "csv-plain": (".csv", Form.CSV),
        "json": (".json", Form.JSON),
        "txt": (".txt", Form.TABLE),
        "ics": (".ics", Form.ICS),
        "svg": (".svg", None),
        "png": (".png", None),
    }
)
"""What a report can be had as: the ending of the file's name, and its form unless it is a picture."""
PROOFS: Final = ("txt", "json", "pdf")


class ReportViews:
    """What pages show of reports."""

    def __init__(
        self, files: "ReportFiles", statuses: "StatusReports", sessions: "Reports", own_people: "OwnPeople"
    ) -> None:
        self._files, self._statuses, self._sessions, self._own_people = files, statuses, sessions, own_people

    def view(self, asked: "AskedFile") -> View:
        """A report by the timetable. Raises GroupUnknown, RuleUnknown, PersonUnknown, PersonAmbiguous."""
        wanted = AskedStatuses(asked.first, asked.last, asked.group, asked.person, asked.rule, asked.why_excused)
        return View(self._statuses.report(wanted), asked.kind, asked.under, asked.paper)

    def rows(self, asked: "AskedFile") -> "list[Row]":
        """A report by sessions. Raises SessionUnknown, GroupUnknown."""
        return self._sessions.rows(Asked(asked.session, asked.first, asked.last, asked.group))

    def is_large(self, who: "Visitor", asked: "AskedFile") -> bool:
        """Whether making it takes so long that nobody should wait before a page."""
        if asked.first is None or asked.person is not None or asked.session is not None:
            return False
        days = ((asked.last or self._statuses.today) - asked.first).days + 1
        return days * len(self._own_people.people(who)) > LARGE

    def content(self, asked: "AskedFile", form: str) -> bytes:
        """The report in one of `FORMS`. Raises OutputForm, and as `ReportFiles.of`."""
        if form not in FORMS:
            raise OutputForm(form, f"a report can be {', '.join(FORMS)}")
        kind = FORMS[form][1]
        if kind is not None:
            return self._files.of(asked, kind)
        if asked.by == "sessions":
            raise OutputForm(form, "a picture is of a report by the timetable")
        return _picture(self.view(asked).report, form)


def name_of(asked: "AskedFile", form: str) -> str:
    """What a file of a report is called."""
    days = " to ".join(dict.fromkeys(str(each) for each in (asked.first, asked.last) if each))
    parts = ("attendance", asked.session, days, asked.group, asked.person, asked.rule)
    return " ".join(each for each in parts if each) + FORMS[form][0]


def proof_content(made: "Made", form: str, paper: Paper = Paper.A4) -> str | bytes:
    """A proof in one of `PROOFS`. Raises OutputForm, ReportsMissing."""
    from attendance.register import proofpage

    if form not in PROOFS:
        raise OutputForm(form, f"a proof of a day can be {', '.join(PROOFS)}")
    if form == "json":
        return made.to_json()
    return proofpage.to_pdf(made, paper) if form == "pdf" else proofpage.to_text(made)


def _picture(report: "StatusReport", form: str) -> bytes:
    from attendance.register.heatmap import drawn
    from attendance.register.heatpicture import Letters, to_png
    from attendance.register.svg import to_svg

    letters = Letters()
    picture = drawn(report, letters)
    return to_svg(picture).encode("utf-8", "backslashreplace") if form == "svg" else to_png(picture, letters)
