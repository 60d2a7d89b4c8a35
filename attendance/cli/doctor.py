"""attendance doctor: what is installed, and does it fit together?"""

from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.output import json_line, line, printable, say
from refusal import counted


def doctor(
    *,
    full: Annotated[bool, typer.Option("--full", help="Open every template, check every page; takes longer.")] = False,
    camera: Annotated[
        str | None, typer.Option(help="Also try this camera, by a place's name or its address.", metavar="CAMERA")
    ] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Look at libraries, home, key, database, encoder, detector and clock; change nothing, name each repair."""
    from attendance.clock import SystemClock
    from attendance.home import home_folder
    from attendance.services.doctor import Doctor

    problems, code = 0, 0
    for found in Doctor(home_folder(home), SystemClock()).examine(full=full, camera=camera):
        if as_json:
            line(json_line(found.to_dict()))
        elif found.ok and found.id is not None:
            line(printable(f"note     {found.check} [{found.id}]: {found.detail}"))
            line(printable(f"         advice: {found.repair}"))
        elif found.ok:
            line(printable(f"ok       {found.check}: {found.detail}"))
        else:
            line(printable(f"PROBLEM  {found.check} [{found.id}]: {found.detail}"))
            line(printable(f"         repair: {found.repair}"))
        problems += not found.ok
        code = max(code, found.exit_code)
    say(counted(problems, "problem") if problems else "no problem found")
    if problems:
        raise typer.Exit(code)
