"""attendance report: present, absent, or no log."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import reading
from attendance.cli.output import on_terminal, say, table
from attendance.register.reportform import Form, form_of_file, form_of_screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.register.report import Row
    from attendance.services.reporting import Reports

FORMAT_HELP = "Else a table on a terminal, plain CSV to a pipe, and for a file what its name ends in."
OUTPUT_HELP = "Write to this new file: .csv (as Excel opens it), .xlsx, .json or .txt."


def report(
    *,
    session: options.Session = None,
    first: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.", metavar="DAY")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day; today if --from is given.", metavar="DAY")] = None,
    group: options.Group = None,
    form: Annotated[Form | None, typer.Option("--format", help=FORMAT_HELP)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=OUTPUT_HELP, metavar="FILE")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE if it is an earlier report, and nothing else.")
    ] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Who was present in a session or a span of days; today's sessions unless told otherwise.

    "absent": looked for by a check, and not marked. "no log": no check ran in that session, or the person was
    enrolled later; nothing is known. Who was set inactive is listed for the days before.
    """
    from attendance.register.report import counts
    from attendance.services.reporting import Asked

    begin, end = _period(session, first, last)
    chosen = _form(form, output, as_json=as_json)
    with reading(home) as app:
        reports, asked = app.reports, Asked(session, begin, end, group)
        rows = reports.rows(asked)
        why = "" if rows else reports.why_no_rows(asked)
    _show(reports, rows, chosen) if output is None else _write(reports, rows, chosen, output, overwrite=overwrite)
    say(", ".join(f"{status} {count}" for status, count in counts(rows).items()) if rows else why)


def _form(form: Form | None, output: Path | None, *, as_json: bool) -> Form:
    if as_json and form not in {None, Form.JSON}:
        raise typer.BadParameter(f"--json and --format {form} are two forms", param_hint="--json")
    wanted = Form.JSON if as_json else form
    return form_of_screen(wanted, terminal=on_terminal()) if output is None else form_of_file(output, wanted)


def _period(session: str | None, first: str | None, last: str | None) -> tuple[date | None, date | None]:
    from attendance.errors import ReportPeriod

    if session is not None and (first or last):
        raise ReportPeriod("report", "give either --session or --from and --to")
    begin, end = _day("--from", first), _day("--to", last)
    if begin and end and begin > end:
        raise ReportPeriod("report", f"--from {begin} is after --to {end}")
    return begin, end


def _day(flag: str, text: str | None) -> date | None:
    from attendance.errors import ReportPeriod

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise ReportPeriod(flag, f"{text!r} is no day") from error


def _show(reports: "Reports", rows: "Sequence[Row]", form: Form) -> None:
    import sys

    from attendance.register.report import matrix

    if form is Form.TABLE:
        table(*matrix(rows))
    else:
        sys.stdout.write(reports.text(rows, form))


def _write(reports: "Reports", rows: "Sequence[Row]", form: Form, output: Path, *, overwrite: bool) -> None:
    reports.write(rows, form, output, overwrite=overwrite)
    say(f"wrote {output}")
