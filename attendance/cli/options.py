"""Flags that several commands share."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import typer

EXIT_CODES = """\b
Exit codes:
  0    done
  1    done, but something was refused (it is listed)
  2    wrong usage
  3    the home, database or encoder cannot be used
  4    the camera or stream cannot be used
  130  interrupted; what was reported is kept

Any command takes --debug: it shows the traceback of an error."""

Home = Annotated[
    str | None,
    typer.Option(
        help="Folder of the gallery, or postgresql://USER@HOST/NAME; else ATTENDANCE_HOME, else the platform's place.",
        metavar="HOME",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Session = Annotated[str | None, typer.Option(help="Name of an open session; else the day's own.", metavar="NAME")]
HeldSession = Annotated[
    str | None, typer.Option(help="Name of a session, open or closed, or a day; else the day's own.", metavar="NAME")
]
Day = Annotated[
    str | None, typer.Option(help="The own session of this day, YYYY-MM-DD, that has begun.", metavar="DAY")
]
Group = Annotated[str | None, typer.Option(help="Only the people of this group.", metavar="NAME")]
Site = Annotated[
    str | None, typer.Option(help="Only the people of this site, and those who belong to none.", metavar="NAME")
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Group to put the people in; may be repeated.", metavar="NAME")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting for this run, see 'config show'; may be repeated.", metavar="NAME=VALUE"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")]
Direction = Annotated[
    str | None, typer.Option(help="Which way people go there: in or out.", metavar="WAY", show_default=False)
]
In = Annotated[bool, typer.Option("--in", help="They came in.")]
Out = Annotated[bool, typer.Option("--out", help="They went out.")]
Mark = Annotated[
    str | None, typer.Option(help="Id of the mark, of several in a session; see 'session show'.", metavar="ID")
]
Person = Annotated[str, typer.Argument(help="Id or exact name.", metavar="PERSON", show_default=False)]


class GivenBy(StrEnum):
    """Who agrees to something: somebody themselves, or their guardian."""

    SELF = "self"
    GUARDIAN = "guardian"


def session_or_day(session: str | None, day: str | None) -> str | None:
    """The session's name that either flag gives; that of a day's own session is the day."""
    if day is None:
        return session
    if session is not None:
        raise typer.BadParameter("give either --session or --day", param_hint="--day")
    found = day_of(day, "--day")
    return None if found is None else found.isoformat()


def way_of(*, coming: bool, going: bool) -> Literal["in", "out"] | None:
    """The direction that two flags give."""
    if coming and going:
        raise typer.BadParameter("give either --in or --out", param_hint="--out")
    return "in" if coming else "out" if going else None


def day_of(text: str | None, flag: str) -> date | None:
    """The day that a flag gives, None where it was not given."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: give it as YYYY-MM-DD", param_hint=flag) from None


def flags(pairs: list[str] | None, **named: float | str | None) -> dict[str, float | int | bool | str | None]:
    """The settings given as flags, by name."""
    found: dict[str, float | int | bool | str | None] = dict(named)
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--set")
        found[name.strip()] = value
    return found
