"""attendance report: who was there, by the timetable or by sessions, in many forms."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.forms import chosen_form
from attendance.cli.opening import changing, reading
from attendance.cli.output import say, table
from attendance.register.reportform import Form, Paper, form_of_file

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.report import Row
    from attendance.register.statusfile import Kind
    from attendance.services.reporting import Reports

FORMAT_HELP = "Else a table on a terminal, plain CSV to a pipe, and for a file what its name ends in."
OUTPUT_HELP = "Write to this new file: .csv (as Excel opens it), .xlsx, .pdf, .ics, .json or .txt."
PLOT_HELP = "Draw a picture of people by days to this new file: .svg or .png."
UNDER_HELP = "Those alone whose rate, there / (there + absent), is less, such as 75%."


class By(StrEnum):
    """What a report goes by."""

    SESSIONS = "sessions"
    TIMETABLE = "timetable"


BY_HELP = "Of sessions or of the timetable; else the timetable where there is one."


def report(
    *,
    session: options.Session = None,
    first: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.", metavar="DAY")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day; today if --from is given.", metavar="DAY")] = None,
    group: options.Group = None,
    site: options.Site = None,
    by: Annotated[By | None, typer.Option("--by", help=BY_HELP)] = None,
    person: Annotated[str | None, typer.Option(help="Only this person: id or exact name.", metavar="PERSON")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this entry of the timetable.", metavar="NAME")] = None,
    totals: Annotated[bool, typer.Option("--totals", help="Counts, hours and rate of each person and group.")] = False,
    under: Annotated[str | None, typer.Option(help=UNDER_HELP, metavar="SHARE")] = None,
    split_midnight: Annotated[
        bool, typer.Option("--split-midnight", help="Hours worked by local calendar day, nights split at midnight.")
    ] = False,
    why_excused: Annotated[
        bool, typer.Option("--why-excused", help="With the reasons of excuses, which may be private.")
    ] = False,
    proof: Annotated[
        str | None, typer.Option(help="All that this person's --day rests on, to prove it.", metavar="PERSON")
    ] = None,
    day: Annotated[str | None, typer.Option(help="The day of --proof, YYYY-MM-DD; else today.", metavar="DAY")] = None,
    plot: Annotated[Path | None, typer.Option(help=PLOT_HELP, metavar="FILE")] = None,
    paper: Annotated[Paper, typer.Option(help="The paper of a PDF.")] = Paper.A4,
    form: Annotated[Form | None, typer.Option("--format", help=FORMAT_HELP)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=OUTPUT_HELP, metavar="FILE")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE if it is an earlier report, and nothing else.")
    ] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Who was there on a day or a span of days; today unless told otherwise.

    By the timetable, where there is one: present, late, left early, partial, excused, absent, or no log. By sessions:
    present, absent, or no log. "absent": looked for, and not there. "no log": nobody looked, so that nothing is known.
    Who was set inactive is listed for the days before.
    """
    begin, end = _period(session, first, last)
    asked = {"--person": person, "--rule": rule, "--under": under, "--plot": plot, "--proof": proof, "--day": day}
    given = [flag for flag, value in asked.items() if value is not None]
    switches = {"--totals": totals, "--split-midnight": split_midnight, "--why-excused": why_excused}
    given += [flag for flag, value in switches.items() if value]
    _one_way(session, by, given)
    if day is not None and proof is None:
        raise typer.BadParameter("is the day of --proof PERSON; give --from and --to", param_hint="--day")
    span = [
        flag
        for flag, value in {"--from": first, "--to": last, "--group": group, "--site": site}.items()
        if value is not None
    ]
    _one_kind([*span, *given])
    if as_json and form not in {None, Form.JSON}:
        raise typer.BadParameter(f"--json and --format {form} are two forms", param_hint="--json")
    wanted = Form.JSON if as_json else form
    is_noted = proof is not None or output is not None or plot is not None
    with (changing if is_noted else reading)(home) as app:
        if proof is not None:
            from attendance.cli.proof import prove

            prove(app, proof, _day("--day", day), wanted, output, paper=paper, overwrite=overwrite)
        elif _by(app, by, session, given, wanted or (form_of_file(output, None) if output else None)) is By.SESSIONS:
            _sessions(app, session, (begin, end), (group, site), wanted, output, paper=paper, overwrite=overwrite)
        else:
            from attendance.cli.statusreport import Choices, by_timetable

            kind: Kind = "hours" if split_midnight else "totals" if totals or under is not None else "rows"
            choices = Choices(
                *(begin, end, group, person, rule, kind, _share(under), paper, plot),
                why_excused=why_excused,
                overwrite=overwrite,
                site=site,
            )
            by_timetable(app, choices, wanted, output)


def _share(text: str | None) -> float | None:
    from attendance.register.quota import share

    try:
        return None if text is None else share(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--under") from error


def _one_way(session: str | None, by: By | None, given: Sequence[str]) -> None:
    """Refuse flags that say both what is by sessions and what is by the timetable."""
    if session is not None and (by is By.TIMETABLE or given):
        other = "--by timetable" if by is By.TIMETABLE else given[0]
        raise typer.BadParameter(f"a session is none of the timetable: leave out {other}", param_hint="--session")
    if by is By.SESSIONS and given:
        raise typer.BadParameter(f"{given[0]} is of the timetable: leave it out, or --by sessions", param_hint="--by")


def _one_kind(given: Sequence[str]) -> None:
    """Refuse flags of which one would be passed over: a proof is of a person and a day, and hours are no counts."""
    beside = [flag for flag in given if flag not in {"--proof", "--day"}]
    if "--proof" in given and beside:
        told = f"is of one person on one --day: leave out {beside[0]}"
        raise typer.BadParameter(told, param_hint="--proof")
    counts = [flag for flag in ("--totals", "--under") if flag in given]
    if "--split-midnight" in given and counts:
        told = f"tells hours by day, {counts[0]} of all days: give one of them"
        raise typer.BadParameter(told, param_hint="--split-midnight")


def _by(app: "Attendance", by: By | None, session: str | None, given: Sequence[str], form: Form | None) -> By:
    if by is not None:
        return by
    if given or (form is Form.ICS and session is None):
        return By.TIMETABLE
    return By.SESSIONS if session is not None or not app.status_reports.any() else By.TIMETABLE


def _sessions(
    app: "Attendance",
    session: str | None,
    days: tuple[date | None, date | None],
    whom: tuple[str | None, str | None],
    wanted: Form | None,
    output: Path | None,
    *,
    paper: Paper,
    overwrite: bool,
) -> None:
    from attendance.register.report import counts
    from attendance.services.reporting import Asked

    form = chosen_form(wanted, output)
    reports, asked = app.reports, Asked(session, *days, *whom)
    rows = reports.rows(asked)
    told = ", ".join(f"{status} {count}" for status, count in counts(rows).items()) if rows else ""
    told = told or reports.why_no_rows(asked)
    other = "; by sessions, --by timetable tells it by the timetable" if _has_other(app, session) else ""
    if output is None:
        _show(reports, rows, form)
    else:
        app.looks.at_report(app.actor, "sessions", *days, form)
        reports.write(rows, form, output, overwrite=overwrite, paper=paper)
        say(f"wrote {output}")
    say(told + other)


def _has_other(app: "Attendance", session: str | None) -> bool:
    return session is None and app.status_reports.any()


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
