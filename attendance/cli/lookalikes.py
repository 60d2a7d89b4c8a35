"""attendance gallery lookalikes: the pairs that are hard to tell apart, and what somebody has found who looked."""

from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, records, say
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.lookalikes import Pair

COLUMNS = ("id", "name", "other_id", "other_name", "score", "since", "active")

app = typer.Typer(
    help="People whose photos are too alike: a mark of one needs a clear lead over the other.", no_args_is_help=True
)


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the remembered pairs, the closest first.

    The score is the highest that photos of the two have with each other; active says whether both are searched.
    """
    with reading(home) as opened:
        records([each.to_dict() for each in opened.lookalikes.all()], as_json=as_json, columns=COLUMNS)


@app.command(epilog=options.EXIT_CODES)
def clear(
    person: Annotated[str | None, typer.Argument(help="Id or exact name.", show_default=False)] = None,
    other: Annotated[str | None, typer.Argument(help="Id or exact name of the other.", show_default=False)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Forget every pair.")] = False,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Forget a pair, once somebody has looked at the photos and can tell the two apart.

    Checks then treat the two like any others. Enrolling the same photos again does not bring the pair back;
    a photo that is closer to the other person than any before does.
    """
    if everything == (other is not None) or (everything and person is not None):
        raise typer.BadParameter("name two people, or give --all", param_hint="PERSON OTHER")
    with changing(home) as opened:
        known = [each.keys for each in opened.lookalikes.all()] if everything else []
        if known:
            confirm(f"Forget {counted(len(known), 'pair')}?", yes=yes)
        gone = opened.lookalikes.clear(opened.actor, known if everything else [(person or "", other or "")])
        for each in gone:
            say(_told(each))
    if not gone:
        say("no pair is remembered")


def _told(pair: "Pair") -> str:
    names = " and ".join(f"{each.name} ({each.external_id})" for each in (pair.one, pair.other))
    return f"forgotten: {names}, score {pair.score:.3f}"
