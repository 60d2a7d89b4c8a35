"""attendance purge: what is let go when its time is over, by the rules of the settings."""

from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing
from attendance.cli.output import json_line, line, say


def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and let nothing go.")] = False,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="Go on although nothing was recorded for more than 40 days.")
    ] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Let go what is older than the settings keep_… say; the service does it once a day. Nothing under a hold goes."""
    with changing(home) as opened:
        found = opened.purging.run(opened.actor, dry_run=dry_run, clock_is_right=clock_is_right)
    if as_json:
        line(json_line({"schema": 1, **found.to_dict()}))
    for text in found.lines():
        say(text)
