"""attendance site: the schools, branches or buildings of a home, and who belongs to which."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import records, say
from refusal import told as refused

if TYPE_CHECKING:
    from attendance.services.settingaside import Left

COLUMNS = ("name", "people", "places", "active")
_AGAIN: Final = "It stays, and the next link tries it again; the log of the service tells where it fails."
_WITH_COPY: Final = (
    "It stays: run 'attendance site retry --key FILE' with a copy of the key file from before that time."
)
_OTHER_COPY: Final = "It stays: FILE does not open it either; try the copy of another time."

app = typer.Typer(
    help="Schools, branches, buildings with people and cameras of their own: add, list, retire, assign people.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="The site's name; it is never changed.", metavar="NAME")]


@app.command(epilog=options.EXIT_CODES)
def add(name: Name, *, home: options.Home = None) -> None:
    """Add a site, or put a retired one in use again."""
    with writing(home) as opened:
        new = opened.sites.add(opened.actor, name)
        say(f"{'added' if new else 'there is a site of this name already'}: {opened.sites.known(name)}")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the sites with how many people and places are theirs; whoever belongs to none belongs to all."""
    from attendance.services.sites import site_row

    with reading(home) as opened:
        rows = [site_row(each) for each in opened.sites.all()]
    records(rows, as_json=as_json, columns=COLUMNS, whole=("name",))


@app.command(epilog=options.EXIT_CODES)
def retire(name: Name, *, home: options.Home = None) -> None:
    """Have nobody assigned to a site any more; who belongs to it, and its records, stay."""
    with changing(home) as opened:
        opened.sites.retire(opened.actor, name)
        say(f"{opened.sites.known(name)} is out of use")


@app.command(epilog=options.EXIT_CODES)
def retry(
    *,
    key: Annotated[
        Path | None,
        typer.Option(
            help="A copy of the key file from before the key was changed.", metavar="FILE", show_default=False
        ),
    ] = None,
    home: options.Home = None,
) -> None:
    """Deliver again what this computer did while it was cut off, and what could not be taken then."""
    with changing(home) as opened:
        delivered, left = opened.arrivals.try_again(opened.actor, opened.home, key)
    told = f"{delivered.kept} taken in, {delivered.already} there already, {delivered.refused} refused"
    say(f"{told}, {len(left)} still set aside")
    for each in left:
        say(_stays(each, given=key is not None))
    if left:
        raise typer.Exit(1)


def _stays(each: "Left", *, given: bool) -> str:
    """What stays aside, and what to do; nothing of it is lost."""
    from attendance.records import instant

    what = f"{each.kind} {each.id}, set aside at {instant(each.at)}"
    if each.opens:
        return refused("arrival.aside", f"{what}, fails again ({each.why})", _AGAIN)
    return refused("arrival.aside", f"{what}, is opened by no key that is here", _OTHER_COPY if given else _WITH_COPY)


@app.command(epilog=options.EXIT_CODES)
def assign(
    who: Annotated[str, typer.Argument(help="Id or exact name; with --group the group's name.", metavar="PERSON")],
    sites: Annotated[
        list[str] | None, typer.Argument(help="The sites; none: all of them.", metavar="[SITE]...", show_default=False)
    ] = None,
    *,
    group: Annotated[bool, typer.Option("--group", help="All active members of the group PERSON.")] = False,
    home: options.Home = None,
) -> None:
    """Have somebody, or a whole group, belong to these sites alone; they are looked for there and nowhere else."""
    wanted = sites or []
    with changing(home) as opened:
        if group:
            count = opened.sites.assign_group(opened.actor, who, wanted)
            say(f"{count} of {who} belong to {_told(wanted)} now")
        else:
            opened.sites.assign(opened.actor, who, wanted)
            say(f"{opened.people.find(who).name} belongs to {_told(list(opened.sites.of(who)))}")


@app.command(epilog=options.EXIT_CODES)
def show(person: options.Person, *, as_json: options.Json = False, home: options.Home = None) -> None:
    """Show to which sites somebody belongs."""
    with reading(home) as opened:
        found = opened.people.find(person)
        row = {"id": found.external_id, "name": found.name, "sites": list(opened.sites.of(found.id))}
    records([row], as_json=as_json, columns=("id", "name", "sites"))


def _told(sites: list[str]) -> str:
    return ", ".join(sites) or "all sites"
