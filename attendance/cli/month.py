"""attendance month: closing months, so that nothing of them changes, and proving that nothing has."""

from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, json_line, line, records, say
from attendance.records import instant

COLUMNS = ("month", "state", "at", "by", "reason", "digest")
ROW_COLUMNS = ("day", "entry", "id", "name", "status", "reasons")

app = typer.Typer(
    help="Close months that are over, open them again, and verify that a closed one is as it was.",
    no_args_is_help=True,
)

Month = Annotated[str, typer.Argument(help="The month, YYYY-MM.", metavar="MONTH")]


@app.command(epilog=options.EXIT_CODES)
def close(
    month: Month,
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with it.", metavar="TEXT")] = "",
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Close a month that is over: its statuses and what is still open are shown first, then nothing of it changes."""
    with changing(home) as opened:
        for text in opened.months.look(month).lines():
            say(text)
        confirm(f"Close {month}?", yes=yes)
        state = opened.months.close(opened.actor, month, reason=reason)
        say(f"closed: {month}, SHA-256 of its statuses {state.digest}")


@app.command("open", epilog=options.EXIT_CODES)
def open_(
    month: Month,
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with it.", metavar="TEXT")],
    home: options.Home = None,
) -> None:
    """Open a closed month again, so that it can be changed; that is recorded."""
    with changing(home) as opened:
        opened.months.open(opened.actor, month, reason=reason)
        say(f"opened: {month}")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List every closing and opening in order; the last word on a month counts."""
    with reading(home) as opened:
        rows = [
            {
                "month": each.month,
                "state": "closed" if each.closed else "open",
                "at": instant(each.at),
                "by": each.by,
                "reason": each.reason,
                "digest": each.digest,
            }
            for each in opened.months.all()
        ]
    records(rows, as_json=as_json, columns=COLUMNS)
    if not rows:
        say("no month was ever closed")


@app.command(epilog=options.EXIT_CODES)
def verify(month: Month, *, as_json: options.Json = False, home: options.Home = None) -> None:
    """Derive a closed month again and compare it with what it was; exit code 1 where it differs."""
    with reading(home) as opened:
        found = opened.months.verify(month)
    if as_json:
        line(json_line({"schema": 1, **found.to_dict()}))
    elif found.rows:
        records([found.row(each) for each in found.rows], as_json=False, columns=ROW_COLUMNS)
    for text in found.lines():
        say(text)
    if not found.same:
        raise typer.Exit(1)
