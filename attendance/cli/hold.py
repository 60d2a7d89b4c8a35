"""attendance hold: what must be kept for the time being, whatever a rule or somebody wants."""

from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import records, say

COLUMNS = ("hold", "of", "reason", "begun", "by", "lifted", "lifted_by")

app = typer.Typer(
    help="Keep what is of a person, or all of the home: nothing of it is erased or purged until that is lifted.",
    no_args_is_help=True,
)


@app.command(epilog=options.EXIT_CODES)
def add(
    person: Annotated[str | None, typer.Argument(help="External id, or exact name.", metavar="PERSON")] = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="The whole home, and not one person.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with it.", metavar="TEXT")],
    home: options.Home = None,
) -> None:
    """Begin a hold on a person, or with --all on the whole home."""
    if (person is None) != everybody:
        raise typer.BadParameter("name a person, or say --all")
    with changing(home) as opened:
        made = opened.holds.add(opened.actor, person, reason=reason)
        say(f"hold {made.id} begins: nothing of {opened.holds.called(made)} is erased or purged")


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were lifted.")] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List what must be kept, and why."""
    with reading(home) as opened:
        rows = [opened.holds.told(each) for each in opened.holds.all(lifted=everything)]
    records(rows, as_json=as_json, columns=COLUMNS)
    if not rows:
        say("nothing is under a hold")


@app.command(epilog=options.EXIT_CODES)
def lift(
    number: Annotated[int, typer.Argument(help="The number of the hold.", metavar="NUMBER")],
    *,
    home: options.Home = None,
) -> None:
    """End a hold: the rules apply again from the next run on."""
    with changing(home) as opened:
        found = opened.holds.lift(opened.actor, number)
        say(f"hold {found.id} is lifted")
