"""attendance privacy: evidence for who answers for data protection."""

from pathlib import Path
from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import reading
from attendance.cli.output import json_line, line, say
from attendance.privacy_errors import ErasureTraces

app = typer.Typer(help="Evidence for who answers for data protection.", no_args_is_help=True)


@app.command(epilog=options.EXIT_CODES)
def verify(
    receipt: Annotated[Path | None, typer.Argument(help="The file of a receipt.", metavar="RECEIPT")] = None,
    *,
    key: Annotated[bool, typer.Option("--key", help="Show the public key that receipts of this home bear.")] = False,
    by: Annotated[str | None, typer.Option(help="The public key that must have signed it.", metavar="HEX")] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Tell whether a receipt of an erasure is as it was signed, and by which home."""
    if (receipt is None) != key:
        raise typer.BadParameter("name a receipt, or say --key")
    with reading(home) as opened:
        if receipt is None:
            line(opened.receipts.public_key() or "")
            return
        found = opened.receipts.verify(receipt, by)
    if as_json:
        line(json_line({"schema": 1, **found.to_dict()}))
    for text in found.lines():
        say(text)


@app.command(epilog=options.EXIT_CODES)
def scan(
    *,
    name: Annotated[str | None, typer.Option("--person", help="What they were called.", metavar="NAME")] = None,
    ref: Annotated[str | None, typer.Option("--id", help="The external id that they had.", metavar="ID")] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Look through every file of the home for the name and the id of somebody; exit code 1 where they are found."""
    if not name and not ref:
        raise typer.BadParameter("say --person NAME, --id ID, or both")
    with reading(home) as opened:
        found = opened.erasing.typed(name, ref)
    if as_json:
        line(json_line({"schema": 1, **found.to_dict()}))
    for text in found.lines():
        say(text)
    if not found.clean:
        raise ErasureTraces(str(opened.home), "what was searched for was found")
