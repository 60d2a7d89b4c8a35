"""attendance coverage: when people were looked for, so that who was absent can be told from who was not looked for."""

from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import records, say

if TYPE_CHECKING:
    from attendance.services.coverings import ShownCoverage

COLUMNS = ("what", "kind", "source", "site", "group", "begins", "ends", "by", "reason")

NOBODY_TODAY = "nobody looked today; --from and --to tell other days"

app = typer.Typer(
    help="When people were looked for, and when they were not: list it, and add when somebody has watched in person.",
    no_args_is_help=True,
)

Name = Annotated[str | None, typer.Option(help="The place at which it was.", metavar="NAME")]


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    first: Annotated[
        str | None, typer.Option("--from", help="First day, YYYY-MM-DD; else that of --to.", metavar="DAY")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day, YYYY-MM-DD; else that of --from, else today.", metavar="DAY")
    ] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List what each source has looked at ("span"), and where a camera has paused within a day ("gap")."""
    begin, end = options.day_of(first, "--from"), options.day_of(last, "--to")
    with reading(home) as opened:
        rows = [each.to_dict() for each in opened.coverings.list(begin, end)]
    records(rows, as_json=as_json, columns=COLUMNS, whole=("source",))
    if not rows:
        say("nobody looked on these days; --from and --to tell others" if begin or end else NOBODY_TODAY)


@app.command(epilog=options.EXIT_CODES)
def add(
    *,
    begins: Annotated[str, typer.Option("--from", help="From when on, 08:00 or a whole instant.", metavar="TIME")],
    ends: Annotated[str, typer.Option("--to", help="Until when, 08:15 or a whole instant.", metavar="TIME")],
    reason: Annotated[str, typer.Option(help="Who has watched, or how it is known; kept with it.")],
    day: Annotated[str | None, typer.Option(help="The day, YYYY-MM-DD; else today.", metavar="DAY")] = None,
    place: Name = None,
    group: options.Group = None,
    home: options.Home = None,
) -> None:
    """Note that somebody has watched in person: who has no mark of that time was not there."""
    found = options.day_of(day, "--day")
    with changing(home) as opened:
        made = opened.coverings.add(
            opened.actor, begins=begins, ends=ends, reason=reason, day=found, place=place, group=group
        )
        say(f"noted: {_told(made)}")


def _told(found: "ShownCoverage") -> str:
    told = found.to_dict()
    whom = "everybody" if found.group is None else found.group
    return f"{found.source}, from {told['begins']} to {told['ends']}, for {whom}"
