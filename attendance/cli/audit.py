"""attendance audit: the log of what was done, whether it is as it was written, and anchors outside the home."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import json_line, line, printable, records, say

if TYPE_CHECKING:
    from datetime import date

    from attendance.app import Attendance
    from attendance.services.audit import AuditWanted

SHOWN = ("number", "at", "by", "says", "subject", "people")

app = typer.Typer(
    help="What was done, by whom and when: list, take out, prove that nothing of it was changed, anchor.",
    no_args_is_help=True,
)

Action = Annotated[
    str | None, typer.Option(help="One action, such as mark.add, or all of a kind: mark.", metavar="ACTION")
]
By = Annotated[str | None, typer.Option(help="Who did it: an account, a token, the system's user.", metavar="NAME")]
First = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.", metavar="DAY")]
Last = Annotated[str | None, typer.Option("--to", help="Last day.", metavar="DAY")]
About = Annotated[str | None, typer.Option("--person", help="Whom it is about: id or exact name.", metavar="PERSON")]


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    action: Action = None,
    by: By = None,
    first: First = None,
    last: Last = None,
    person: About = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000, metavar="NUMBER")] = 100,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List what was done, the newest first."""
    days = options.day_of(first, "--from"), options.day_of(last, "--to")
    with reading(home) as opened:
        found = opened.audit.page(_wanted(opened, action, by, days, person), limit=limit)
        rows = [opened.audit.told(each) for each in found] if as_json else [opened.audit.row(each) for each in found]
    records(rows, as_json=as_json, columns=SHOWN)
    if not found:
        say("nothing of this kind is on record")


@app.command(epilog=options.EXIT_CODES)
def export(
    target: Annotated[Path, typer.Argument(help="Write to this new file (CSV).", metavar="FILE", show_default=False)],
    *,
    action: Action = None,
    by: By = None,
    first: First = None,
    last: Last = None,
    person: About = None,
    home: options.Home = None,
) -> None:
    """Write the log, or what is chosen of it, to a table; that it was taken out is recorded."""
    from attendance.writing import refuse_taken, write_new

    days = options.day_of(first, "--from"), options.day_of(last, "--to")
    with changing(home) as opened:
        refuse_taken(target)
        wanted = _wanted(opened, action, by, days, person)
        opened.looks.at_log(opened.actor)

        def fill(path: Path) -> None:
            with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                file.writelines(opened.audit.table(wanted))

        write_new(target, fill, private=True)
    say(f"wrote {target}")


@app.command(epilog=options.EXIT_CODES)
def verify(
    *,
    anchors: Annotated[
        list[Path] | None,
        typer.Option("--anchor", help="A file of anchors to compare with; may be repeated.", metavar="FILE"),
    ] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Prove that the log is as it was written; what was done to it is named, each attack by its own word.

    A cut end, other entries behind it, and a log written anew as a whole are told by anchors alone.
    """
    from attendance.services.auditchain import summary

    with reading(home) as opened:
        found = opened.audit_chain.verify(anchors or ())
    if as_json:
        line(json_line(found.to_dict()))
    else:
        for text in summary(found):
            line(printable(text))
    found.refuse_broken()


@app.command(epilog=options.EXIT_CODES)
def anchor(
    *,
    to: Annotated[
        Path | None, typer.Option(help="Append it to this file, which is made with mode 0600.", metavar="FILE")
    ] = None,
    syslog: Annotated[bool, typer.Option("--syslog", help="Send it to this system's log.")] = False,
    host: Annotated[
        str | None, typer.Option("--syslog-host", help="Send it to this host's log by UDP.", metavar="HOST[:PORT]")
    ] = None,
    home: options.Home = None,
) -> None:
    """Note where the log ends, outside the home: printed, or kept in a file or a system's log.

    Keep it where nobody who may write to the home may write. 'audit verify --anchor FILE' compares.
    """
    targets = [*([str(to)] if to else []), *(["syslog"] if syslog else []), *([f"syslog:{host}"] if host else [])]
    if len(targets) > 1:
        raise typer.BadParameter("give one of --to, --syslog and --syslog-host", param_hint="--syslog")
    with changing(home) as opened:
        made = opened.audit_chain.anchor(opened.actor, targets[0] if targets else None)
    line(made)
    if targets:
        say(f"kept: {targets[0]}")


def _wanted(
    opened: "Attendance",
    action: str | None,
    by: str | None,
    days: "tuple[date | None, date | None]",
    person: str | None,
) -> "AuditWanted":
    from attendance.services.audit import AuditWanted

    key = None if person is None else opened.people.find(person).id
    return AuditWanted(action, by, *days, key)
