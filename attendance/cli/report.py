"""attendance report: present, absent, or no log."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import reading
from attendance.cli.output import on_terminal, say, table

if TYPE_CHECKING:
    from attendance.report import Row


class Form(StrEnum):
    """The forms a report comes in."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def report(
    *,
    session: options.Session = None,
    first: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.", metavar="DAY")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day; today if --from is given.", metavar="DAY")] = None,
    group: options.Group = None,
    form: Annotated[Form | None, typer.Option("--format", help="Table on a terminal, else CSV.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
    home: options.Home = None,
) -> None:
    """Who was present in a session or a span of days; today's sessions unless told otherwise.

    "absent": enrolled while a check ran, and not marked. "no log": no check ran in that session, or the
    person was enrolled later; nothing is known.
    """
    from attendance.report import counts, to_csv, to_json

    begin, end = _period(session, first, last)
    with reading(home) as app:
        rows = app.report(session=session, first=begin, last=end, group=group)
        now = app.clock.utc()
    chosen = form or (Form.TABLE if on_terminal() and output is None else Form.CSV)
    if chosen is Form.TABLE:
        _table(rows)
    else:
        _write(to_csv(rows) if chosen is Form.CSV else to_json(rows, now=now) + "\n", output)
    say(", ".join(f"{status} {count}" for status, count in counts(rows).items()) if rows else "no session was found")


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


def _write(text: str, output: Path | None) -> None:
    import sys

    from attendance.writing import write_whole

    if output is None:
        sys.stdout.write(text)
    else:
        write_whole(output, text)


def _table(rows: "list[Row]") -> None:
    """People down, sessions across."""
    from attendance.report import local

    sessions = {row.session.id: row.session for row in rows}
    cells: dict[tuple[str, str], dict[int, str]] = {}
    for row in rows:
        shown: str = row.status
        if row.status == "present" and row.mark is not None:
            shown = f"{local(row.mark.at, row.session):%H:%M}" + (" by hand" if row.mark.how == "manual" else "")
        elif row.mark is not None:
            shown += f" (void: {row.mark.void_reason})"
        cells.setdefault((row.person.id, row.person.name), {})[row.session.id] = shown
    columns = ("id", "name", *(each.name for each in sessions.values()))
    table(columns, [(*who, *(found.get(each, "") for each in sessions)) for who, found in cells.items()])
