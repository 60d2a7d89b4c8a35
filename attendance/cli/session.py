"""attendance session: what people are marked for."""

from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import json_line, line, records, say
from refusal import counted

COLUMNS = ("name", "kind", "day", "zone", "opens", "closes", "group", "marks")
MARK_COLUMNS = ("at", "id", "name", "how", "score", "threshold", "margin", "source", "voided", "entered")
DIRECTION = "direction"
"""A column of its own where a mark has one."""

app = typer.Typer(help="What people are marked for: open, close, list, show.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The session's name.")]


@app.command("open", epilog=options.EXIT_CODES)
def open_(name: Name, *, group: options.Group = None, home: options.Home = None) -> None:
    """Open a session of this name; 'check --session NAME' then marks people in it."""
    with writing(home) as opened:
        found = opened.session_book.open(opened.actor, name, group=group)
        say(f"session {found.name} is open" + (f" for group {found.group}" if found.group else ""))


@app.command(epilog=options.EXIT_CODES)
def close(name: Name, *, home: options.Home = None) -> None:
    """Close a session: no check marks anybody in it any more, only a person by hand."""
    with changing(home) as opened:
        found = opened.session_book.close(opened.actor, name)
        say(f"session {found.session.name} is closed, {counted(found.marks, 'mark')}")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List all sessions, oldest first."""
    with reading(home) as opened:
        rows = [each.to_dict() for each in opened.session_book.all()]
        records(rows, as_json=as_json, columns=COLUMNS)


@app.command(epilog=options.EXIT_CODES)
def show(
    name: Annotated[str | None, typer.Argument(help="The session's name; else the day's own.")] = None,
    *,
    evidence: Annotated[bool, typer.Option("--evidence", help="With all that each mark rests on.")] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Show the marks of a session and what they rest on."""
    with (changing if evidence else reading)(home) as opened:
        found = opened.session_book.marks(name)
        if evidence and found:
            opened.looks.at_session(opened.actor, found[0].session.id)
        rows = [each.to_dict(evidence=evidence) for each in found]
    told = (DIRECTION, "mark") if any(DIRECTION in row for row in rows) else ()
    records(rows, as_json=as_json, columns=(*MARK_COLUMNS, *told), whole=("mark",))
    if evidence and not as_json:
        for row in rows:
            line(json_line({"mark": row["mark"], **row["evidence"]}))
