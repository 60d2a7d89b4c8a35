"""attendance approve: what waits for a second person, and what that one says."""

from typing import Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import on_terminal, records, say

COLUMNS = ("id", "kind", "person", "name", "session", "begins", "ends", "direction", "reason", "entered", "by")


def approve(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Ids as the list shows them; of a mark's the first eight letters.", metavar="ID..."),
    ] = None,
    *,
    refuse: Annotated[bool, typer.Option("--refuse", help="It is not to count.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with what is said.")] = "",
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Let count what somebody else has entered: marks by hand and excuses that wait; without an id, list them.

    With --refuse none of them counts; a mark that one of them was to correct counts again.
    """
    if not ids:
        with reading(home) as app:
            rows = [each.to_dict() for each in app.approvals.waiting()]
        if on_terminal() and not as_json:
            rows = [_short(each) for each in rows]
        records(rows, as_json=as_json, columns=COLUMNS, whole=("id",))
        if not rows:
            say("nothing waits for a second person")
        return
    if refuse and not reason.strip():
        raise typer.BadParameter("say why it is refused", param_hint="--reason")
    with changing(home) as app:
        said = app.approvals.refuse if refuse else app.approvals.approve
        found = said(app.actor, ids, reason=reason)
    for each in found:
        whose = f"{each.person.name} ({each.person.external_id})"
        say(f"{each.kind} {each.id} of {whose} {'is refused' if refuse else 'is approved'}")
    if as_json:
        records([each.to_dict() for each in found], as_json=True, columns=COLUMNS)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """For a screen: as much of the id as is enough, and no session that is only the day."""
    from attendance.services.approving import SHORT

    own = row["session"] is not None and row["begins"].startswith(row["session"])
    return {**row, "id": row["id"][:SHORT], "session": None if own else row["session"]}
