"""attendance backups: backups by schedule, how long each is kept, and whether a home can be made of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import json_line, line, printable, records, say
from attendance.records import instant
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.backups import ShownBackup, Trial, Written

COLUMNS = ("number", "at", "file", "bytes", "until", "verified", "tested", "there")

app = typer.Typer(help="Backups by schedule: write, list and try them.", no_args_is_help=True)


@app.command(epilog=options.EXIT_CODES)
def run(
    *,
    to: Annotated[
        Path | None, typer.Option(help="The folder; else that of the setting backup_folder.", metavar="FOLDER")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(help="How many are kept, such as 7d,4w,12m; else the setting backup_keep.", metavar="RULES"),
    ] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Write a backup into the folder, read it back, and delete those of this home there that no rule keeps any more."""
    from attendance.services.backup import key_words

    with changing(home) as opened:
        done = opened.backups.run(opened.actor, None if to is None else to.expanduser().resolve(), keep)
    _tell_run(done, as_json=as_json)
    say(f"only {key_words(opened.home)} opens it: keep a copy of that file, apart from the backups")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the backups, newest first, and until when each is kept if one is written every day."""
    with reading(home) as opened:
        found = [_row(each) for each in opened.backups.all()]
    records(found, as_json=as_json, columns=COLUMNS, whole=("file",))
    if not found:
        say("no backup was written yet")


@app.command("test", epilog=options.EXIT_CODES)
def try_(
    file: Annotated[Path | None, typer.Argument(help="The backup; else the newest.", metavar="FILE")] = None,
    *,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Make a home of a backup in a folder of its own, look through it, and delete it again."""
    with changing(home) as opened:
        found = opened.backups.test(opened.actor, file)
    _tell_trial(found, as_json=as_json)
    if found.problems:
        raise typer.Exit(1)


def _tell_run(done: "Written", *, as_json: bool) -> None:
    if as_json:
        told = {
            "file": done.backup.path,
            "number": done.backup.id,
            "bytes": done.backup.bytes,
            "digest": f"sha256:{done.saved.digest}",
            "dropped": [str(each) for each in done.dropped],
            "left": [{"file": str(each.path), "why": each.why} for each in done.left],
        }
        line(json_line({"schema": 1, **told}))
    else:
        line(printable(done.backup.path))
    for path in done.dropped:
        say(f"deleted {path}, which no rule keeps any more")
    for each in done.left:
        say(f"left {each.path} alone: {each.why}")


def _tell_trial(found: "Trial", *, as_json: bool) -> None:
    problems = [{"id": each.id, "where": each.where, "repair": each.repair} for each in found.problems]
    if as_json:
        told = {"file": str(found.path), "digest": f"sha256:{found.saved.digest}", "rows": dict(found.saved.rows)}
        line(json_line({"schema": 1, "ok": not problems, **told, "problems": problems}))
        return
    for each in found.problems:
        line(printable(f"PROBLEM  [{each.id}] {each.where}"))
    people = found.saved.rows.get("person", 0)
    if not problems:
        made = f"a home was made of it, {counted(people, 'person', 'people')}, every row and template is sound"
        line(printable(f"ok  {found.path}: {made}"))
    say(counted(len(problems), "problem") if problems else "the home that was made was deleted again")


def _row(each: "ShownBackup") -> dict[str, Any]:
    backup = each.backup
    return {
        "number": backup.id,
        "at": instant(backup.at),
        "file": backup.path,
        "bytes": backup.bytes,
        "digest": f"sha256:{backup.digest}",
        "scheduled": backup.scheduled,
        "until": None if each.until is None else each.until.isoformat(),
        "verified": None if backup.verified is None else instant(backup.verified),
        "tested": None if backup.tested is None else instant(backup.tested),
        "there": each.there,
    }
