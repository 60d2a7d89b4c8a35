"""Flags that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

EXIT_CODES = """\b
Exit codes:
  0    done
  1    done, but something was refused (it is listed)
  2    wrong usage
  3    the home, database or encoder cannot be used
  4    the camera or stream cannot be used
  130  interrupted; what was reported is kept

Any command takes --debug: it shows the traceback of an error."""

Home = Annotated[
    Path | None,
    typer.Option(help="Folder of the gallery; else ATTENDANCE_HOME, else the platform's place.", metavar="FOLDER"),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Session = Annotated[str | None, typer.Option(help="Name of an open session; else the day's own.", metavar="NAME")]
Group = Annotated[str | None, typer.Option(help="Only the people of this group.", metavar="NAME")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Group to put the people in; may be repeated.", metavar="NAME")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting for this run, see 'config show'; may be repeated.", metavar="NAME=VALUE"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")]
Person = Annotated[str, typer.Argument(help="Id or exact name.", metavar="PERSON", show_default=False)]


def flags(pairs: list[str] | None, **named: float | str | None) -> dict[str, float | int | bool | str | None]:
    """The settings given as flags, by name."""
    found: dict[str, float | int | bool | str | None] = dict(named)
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--set")
        found[name.strip()] = value
    return found
