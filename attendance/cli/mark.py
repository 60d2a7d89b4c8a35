"""attendance mark, attendance void: what a person decides overrules the camera."""

from typing import Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing
from attendance.cli.output import say


def mark(
    person: options.Person,
    *,
    session: options.Session = None,
    note: Annotated[str, typer.Option(help="Why; kept with the mark.")] = "",
    home: options.Home = None,
) -> None:
    """Mark somebody present by hand; this also restores a mark that was voided."""
    with changing(home) as app:
        made = app.mark(person, session=session, note=note)
        who = app.gallery.find(made.person)
        say(f"{who.name} ({who.external_id}) is marked ({made.how}, mark {made.id})")


def void(
    person: options.Person,
    *,
    reason: Annotated[str, typer.Option(help="Why the mark is wrong; kept with it.")],
    session: options.Session = None,
    home: options.Home = None,
) -> None:
    """Declare somebody's mark wrong; it stays on record, and no camera makes it again."""
    with changing(home) as app:
        gone = app.void(person, reason=reason, session=session)
        who = app.gallery.find(gone.person)
        say(f"the mark of {who.name} ({who.external_id}) is void: {gone.void_reason}")
