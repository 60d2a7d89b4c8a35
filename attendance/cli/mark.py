"""attendance mark, attendance void: what a person decides overrules the camera."""

from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing
from attendance.cli.output import say

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.services.byhand import ByHandMark


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
    """Mark somebody present by hand, now or for a day gone by; a void mark stays void, and a new one is made."""
    chosen = options.session_or_day(session, day)
    with changing(home) as app:
        say_zone_warning(app)
        _tell(app.by_hand.enter(app.actor, person, session=chosen, at=at, note=note))


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
        gone = app.by_hand.void(app.actor, person, reason=reason, session=chosen)
        say(f"the mark of {gone.person.name} ({gone.person.external_id}) is void: {gone.mark.void_reason}")


def say_zone_warning(app: "Attendance") -> None:
    """Say so before marks are made where it is in doubt which days they are counted in."""
    if app.zone_warning is not None:
        say(f"warning[clock.zone] {app.zone_warning}")


def _tell(found: "ByHandMark") -> None:
    mark, session, who = found.mark, found.session, found.person
    when = "at a time not known" if found.at is None else f"{found.at:%Y-%m-%d %H:%M}"
    whose = f"{who.name} ({who.external_id})"
    if found.new:
        say(f"{whose} is marked in session {session.name}, {when}, by hand (mark {mark.id})")
    else:
        say(f"{whose} was marked in session {session.name} before, {when} ({mark.how}, mark {mark.id}); that stays")
    if found.new and "remark" in mark.evidence:
        say(str(mark.evidence["remark"]))
