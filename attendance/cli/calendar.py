"""attendance calendar: days that are closed, open all the same, or in term, and which source says so."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import confirm, records, say
from refusal import counted

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.services.calendars import Proposal
    from attendance.timetable.facts import EntryKind

COLUMNS = ("number", "first", "last", "state", "name", "source", "site", "group")
MOST_YEARS = 20

app = typer.Typer(
    help="Days off: public holidays, own closed days, terms; what is stored decides, and 'list' says from where.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="What it is called.", metavar="NAME")]
Site = Annotated[str | None, typer.Option(help="For the rules of this site alone.", metavar="TEXT")]
Group = Annotated[str | None, typer.Option(help="For the rules of this group alone.", metavar="NAME")]


@app.command(epilog=options.EXIT_CODES)
def holidays(
    country: Annotated[str, typer.Argument(help="The country's two letters, such as DE.", metavar="CC")],
    *,
    years: Annotated[str, typer.Option(help="A year, or the first and the last one.", metavar="2026..2027")],
    subdivision: Annotated[str | None, typer.Option(help="A part of the country, such as BY.", metavar="CODE")] = None,
    site: Site = None,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Propose the public holidays of a country beside those that are stored, and store them when you agree."""
    first, last = _years(years)
    with writing(home) as opened:
        _take_in(opened, opened.calendars.holidays(country, subdivision, first, last, site=site), yes=yes)


@app.command(epilog=options.EXIT_CODES)
def close(
    days: Annotated[str, typer.Argument(help="A day, or the first and the last one.", metavar="DAY[..DAY]")],
    name: Name,
    *,
    site: Site = None,
    group: Group = None,
    home: options.Home = None,
) -> None:
    """Close days: no rule that follows the calendar takes place on them."""
    _add(home, "closed", days, name, site, group)


@app.command("open", epilog=options.EXIT_CODES)
def open_(
    days: Annotated[str, typer.Argument(help="A day, or the first and the last one.", metavar="DAY[..DAY]")],
    name: Name,
    *,
    site: Site = None,
    group: Group = None,
    home: options.Home = None,
) -> None:
    """Open days whatever else closes them."""
    _add(home, "open", days, name, site, group)


@app.command(epilog=options.EXIT_CODES)
def term(
    first: Annotated[str, typer.Argument(help="Its first day.", metavar="FIRST")],
    last: Annotated[str, typer.Argument(help="Its last day.", metavar="LAST")],
    name: Name,
    *,
    site: Site = None,
    group: Group = None,
    home: options.Home = None,
) -> None:
    """Tell of a term; once there is one, days outside all terms are closed."""
    _add(home, "term", f"{first}..{last}", name, site, group)


@app.command("import", epilog=options.EXIT_CODES)
def import_(
    file: Annotated[Path, typer.Argument(help="A calendar file (.ics) of days off.", metavar="FILE")],
    *,
    site: Site = None,
    group: Group = None,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Close the days of a calendar file: the difference to what is stored of it is shown first."""
    with writing(home) as opened:
        _take_in(opened, opened.calendars.read_file(file, site=site, group=group), yes=yes)


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    first: Annotated[str | None, typer.Option("--from", help="From this day on.", metavar="DAY")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Up to this day.", metavar="DAY")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every entry, also those that decide no day or were withdrawn.")
    ] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List the days that anything is said of, with what decides them and where that is from."""
    begin, end = options.day_of(first, "--from"), options.day_of(last, "--to")
    with reading(home) as opened:
        found = opened.calendars.every(begin, end) if every else opened.calendars.decided(begin, end)
        rows = [each.to_dict() for each in found]
    records(rows, as_json=as_json, columns=(*COLUMNS, "withdrawn") if every else COLUMNS, whole=("name",))
    if not rows:
        say("the calendar says nothing of these days")


@app.command(epilog=options.EXIT_CODES)
def withdraw(
    number: Annotated[int, typer.Argument(help="The entry's number, see 'calendar list'.", metavar="NUMBER")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with it.", metavar="TEXT")],
    home: options.Home = None,
) -> None:
    """Take an entry back: it decides nothing any more, and stays on record."""
    with changing(home) as opened:
        gone = opened.calendars.withdraw(opened.actor, number, reason=reason)
        say(f"withdrawn: entry {gone.id}, {gone.name}, {gone.first} to {gone.last}")


def _add(home: str | None, kind: "EntryKind", days: str, name: str, site: str | None, group: str | None) -> None:
    from attendance.services.calendars import Days, span_of

    told = Days(kind, *span_of(days), name)
    with writing(home) as opened:
        made = opened.calendars.add(opened.actor, told, site=site, group=group)
        word = "open" if kind == "open" else kind
        say(f"{word}: {told.told}, {made.name} (entry {made.id})")


def _take_in(opened: "Attendance", found: "Proposal", *, yes: bool) -> None:
    for text in found.lines():
        say(text)
    if found.empty:
        say(f"all of {found.source} is stored already: {counted(len(found.held), 'entry', 'entries')}")
        _end(found)
        return
    confirm("Store this?", yes=yes)
    opened.calendars.take_in(opened.actor, found)
    say(
        f"stored: {len(found.new)} new, {len(found.gone)} withdrawn, {len(found.renamed)} renamed, "
        f"{len(found.held) - len(found.renamed)} as they were ({found.source})"
    )
    _end(found)


def _end(found: "Proposal") -> None:
    """Something that was left out is told by the exit code."""
    if found.refused:
        raise typer.Exit(1)


def _years(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{4})(?:(?:\.\.|-)(\d{4}))?", text.strip(), re.ASCII)
    first, last = (0, 0) if found is None else (int(found[1]), int(found[2] or found[1]))
    if not 1970 <= first <= last < first + MOST_YEARS:  # noqa: PLR2004 - the first year that is kept
        raise typer.BadParameter(f"{text!r} is neither a year nor two such as 2026..2027", param_hint="--years")
    return first, last
