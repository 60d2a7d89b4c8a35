"""attendance mark, attendance void: what a person decides overrules the camera."""

from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing
from attendance.cli.output import say

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.register.marks import Marked


def mark(
    person: options.Person,
    *,
    session: options.HeldSession = None,
    day: options.Day = None,
    at: Annotated[
        str | None, typer.Option(help="When it was: 08:05 on the site's clock, or a whole instant.", metavar="TIME")
    ] = None,
    note: Annotated[str, typer.Option(help="Why; kept with the mark.")] = "",
    home: options.Home = None,
) -> None:
    """Mark somebody present by hand, now or for a day gone by; this also restores a mark that was voided."""
    chosen = options.session_or_day(session, day)
    with changing(home) as app:
        say_zone_warning(app)
        _tell(app, app.enter(person, session=chosen, at=at, note=note))


def void(
    person: options.Person,
    *,
    reason: Annotated[str, typer.Option(help="Why the mark is wrong; kept with it.")],
    session: options.HeldSession = None,
    day: options.Day = None,
    home: options.Home = None,
) -> None:
    """Declare somebody's mark wrong; it stays on record, and no camera makes it again."""
    chosen = options.session_or_day(session, day)
    with changing(home) as app:
        gone = app.void(person, reason=reason, session=chosen)
        who = app.gallery.find(gone.person)
        say(f"the mark of {who.name} ({who.external_id}) is void: {gone.void_reason}")


def say_zone_warning(app: "Attendance") -> None:
    """Say so before marks are made where it is in doubt which days they are counted in."""
    if app.zone_warning is not None:
        say(f"warning[clock.zone] {app.zone_warning}")


def _tell(app: "Attendance", made: "Marked") -> None:
    from attendance.register.report import local

    mark, session = made.mark, app.sessions.numbered(made.mark.session)
    who = app.gallery.find(mark.person)
    when = f"{local(mark.at, session):%Y-%m-%d %H:%M}" if mark.time_is_known else "at a time not known"
    whose = f"{who.name} ({who.external_id})"
    if made.new:
        say(f"{whose} is marked in session {session.name}, {when}, by hand (mark {mark.id})")
    else:
        say(f"{whose} was marked in session {session.name} before, {when} ({mark.how}, mark {mark.id}); that stays")
    if made.new and "remark" in mark.evidence:
        say(str(mark.evidence["remark"]))
