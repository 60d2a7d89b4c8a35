"""attendance credential: other ways than the face, which count the same at a kiosk."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, json_line, line, records, say

COLUMNS = ("number", "kind", "name", "id", "pin_number", "created", "by")

app = typer.Typer(
    help="PINs, QR codes and badges: give, list, take away; each counts at a kiosk as the face does.",
    no_args_is_help=True,
)


class Form(StrEnum):
    """The kinds of picture that a QR code is written as."""

    SVG = "svg"
    PNG = "png"


@app.command(epilog=options.EXIT_CODES)
def pin(person: options.Person, *, home: options.Home = None) -> None:
    """Give a PIN, a new one if there is one; it is shown this once: the number, then the PIN, as they are typed."""
    with changing(home) as opened:
        given = opened.credentials.give_pin(opened.actor, person)
        say(f"{given.held.person.name} types the number {given.number}, then the PIN; it is not shown again")
        line(f"{given.number} {given.pin}")


@app.command(epilog=options.EXIT_CODES)
def qr(
    person: options.Person,
    file: Annotated[Path, typer.Argument(help="A new file, .svg or .png.", metavar="FILE")],
    *,
    renew: Annotated[bool, typer.Option("--renew", help="Another code; the one of before opens nothing.")] = False,
    home: options.Home = None,
) -> None:
    """Write the QR code of a person as a picture; the first time, and with --renew, it is a new one."""
    form = file.suffix.lower().removeprefix(".")
    if form not in set(Form):
        raise typer.BadParameter(f"{file} is neither an .svg nor a .png file", param_hint="FILE")
    with changing(home) as opened:
        held = opened.credentials.write_qr(opened.actor, person, file, renew=renew)
        say(f"written: the QR code of {held.person.name}, number {held.id}, to {file}")


@app.command(epilog=options.EXIT_CODES)
def sheet(
    file: Annotated[Path, typer.Argument(help="A new file, .pdf.", metavar="FILE")],
    *,
    group: options.Group = None,
    renew: Annotated[bool, typer.Option("--renew", help="New codes for all; those of before open nothing.")] = False,
    paper: Annotated[str, typer.Option("--paper", help="a4 or letter.", metavar="PAPER")] = "a4",
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Write a sheet of QR cards to print and cut, sixteen a page; whoever has no code gets one.

    Everybody in the group gets a card, whether their face is used or not.
    """
    from attendance.register.reportform import Paper

    if file.suffix.lower() != ".pdf":
        raise typer.BadParameter(f"{file} is no .pdf file", param_hint="FILE")
    if paper not in set(Paper):
        raise typer.BadParameter(f"{paper} is neither a4 nor letter", param_hint="--paper")
    with changing(home) as opened:
        done = opened.qr_sheets.write(opened.actor, file, group=group, renew=renew, paper=Paper(paper))
    if as_json:
        line(json_line({"file": str(file), "cards": done.cards, "new": done.new}))
    else:
        say(f"wrote {file}: cards {done.cards}, of which new {done.new}")


@app.command(epilog=options.EXIT_CODES)
def badge(
    person: options.Person,
    text: Annotated[
        str | None, typer.Argument(help="What the badge's reader types; else it is read from stdin.", metavar="TEXT")
    ] = None,
    *,
    home: options.Home = None,
) -> None:
    """Have a badge stand for a person; a keyed digest of what it says is kept."""
    told = typer.get_text_stream("stdin").readline() if text is None else text
    with changing(home) as opened:
        held = opened.credentials.give_badge(opened.actor, person, told)
        say(f"added: badge number {held.id} of {held.person.name}")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List PINs, QR codes and badges by name; never what opens anything."""
    with reading(home) as opened:
        rows = [each.to_dict() for each in opened.credentials.all()]
    records(rows, as_json=as_json, columns=COLUMNS, whole=("name",))
    if not rows and not as_json:
        say("nobody has a PIN, a QR code or a badge")


@app.command(epilog=options.EXIT_CODES)
def remove(
    number: Annotated[int, typer.Argument(help="Its number, see 'credential list'.", metavar="NUMBER")],
    *,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Take one away: it opens nothing any more."""
    with changing(home) as opened:
        held = opened.credentials.numbered(number)
        confirm(f"Take the {held.kind} of {held.person.name} away?", yes=yes)
        opened.credentials.remove(opened.actor, number)
        say(f"taken away: the {held.kind} of {held.person.name}")
