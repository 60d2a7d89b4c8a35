"""attendance config: the settings, where each comes from, and how to change one."""

from typing import Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.output import records, say

ZONE = "time_zone"
KEPT = (
    "from now on days begin by this zone; sessions there are and rules of the timetable keep theirs, "
    "and no status of the past changes: 'attendance timetable change NAME --zone ZONE' moves a rule"
)
"""What another zone of the site means for what is there already."""

app = typer.Typer(help="Settings: show them with their origin, set one.", no_args_is_help=True)


@app.command(epilog=options.EXIT_CODES)
def show(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """Show every setting, its value and its origin: default, file, environment, or home ('encoder switch')."""
    from attendance.home import home_folder, in_force_at
    from attendance.settings import CONFIG_FILE, SETTINGS, load

    folder = home_folder(home)
    found = in_force_at(folder, load(folder))
    rows: list[dict[str, Any]] = [
        {
            "setting": name,
            "value": getattr(found.values, name),
            "origin": found.origins[name],
            "environment": row.env,
            "meaning": f"{row.help} {row.expected[0].upper()}{row.expected[1:]}.",
        }
        for name, row in SETTINGS.items()
    ]
    if not as_json:
        rows = [{**row, "value": "none" if row["value"] is None else f"{row['value']}"} for row in rows]
    say(f"file: {folder / CONFIG_FILE}")
    records(rows, as_json=as_json, columns=("setting", "value", "origin", "meaning"))


@app.command("set", epilog=options.EXIT_CODES)
def set_(
    name: Annotated[str, typer.Argument(help="The setting's name, see 'config show'.")],
    value: Annotated[str, typer.Argument(help="The new value; none takes an optional one back.")],
    *,
    home: options.Home = None,
) -> None:
    """Set one setting in the home's config.toml; everything else in it stays."""
    from attendance.home import home_folder
    from attendance.settings import load, save

    folder = home_folder(home)
    before = load(folder).values.time_zone if name == ZONE else None
    saved = save(folder, name, value)
    say(f"{name} = {saved} in {folder / 'config.toml'}")
    if before is not None and before != saved:
        say(KEPT)
