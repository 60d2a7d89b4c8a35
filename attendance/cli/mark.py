"""attendance mark, void, correct: what a person decides overrules the camera."""

from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing
from attendance.cli.output import say

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.services.byhand import ByHandMark

_AT = "When it was: 08:05 on the site's clock, or a whole instant."


def mark(
    person: options.Person,
    *,
    session: options.HeldSession = None,
    day: options.Day = None,
    at: Annotated[str | None, typer.Option(help=_AT, metavar="TIME")] = None,
    coming: options.In = False,
    going: options.Out = False,
    note: Annotated[str, typer.Option(help="Why; kept with the mark.")] = "",
    home: options.Home = None,
) -> None:
    """Mark somebody present by hand, now or for a day gone by; a void mark stays void, and a new one is made."""
    chosen = options.session_or_day(session, day)
    way = options.way_of(coming=coming, going=going)
    with changing(home) as app:
        say_zone_warning(app)
        _tell(app.by_hand.enter(app.actor, person, session=chosen, at=at, note=note, direction=way))


def void(
    person: options.Person,
    *,
    reason: Annotated[str, typer.Option(help="Why the mark is wrong; kept with it.")],
    session: options.HeldSession = None,
    day: options.Day = None,
    mark: options.Mark = None,
    home: options.Home = None,
) -> None:
    """Declare somebody's mark wrong, at once; it stays on record, and no camera makes it again."""
    chosen = options.session_or_day(session, day)
    with changing(home) as app:
        _tell_void(app.by_hand.void(app.actor, person, reason=reason, session=chosen, mark=mark))


def correct(
    person: options.Person,
    *,
    at: Annotated[str, typer.Option(help=_AT, metavar="TIME")],
    reason: Annotated[str, typer.Option(help="What was wrong; kept with both marks.")],
    session: options.HeldSession = None,
    day: options.Day = None,
    coming: options.In = False,
    going: options.Out = False,
    mark: options.Mark = None,
    home: options.Home = None,
) -> None:
    """Put a mark of the right time in the place of one that is wrong, which stays on record and is void.

    With second_approval the new mark waits for a second person; if that one refuses it, the old mark counts again.
    """
    chosen = options.session_or_day(session, day)
    way = options.way_of(coming=coming, going=going)
    with changing(home) as app:
        say_zone_warning(app)
        found = app.by_hand.correct(app.actor, person, at=at, reason=reason, session=chosen, direction=way, mark=mark)
        _tell_void(found.old)
        _tell(found.made)


def say_zone_warning(app: "Attendance") -> None:
    """Say so before marks are made where it is in doubt which days they are counted in."""
    if app.zone_warning is not None:
        say(f"warning[clock.zone] {app.zone_warning}")


def _tell_void(gone: "ByHandMark") -> None:
    say(f"the mark of {gone.person.name} ({gone.person.external_id}) is void: {gone.mark.void_reason}")


def _tell(found: "ByHandMark") -> None:
    mark, session, who = found.mark, found.session, found.person
    when = "at a time not known" if found.at is None else f"{found.at:%Y-%m-%d %H:%M}"
    way = "" if mark.direction is None else f" as going {mark.direction}"
    whose = f"{who.name} ({who.external_id})"
    if found.new:
        say(f"{whose} is marked{way} in session {session.name}, {when}, by hand (mark {mark.id})")
    else:
        told = f"{whose} was marked{way} in session {session.name} before, {when} ({mark.how}, mark {mark.id})"
        say(f"{told}; that stays")
    if found.new and "remark" in mark.evidence:
        say(str(mark.evidence["remark"]))
    if mark.waits:
        say("it does not count yet: somebody else must approve it, see 'attendance approve'")
