"""attendance report --proof: all that somebody's day rests on."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.cli.forms import chosen_form
from attendance.cli.output import say
from attendance.register.reportform import Form, Paper

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.proof import Made

_FORMS = (Form.TABLE, Form.JSON, Form.PDF)


def prove(
    app: "Attendance",
    person: str,
    day: date | None,
    wanted: Form | None,
    output: Path | None,
    *,
    paper: Paper,
    overwrite: bool,
) -> None:
    """Print or write the proof of a day: as text, JSON or a page."""
    import sys

    from attendance.errors import OutputForm
    from attendance.register.reportfile import write_report

    form = Form.TABLE if wanted is None and output is None else chosen_form(wanted, output)
    if form not in _FORMS:
        raise OutputForm(str(output or "stdout"), "a proof of a day is .txt, .json or .pdf")
    when = day or app.status_reports.today
    made = app.proofs.of(app.actor, person, when)
    data = _content(made, form, paper)
    app.looks.at_day(app.actor, app.people.find(person), when)
    if output is None:
        sys.stdout.write(str(data))
    else:
        write_report(output, data, overwrite=overwrite)
        say(f"wrote {output}")
    say(f"SHA-256 {made.sha256}")


def _content(made: "Made", form: Form, paper: Paper) -> str | bytes:
    from attendance.register import proofpage

    if form is Form.JSON:
        return made.to_json()
    return proofpage.to_pdf(made, paper) if form is Form.PDF else proofpage.to_text(made)
