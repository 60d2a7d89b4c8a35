"""attendance export: marks as a file for another system."""

from pathlib import Path
from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing
from attendance.cli.output import say


def export(
    form: Annotated[
        str, typer.Argument(help="csv: all marks as a table; frappe: Employee Checkins for ERPNext.", metavar="FORM")
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Write to this new file.", metavar="FILE")],
    first: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.", metavar="DAY")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day.", metavar="DAY")] = None,
    group: options.Group = None,
    home: options.Home = None,
) -> None:
    """Write marks to a file that another system takes in; nothing is sent.

    frappe has the marks that count, on the site's clock. csv has all, and 'roster marks' reads it back.
    """
    from attendance.errors import ExportForm as FormUnknown
    from attendance.services.exports import ExportForm
    from attendance.writing import refuse_taken

    if form not in {str(each) for each in ExportForm}:
        raise FormUnknown(form, f"there are the forms {' and '.join(ExportForm)}")
    begin, end = options.day_of(first, "--from"), options.day_of(last, "--to")
    with changing(home) as opened:
        refuse_taken(output)
        opened.looks.at_marks(opened.actor, form, begin, end)
        done = opened.exports.write(ExportForm(form), output, first=begin, last=end, group=group)
    say(f"wrote {output}: marks {done.marks}")
    if done.timeless:
        say(f"left out, as their time is not known: {done.timeless}")
