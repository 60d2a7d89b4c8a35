"""attendance receiver: other systems that are told of what happens, by webhook or MQTT, while the service runs."""

from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import confirm, records, say

COLUMNS = ("name", "kind", "address", "news", "active", "reason", "waiting")
DELIVERIES = ("news", "kind", "attempts", "due", "done", "outcome")

app = typer.Typer(
    help="Other systems that are told of news, by webhook (https://…) or MQTT (mqtts://…): add, list, try, pause.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="The receiver's name.", metavar="NAME")]
News = Annotated[
    list[str] | None,
    typer.Option(
        help=(
            "A kind of news that it wants, again for others: mark.made, mark.voided, mark.restored, review.waiting, "
            "review.settled, face.unknown, person.changed, camera.lost, camera.back, camera.failed."
        ),
        metavar="KIND",
    ),
]
Private = Annotated[
    bool | None,
    typer.Option(
        "--allow-private/--refuse-private", help="Whether it may be in a private network; http and mqtt only there."
    ),
]


@app.command(epilog=options.EXIT_CODES)
def add(
    name: Name,
    address: Annotated[str, typer.Argument(help="https://… or mqtts://USER:PASSWORD@HOST.", metavar="ADDRESS")],
    *,
    news: News = None,
    allow_private: Private = None,
    home: options.Home = None,
) -> None:
    """Add a receiver; of a webhook the secret is shown, this once, that its signatures are checked with."""
    with writing(home) as opened:
        given = {} if news is None else {"kinds": news}
        made = opened.receivers.add(opened.actor, name, address, allow_private=bool(allow_private), **given)
        say(f"added: {made.shown.receiver.name}, {made.shown.receiver.kind} {made.shown.address}")
        if made.secret is not None:
            say("its secret, shown this once:")
            typer.echo(made.secret)


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the receivers by name; addresses are shown without their passwords."""
    with reading(home) as opened:
        rows = [each.to_dict() for each in opened.receivers.all()]
    shown = rows if as_json else [{**row, "news": " ".join(row["news"])} for row in rows]
    records(shown, as_json=as_json, columns=COLUMNS, whole=("name", "address"))


@app.command(epilog=options.EXIT_CODES)
def show(name: Name, *, as_json: options.Json = False, home: options.Home = None) -> None:
    """Show what was sent to a webhook last, and what is on its way, the newest first."""
    with reading(home) as opened:
        rows = [
            {
                "news": each.news.id,
                "kind": each.news.kind,
                "attempts": each.attempts,
                "due": None if each.done is not None else each.due.isoformat(timespec="seconds"),
                "done": None if each.done is None else each.done.isoformat(timespec="seconds"),
                "outcome": each.outcome,
            }
            for each in opened.receivers.delivered(name)
        ]
    records(rows, as_json=as_json, columns=DELIVERIES, whole=("outcome",))


@app.command("try", epilog=options.EXIT_CODES)
def try_(name: Name, *, home: options.Home = None) -> None:
    """Send a webhook a message that says nothing (test.ping), and tell what it answers."""
    with changing(home) as opened:
        say(f"{name}: {opened.posting.ping(name)}")


@app.command(epilog=options.EXIT_CODES)
def change(
    name: Name,
    *,
    address: Annotated[str | None, typer.Option(help="Another address.", metavar="ADDRESS")] = None,
    news: News = None,
    allow_private: Private = None,
    home: options.Home = None,
) -> None:
    """Change what is given, and nothing else."""
    if address is None and news is None and allow_private is None:
        raise typer.BadParameter("say what to change", param_hint="--address, --news, --allow-private")
    with changing(home) as opened:
        shown = opened.receivers.change(opened.actor, name, address=address, kinds=news, allow_private=allow_private)
        say(f"changed: {shown.receiver.name}, {shown.receiver.kind} {shown.address}")


@app.command(epilog=options.EXIT_CODES)
def pause(name: Name, *, home: options.Home = None) -> None:
    """Send nothing until it is resumed; what happens meanwhile is not kept for it."""
    with changing(home) as opened:
        opened.receivers.change(opened.actor, name, active=False)
        say(f"{name} is paused")


@app.command(epilog=options.EXIT_CODES)
def resume(name: Name, *, home: options.Home = None) -> None:
    """Send again, beginning with what was on its way."""
    with changing(home) as opened:
        opened.receivers.change(opened.actor, name, active=True)
        say(f"{name} is in use")


@app.command(epilog=options.EXIT_CODES)
def remove(name: Name, *, yes: options.Yes = False, home: options.Home = None) -> None:
    """Forget a receiver, with what is on its way to it."""
    with changing(home) as opened:
        found = opened.receivers.find(name)
        confirm(f"Remove {found.receiver.name}, to which {found.waiting} news are on their way?", yes=yes)
        say(f"removed: {opened.receivers.remove(opened.actor, name).receiver.name}")
