"""attendance report by the timetable: shown, written, drawn, or as a calendar."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.cli.forms import chosen_form
from attendance.cli.output import say, table
from attendance.register.reportform import Form, Paper

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.statusfile import Kind, View
    from attendance.register.statusreport import StatusReport

_BACK, _AHEAD = timedelta(weeks=4), timedelta(weeks=26)
"""The days of a calendar to subscribe to, where none are given."""
_PICTURES: Final = (".svg", ".png")


@dataclass(frozen=True)
class Choices:
    """What was asked for by flags."""

    first: date | None
    last: date | None
    group: str | None
    person: str | None
    rule: str | None
    kind: "Kind"
    under: float | None
    paper: Paper
    plot: Path | None
    why_excused: bool
    overwrite: bool
    site: str | None = None


def by_timetable(app: "Attendance", choices: Choices, wanted: Form | None, output: Path | None) -> None:
    """Report what became of everybody, and say in a line what it comes to."""
    _fitting(choices.plot)
    drawn_alone = choices.plot is not None and output is None and wanted is None
    form = None if drawn_alone else chosen_form(wanted, output)
    view = _view(app, choices, form)
    picture = None if choices.plot is None else _picture(view.report, choices.plot)
    if output is not None or choices.plot is not None:
        _looked(app, choices, form)
    if form is Form.ICS:
        _calendar(app, view, output, overwrite=choices.overwrite)
    elif form is not None:
        _shown(view, form) if output is None else _written(view, form, output, overwrite=choices.overwrite)
    if choices.plot is not None and picture is not None:
        _drawn(view.report, picture, choices.plot, overwrite=choices.overwrite)
    say(_summary(app, view))


def _looked(app: "Attendance", choices: Choices, form: Form | None) -> None:
    """Note in the log that the report was taken out."""
    whom = None if choices.person is None else app.people.find(choices.person).id
    app.looks.at_report(app.actor, "timetable", choices.first, choices.last, form or "plot", person=whom)


def _view(app: "Attendance", choices: Choices, form: Form | None) -> "View":
    from attendance.register.statusfile import View
    from attendance.services.statusreports import AskedStatuses

    first, last = choices.first, choices.last
    if form is Form.ICS and first is None and last is None:
        first, last = app.status_reports.today - _BACK, app.status_reports.today + _AHEAD
    asked = AskedStatuses(first, last, choices.group, choices.person, choices.rule, choices.why_excused, choices.site)
    return View(app.status_reports.report(asked), choices.kind, choices.under, choices.paper)


def _summary(app: "Attendance", view: "View") -> str:
    from attendance.register.quota import in_words
    from attendance.register.statusreport import counts

    report = view.report
    other = "--by sessions tells it by sessions"
    if not report.rows:
        why = app.status_reports.why_no_rows(report)
        return f"{why}; {other}" if app.status_reports.any() else why
    told = ", ".join(f"{status} {count}" for status, count in counts(report.rows).items())
    if view.under is not None:
        told = f"{len(view.totals)} of {len(report.people())} people are under {in_words(view.under)}"
    return f"{told}; by the timetable, {other}"


def _shown(view: "View", form: Form) -> None:
    import sys

    from attendance.register.statusfile import text

    if form is not Form.TABLE:
        sys.stdout.writelines(text(view, form))
        return
    (head, lines), remark = view.table()
    table(head, lines, whole=("id",))
    if remark:
        say(remark)


def _written(view: "View", form: Form, output: Path, *, overwrite: bool) -> None:
    from attendance.register.statusfile import write

    write(view, form, output, overwrite=overwrite)
    say(f"wrote {output}")


def _calendar(app: "Attendance", view: "View", output: Path | None, *, overwrite: bool) -> None:
    import sys

    from attendance.register.reportfile import write_report

    data = app.status_reports.feed(view.report)
    if output is None:
        sys.stdout.write(data.decode())
    else:
        write_report(output, data, overwrite=overwrite)
        say(f"wrote {output}")


def _fitting(plot: Path | None) -> None:
    from attendance.errors import OutputForm

    if plot is not None and plot.suffix.lower() not in _PICTURES:
        raise OutputForm(str(plot), f"a picture can be {', '.join(_PICTURES)}")


def _picture(report: "StatusReport", plot: Path) -> bytes | str:
    from attendance.register.heatmap import drawn
    from attendance.register.heatpicture import Letters, to_png
    from attendance.register.svg import to_svg

    letters = Letters()
    picture = drawn(report, letters)
    return to_svg(picture) if plot.suffix.lower() == ".svg" else to_png(picture, letters)


def _drawn(report: "StatusReport", picture: bytes | str, plot: Path, *, overwrite: bool) -> None:
    from attendance.register.heatmap import MOST_PEOPLE
    from attendance.register.reportfile import write_report

    write_report(plot, picture, overwrite=overwrite)
    if len(report.people()) > MOST_PEOPLE:
        say(f"more than {MOST_PEOPLE} people are drawn by group: give --group or --person for single people")
    say(f"wrote {plot}")
