"""attendance token: what programs, kiosks and calendars prove themselves by; each is shown once."""

from enum import StrEnum
from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import line, records, say

COLUMNS = ("number", "kind", "name", "scopes", "place", "ends", "used", "holds")

app = typer.Typer(
    help="Tokens of programs, kiosks and calendars: add, list, take back, and what programs may be allowed.",
    no_args_is_help=True,
)


class Ends(StrEnum):
    """When a token ends, but for days."""

    NEVER = "never"


@app.command(epilog=options.EXIT_CODES)
def add(
    name: Annotated[
        str | None, typer.Argument(help="What it is for; none for a kiosk's.", metavar="[NAME]", show_default=False)
    ] = None,
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What the program may do, see 'token scopes'; may be repeated.", metavar="SCOPE"),
    ] = None,
    kiosk: Annotated[
        str | None, typer.Option(help="For the kiosk at this place, instead of a program.", metavar="PLACE")
    ] = None,
    feed: Annotated[
        str | None,
        typer.Option(help="For a calendar to subscribe to, of this person (id), instead of a program.", metavar="ID"),
    ] = None,
    feed_group: Annotated[
        str | None, typer.Option(help="For a calendar to subscribe to, of this group.", metavar="NAME")
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Days that it holds; else a program's holds a year, others until taken back.")
    ] = None,
    ends: Annotated[Ends | None, typer.Option(help="It holds until it is taken back.")] = None,
    home: options.Home = None,
) -> None:
    """Add a token and print it, this once: only its hash is kept."""
    from attendance.services.tokens import YEAR_DAYS

    _one_of(name, kiosk, feed, feed_group)
    if ends is not None and days is not None:
        raise typer.BadParameter("give --days or --ends, not both", param_hint="--ends")
    with writing(home) as opened:
        if feed is not None or feed_group is not None:
            made = opened.feeds.add(opened.actor, person=feed, group=feed_group, days=days)
            say(f"token {made.token.id} of a calendar: subscribe to /feeds/TOKEN.ics of the service")
            line(made.secret)
            return
        if kiosk is not None:
            made = opened.tokens.add_kiosk(opened.actor, kiosk, days=days)
            say(f"token {made.token.id} of the kiosk {made.token.name}: open /kiosk/pair#TOKEN of the service there")
        else:
            wanted = days if days is not None or ends is not None else YEAR_DAYS
            made = opened.tokens.add(opened.actor, name or "", scope or (), days=wanted)
            until = "never ends" if made.token.ends is None else f"ends on {made.token.ends.date()}"
            say(f"token {made.token.id}, {made.token.name}, {until}: send it as 'Authorization: Bearer TOKEN'")
    line(made.secret)


def _one_of(*given: str | None) -> None:
    """Refuse what is for nobody, or for several."""
    if sum(each is not None for each in given) != 1:
        told = "give one of a NAME, --kiosk PLACE, --feed ID and --feed-group NAME"
        raise typer.BadParameter(told, param_hint="NAME")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the tokens, those that hold no longer, too; never what they are proved by."""
    with reading(home) as opened:
        rows = [each.to_dict() for each in opened.tokens.all()]
    records(rows, as_json=as_json, columns=COLUMNS, whole=("name",))


@app.command(epilog=options.EXIT_CODES)
def revoke(
    number: Annotated[int, typer.Argument(help="The token's number, see 'token list'.", metavar="NUMBER")],
    *,
    home: options.Home = None,
) -> None:
    """Take a token back: from now on it opens nothing."""
    with changing(home) as opened:
        done = opened.tokens.revoke(opened.actor, number)
        say(f"taken back: token {done.token.id}, {done.token.name}")


@app.command(epilog=options.EXIT_CODES)
def scopes(*, as_json: options.Json = False) -> None:
    """List what a program may be allowed."""
    from attendance.services.tokens import SCOPES

    rows = [{"scope": scope, "meaning": meaning} for scope, meaning in SCOPES.items()]
    records(rows, as_json=as_json, columns=("scope", "meaning"), whole=("scope",))
