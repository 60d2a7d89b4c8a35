"""attendance excuse: when somebody need not be there, and why, also ahead of time."""

from pathlib import Path
from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import records, say

COLUMNS = ("number", "id", "name", "span", "reason", "state", "by")

app = typer.Typer(
    help="Excuses: add, list, withdraw; they count from when they are entered, also ahead.", no_args_is_help=True
)

Reason = Annotated[str, typer.Option(help="Why; kept with it.", metavar="TEXT")]


@app.command(epilog=options.EXIT_CODES)
def add(
    person: options.Person,
    *,
    first: Annotated[
        str, typer.Option("--from", help="The first day, or an instant such as 2026-03-02T10:00.", metavar="WHEN")
    ],
    last: Annotated[str, typer.Option("--to", help="The last day, or the instant of the end.", metavar="WHEN")],
    reason: Reason,
    document: Annotated[
        Path | None, typer.Option(help="A document: its SHA-256 is kept, the file is not.", metavar="FILE")
    ] = None,
    home: options.Home = None,
) -> None:
    """Excuse somebody from a day or instant to a day, which is the last, or an instant."""
    with changing(home) as opened:
        made = opened.excuses.add(opened.actor, person, first, last, reason=reason, document=document)
        waits = "; it counts once somebody else has approved it" if made.stored.pending else ""
        say(f"{made.told}{waits}")


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    person: Annotated[
        str | None, typer.Option(help="Of this person alone: id or exact name.", metavar="PERSON")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="That reach this day or a later one.", metavar="DAY")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="That begin on this day or before.", metavar="DAY")] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that were withdrawn, too.")] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List the excuses by their beginnings, with whether each counts."""
    begin, end = options.day_of(first, "--from"), options.day_of(last, "--to")
    with reading(home) as opened:
        found = opened.excuses.all(person, first=begin, last=end, withdrawn_too=every)
        rows = [each.to_dict() if as_json else each.row() for each in found]
    records(rows, as_json=as_json, columns=COLUMNS, whole=("name", "span"))
    if not rows:
        say("there is no such excuse")


@app.command(epilog=options.EXIT_CODES)
def withdraw(
    number: Annotated[int, typer.Argument(help="The excuse's number, see 'excuse list'.", metavar="NUMBER")],
    *,
    reason: Reason,
    home: options.Home = None,
) -> None:
    """Take an excuse back: it counts no longer, and stays on record."""
    with changing(home) as opened:
        say(f"withdrawn: {opened.excuses.withdraw(opened.actor, number, reason=reason).told}")
