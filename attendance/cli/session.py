"""attendance session: what people are marked for."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import json_line, line, records, say

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.marks import MarkInfo
    from attendance.register.sessions import SessionInfo

COLUMNS = ("name", "kind", "day", "zone", "opens", "closes", "group", "marks")
MARK_COLUMNS = ("at", "id", "name", "how", "score", "threshold", "margin", "source", "voided", "entered")

app = typer.Typer(help="What people are marked for: open, close, list, show.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The session's name.")]


@app.command("open", epilog=options.EXIT_CODES)
def open_(name: Name, *, group: options.Group = None, home: options.Home = None) -> None:
    """Open a session of this name; 'check --session NAME' then marks people in it."""
    with writing(home) as opened:
        found = opened.sessions.open(name, at=opened.clock.utc(), group=group)
        say(f"session {found.name} is open" + (f" for group {found.group}" if found.group else ""))


@app.command(epilog=options.EXIT_CODES)
def close(name: Name, *, home: options.Home = None) -> None:
    """Close a session: no check marks anybody in it any more, only a person by hand."""
    with changing(home) as opened:
        found = opened.sessions.close(name, at=opened.clock.utc())
        say(f"session {found.name} is closed, {len(_valid(opened, found))} marks")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List all sessions, oldest first."""
    with reading(home) as opened, opened.store.reading():
        rows = [{**each.to_dict(), "marks": len(_valid(opened, each))} for each in opened.sessions.all()]
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
    with reading(home) as opened, opened.store.reading():
        session = opened.session_named(name)
        rows = [_mark(opened, session, each, evidence=evidence) for each in opened.marks.of_session(session.id)]
    records(rows, as_json=as_json, columns=MARK_COLUMNS)
    if evidence and not as_json:
        for row in rows:
            line(json_line({"mark": row["mark"], **row["evidence"]}))


def _valid(opened: "Attendance", session: "SessionInfo") -> "list[MarkInfo]":
    return [each for each in opened.marks.of_session(session.id) if each.valid]


def _mark(opened: "Attendance", session: "SessionInfo", mark: "MarkInfo", *, evidence: bool) -> dict[str, Any]:
    from attendance.register.report import local

    person = opened.gallery.find(mark.person)
    row = {
        "mark": mark.id,
        "session": session.name,
        "at": local(mark.at, session).isoformat(timespec="seconds") if mark.time_is_known else None,
        "id": person.external_id,
        "name": person.name,
        "how": mark.how,
        "entered": None if mark.entered is None else local(mark.entered, session).isoformat(timespec="seconds"),
        **{key: mark.evidence.get(key) for key in ("score", "threshold", "margin", "source")},
        "voided": mark.void_reason,
    }
    return {**row, "evidence": dict(mark.evidence)} if evidence else row
