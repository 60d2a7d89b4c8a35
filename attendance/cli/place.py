"""attendance place: cameras and kiosks by name, so that checks and records need no address."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import confirm, records, say

if TYPE_CHECKING:
    from attendance.services.places import ShownPlace

COLUMNS = ("name", "kind", "address", "site", "group", "target_fpir", "active")
DIRECTION = "direction"
"""A column of its own where a place has one."""

app = typer.Typer(
    help="Cameras and kiosks by name: add, change, list, retire; 'check --camera NAME' then watches there.",
    no_args_is_help=True,
)


class Kind(StrEnum):
    """What stands at a place."""

    CAMERA = "camera"
    KIOSK = "kiosk"


Name = Annotated[str, typer.Argument(help="The place's name.", metavar="NAME")]
Site = Annotated[str | None, typer.Option(help="The building or branch it belongs to.", metavar="TEXT")]
Group = Annotated[
    str | None, typer.Option(help="Look for the people of this group there, unless told otherwise.", metavar="NAME")
]
Target = Annotated[
    str | None,
    typer.Option(help="Share of strangers there that may be taken for somebody: 0.003 or 0.3%.", metavar="SHARE"),
]


@app.command(epilog=options.EXIT_CODES)
def add(
    name: Name,
    address: Annotated[
        str | None,
        typer.Argument(help="Device number, rtsp:// or http:// address, or video file.", metavar="ADDRESS"),
    ] = None,
    *,
    kind: Annotated[Kind, typer.Option(help="A kiosk may do without an address.")] = Kind.CAMERA,
    site: Site = None,
    group: Group = None,
    target_fpir: Target = None,
    direction: options.Direction = None,
    home: options.Home = None,
) -> None:
    """Add a place; its address is kept sealed and shown without its password."""
    with writing(home) as opened:
        made = opened.places.add(
            opened.actor,
            name,
            address,
            kind=kind.value,
            site=site,
            group=group,
            target_fpir=target_fpir,
            direction=direction,
        )
        say(f"added: {_told(made)}")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the places by name, those out of use, too; addresses are shown without their passwords."""
    with reading(home) as opened:
        rows = [each.to_dict() for each in opened.places.all()]
    told = (DIRECTION,) if any(row[DIRECTION] for row in rows) else ()
    records(rows, as_json=as_json, columns=(*COLUMNS, *told), whole=("name", "address"))


@app.command(epilog=options.EXIT_CODES)
def change(
    name: Name,
    *,
    address: Annotated[str | None, typer.Option(help="Another address.", metavar="ADDRESS")] = None,
    site: Site = None,
    group: Group = None,
    target_fpir: Target = None,
    direction: options.Direction = None,
    home: options.Home = None,
) -> None:
    """Change what is given, and nothing else; an empty text ('') takes a part away."""
    given = {"address": address, "site": site, "group": group, "target_fpir": target_fpir, DIRECTION: direction}
    parts: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if not parts:
        flags = "--address, --site, --group, --target-fpir, --direction"
        raise typer.BadParameter("say what to change", param_hint=flags)
    with changing(home) as opened:
        say(f"changed: {_told(opened.places.change(opened.actor, name, **parts))}")


@app.command(epilog=options.EXIT_CODES)
def retire(name: Name, *, home: options.Home = None) -> None:
    """Put a place out of use; what was seen there goes on naming it."""
    with changing(home) as opened:
        say(f"{opened.places.retire(opened.actor, name).place.name} is out of use")


@app.command(epilog=options.EXIT_CODES)
def restore(name: Name, *, home: options.Home = None) -> None:
    """Put a place in use again."""
    with changing(home) as opened:
        say(f"{opened.places.restore(opened.actor, name).place.name} is in use")


@app.command(epilog=options.EXIT_CODES)
def remove(name: Name, *, yes: options.Yes = False, home: options.Home = None) -> None:
    """Remove a place, with its address, that no record names; any other can only be retired."""
    with changing(home) as opened:
        found = opened.places.removable(name)
        confirm(f"Remove {found.name} with its address?", yes=yes)
        say(f"removed: {opened.places.remove(opened.actor, found.name).name}")


def _told(found: "ShownPlace") -> str:
    place = found.place
    parts = {
        place.kind: found.address or "without address",
        "site": place.site,
        "group": place.group,
        "target FPIR": None if place.target_fpir is None else f"{100 * place.target_fpir:g}%",
        "people going": place.direction,
    }
    told = ", ".join(f"{what} {value}" for what, value in parts.items() if value is not None)
    return f"{place.name}, {told}{'' if place.active else ', out of use'}"
