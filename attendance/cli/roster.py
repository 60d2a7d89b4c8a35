"""attendance roster: registers of pupils and lists of marks of other systems, and what these call people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.mark import say_zone_warning
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import confirm, json_line, line, records, say

if TYPE_CHECKING:
    from datetime import date

    from attendance.roster.school import Remark
    from attendance.services.markimport import MarksTaken
    from attendance.services.rosterimport import Preview, RosterWanted

CHANGES = ("change", "id", "name", "detail")
MOST_NAMES = 20
IDS = ("id", "name", "system", "value")

app = typer.Typer(help="Files of other systems: registers of pupils, and marks of other devices.", no_args_is_help=True)


@app.command("import", epilog=options.EXIT_CODES)
def import_(
    source: Annotated[Path, typer.Argument(help="A zip of OneRoster 1.1 or 1.2, or of SDS 2.1.", metavar="ZIP")],
    *,
    system: Annotated[
        str | None, typer.Option(help="What to call the other system; else as it calls itself.", metavar="NAME")
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", help="Take in people of this role, too, such as teacher; may be repeated."),
    ] = None,
    matches: Annotated[
        list[str] | None,
        typer.Option(
            "--match", help="Who that is here: an id or exact name, or new; may be repeated.", metavar="ID=PERSON"
        ),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="What has no day of its own counts from this one on, and nothing from before it; else today.",
            metavar="DAY",
        ),
    ] = None,
    terms: Annotated[bool, typer.Option("--terms", help="Enter the terms into the calendar.")] = False,
    site: Annotated[
        str | None, typer.Option(help="The site of the register: new people belong to it alone.", metavar="NAME")
    ] = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Take in people and classes: first what would change, then, once asked, all of it in one step.

    New people have no photo yet. Who is not in the register any more is set inactive; nothing of theirs is deleted.
    """
    from attendance.services.rosterimport import RosterWanted

    day = options.day_of(first, "--from")
    wanted = RosterWanted(source, system, roles or (), _pairs(matches), day, terms, site)
    if dry_run:
        with reading(home) as opened:
            shown = opened.roster_import.preview(wanted)
        _show(shown, as_json=as_json)
    else:
        shown = _take_in(wanted, home, yes=yes, as_json=as_json)
    if shown.plan.refused:
        raise typer.Exit(1)


@app.command(epilog=options.EXIT_CODES)
def marks(
    source: Annotated[Path, typer.Argument(help="A list with columns for person and time.", metavar="FILE")],
    *,
    zone: Annotated[
        str | None, typer.Option(help="Zone of times without an offset; else the site's.", metavar="ZONE")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="The system whose ids the list has; else all are looked through.", metavar="NAME")
    ] = None,
    covers: Annotated[
        str | None,
        typer.Option(help="Days of which the list has everybody, so that others were absent.", metavar="DAY[..DAY]"),
    ] = None,
    covers_anyway: Annotated[
        bool, typer.Option("--covers-anyway", help="Cover those days also where rows were refused.")
    ] = False,
    day_first: Annotated[bool, typer.Option("--day-first", help="Days are written as 2.3.2026 for 2 March.")] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Take in marks of other devices: the columns person and at (or date and time), and direction, method, source.

    The same row again changes nothing. Rows that cannot be taken are listed with their lines, the others are taken.
    """
    from attendance.services.markimport import MarksWanted

    wanted = MarksWanted(source, zone, system, day_first, _span(covers), covers_anyway, dry_run)
    with (reading if dry_run else changing)(home) as opened:
        say_zone_warning(opened)
        done = opened.mark_import.take_in(opened.actor, wanted)
    _tell(done, dry_run=dry_run, as_json=as_json)
    if done.refused:
        raise typer.Exit(1)


@app.command("id", epilog=options.EXIT_CODES)
def id_(
    person: options.Person,
    value: Annotated[str, typer.Argument(help="What the system calls the person, such as a badge's number.")],
    *,
    system: Annotated[str, typer.Option(help="The other system, such as badge.", metavar="NAME")],
    home: options.Home = None,
) -> None:
    """Say what another system calls a person."""
    with changing(home) as opened:
        done = opened.foreign_ids.set(opened.actor, person, system, value)
    say(f"{done.name} ({done.person}) is {done.value} in {done.system}")


@app.command(epilog=options.EXIT_CODES)
def ids(
    person: Annotated[str | None, typer.Argument(help="Id or exact name; else everybody.", metavar="PERSON")] = None,
    *,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List what other systems call people."""
    with reading(home) as opened:
        found = opened.foreign_ids.all(person)
    rows = [{"id": e.person, "name": e.name, "system": e.system, "value": e.value} for e in found]
    records(rows, as_json=as_json, columns=IDS)


def _span(text: str | None) -> "tuple[date, date] | None":
    """The first and the last day of "2026-03-02" or "2026-03-02..2026-03-06"."""
    from attendance.zones import days_of

    try:
        return None if text is None else days_of(text)
    except ValueError:
        what = "neither a day nor two with dots between them"
        raise typer.BadParameter(f"{text!r} is {what}", param_hint="--covers") from None


def _tell(done: "MarksTaken", *, dry_run: bool, as_json: bool) -> None:
    for each in done.remarks:
        _say(each, "warning")
    for first, last in done.covered:
        say(f"{'would be ' if dry_run else ''}covered: {first}" + (f" to {last}" if last != first else ""))
    counts = {"new": done.new, "unchanged": done.unchanged, "passed over": done.passed_over}
    counts["refused"] = sum(each.refused and each.code != "coverage.refused" for each in done.remarks)
    if as_json:
        line(json_line({"schema": 1, **{key.replace(" ", "_"): number for key, number in counts.items()}}))
    told = ", ".join(f"{key} {number}" for key, number in counts.items() if number) or "no row"
    say(f"marks {'that would be taken: ' if dry_run else ''}{told}")


def _take_in(wanted: "RosterWanted", home: str | None, *, yes: bool, as_json: bool) -> "Preview":
    with writing(home) as opened:
        shown = opened.roster_import.preview(wanted)
        _show(shown, as_json=as_json)
        if shown.plan:
            confirm(f"Take this in from {wanted.path.name} ({shown.system})?", yes=yes)
            opened.roster_import.take_in(opened.actor, shown)
            say(f"taken in from {wanted.path.name}: {shown.summary}")
    return shown


def _show(shown: "Preview", *, as_json: bool) -> None:
    refused = [{"change": "refused", "id": None, "name": None, "detail": str(each)} for each in shown.plan.refused]
    rows = [*shown.rows(), *(refused if as_json else ())]
    if rows:
        records(rows, as_json=as_json, columns=CHANGES)
    for each in shown.plan.remarks:
        _say(each, "note")
    if shown.faceless:
        names, more = shown.faceless[:MOST_NAMES], len(shown.faceless) - MOST_NAMES
        rest = f" and {more} more; 'attendance gallery list' tells who has no template" if more > 0 else ""
        say(f"needs a photo ({len(shown.faceless)}): {', '.join(names)}{rest}")
    say(shown.summary if shown.plan else f"unchanged: nothing to take in ({shown.summary})")


def _say(remark: "Remark", mild: str) -> None:
    """One line: an error by its id where there is one, else the row that was refused, else as it is, ``mild``."""
    from attendance.errors import HELP

    hard = "error" if remark.code in HELP else "refused"
    say(f"{hard if remark.refused else mild}[{remark.code}] {remark}")


def _pairs(matches: list[str] | None) -> dict[str, str]:
    found = {}
    for pair in matches or ():
        key, equals, person = pair.partition("=")
        if not equals or not key.strip() or not person.strip():
            raise typer.BadParameter(f"{pair!r} is not ID=PERSON", param_hint="--match")
        found[key.strip()] = person.strip()
    return found
