"""attendance privacy: evidence and drafts for who answers for data protection."""

from pathlib import Path
from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import json_line, line, say
from attendance.privacy.facts import Language, Part, ReportFormat
from attendance.privacy_errors import ErasureTraces

app = typer.Typer(help="Data protection: evidence, and drafts of what is to be written down.", no_args_is_help=True)


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


@app.command(epilog=options.EXIT_CODES)
def report(
    file: Annotated[Path, typer.Argument(help="A new file, .md, .html or .pdf.", metavar="FILE")],
    *,
    language: Annotated[Language, typer.Option("--language", help="The language of the drafts.")] = Language.EN,
    form: Annotated[ReportFormat | None, typer.Option("--format", help="The form; else the ending tells it.")] = None,
    parts: Annotated[list[Part] | None, typer.Option("--part", help="This draft alone; may be repeated.")] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Draft the record of processing, impact assessment, retention schedule, notice and instructions for use.

    All are filled in with the settings and counts of this installation, name no person, and are no legal advice.
    """
    from attendance.writing import refuse_taken, write_new

    told = form or _form_of(file)
    refuse_taken(file)
    with changing(home) as opened:
        wanted = parts or list(Part)
        data = opened.privacy_reports.report(opened.actor, language, told, wanted)
        write_new(file, data)
    if as_json:
        line(json_line({"file": str(file), "language": str(language), "format": str(told), "parts": list(wanted)}))
    else:
        say(f"wrote {file}: fill in what stands in [brackets], and ask your lawyer")


def _form_of(file: Path) -> ReportFormat:
    """The form that the file's ending tells."""
    ending = file.suffix.lower().removeprefix(".")
    if ending not in set(ReportFormat):
        raise typer.BadParameter(f"{file} is neither an .md nor an .html nor a .pdf file", param_hint="FILE")
    return ReportFormat(ending)
