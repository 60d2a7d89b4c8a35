"""attendance home: a whole home as one thing."""

from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.output import json_line, line, say
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.homecopying import HomeCopy

app = typer.Typer(help="Copy a whole home, also to a database server and back.", no_args_is_help=True)

Place = "folder, or postgresql://USER@HOST/NAME"


@app.callback()
def main() -> None:
    """Copy a whole home, also to a database server and back."""


@app.command(epilog=options.EXIT_CODES)
def copy(
    source: Annotated[str, typer.Argument(help=f"The home that is to be copied: {Place}.", metavar="FROM")],
    target: Annotated[str, typer.Argument(help="Where the new one is to be: the same; no home yet.", metavar="TO")],
    *,
    as_json: options.Json = False,
) -> None:
    """Make a home that holds the same as another one: people, templates, marks, log, settings and key.

    All of it is read at one moment, written, read back and compared; where anything fails, nothing is left. The old
    home stays as it is. Only browsers that are signed in are not copied. Use one of the two from then on.
    """
    from attendance.cli.opening import actor
    from attendance.clock import SystemClock
    from attendance.home import home_folder
    from attendance.services.homecopying import copy as made

    done = made(home_folder(source), home_folder(target), SystemClock(), actor().name)
    line(json_line(done.to_dict()) if as_json else f"sha256:{done.saved.digest}")
    for told in _told(done):
        say(told)
    if not done.sound:
        raise typer.Exit(1)


def _told(done: "HomeCopy") -> list[str]:
    """What was done, and what to do now, in words."""
    from attendance.services.auditchain import sentence

    held = ", ".join(f"{name} {count}" for name, count in done.saved.rows.items() if count)
    told = [
        f"copied {done.source} to {done.target}, read it back and compared: {held}",
        f"its key and settings lie in {done.folder}",
    ]
    if done.log is not None and done.sound:
        told.append(f"its log is whole: {counted(done.log.proved, 'entry', 'entries')} proved")
    elif done.log is not None:
        told.append(f"its log is not whole, as that of the old home: {sentence(done.log.findings[0])}")
    if done.went_on:
        told.append(
            "the old home was changed meanwhile, and that is not in the copy: stop what uses it, then copy anew"
        )
    told.append("use one of the two from now on: what is done in one is not in the other")
    return told
