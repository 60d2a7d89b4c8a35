"""Opening a home for a command."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from attendance.access import Actor
from attendance.cli.output import ask, at_terminal, say
from attendance.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from attendance.app import Attendance
    from attendance.linking import Linked
    from attendance.settings import Value

_SAY_ZONE = "'attendance config set time_zone Europe/Berlin' (or another) says whose days are counted"


@contextmanager
def writing(
    home: "str | None",
    flags: "Mapping[str, Value] | None" = None,
    *,
    preload: bool = False,
    tell: "Callable[[str], object]" = say,
) -> "Iterator[Attendance]":
    """The home, made on first use; with ``preload`` detector and encoder load meanwhile.

    On a terminal the zone of a new home's site is asked for; elsewhere it is the computer's, which ``tell`` says.
    """
    from attendance.app import Attendance

    zone = _asked_zone(home, flags)
    with Attendance.open(home, flags=flags, preload=preload, actor=actor(), zone=zone) as app:
        _ready_to_write(app)
        if app.zone_taken is not None:
            tell(f"days are those of {app.zone_taken}; 'attendance config set time_zone ZONE' sets another")
        elif app.begun and app.zone_warning is None and app.settings.time_zone is None:
            tell(f"days are those of {app.zone}, as long as this computer's are: {_SAY_ZONE}")
        yield app


@contextmanager
def watching(
    home: "str | None",
    flags: "Mapping[str, Value] | None" = None,
    *,
    preload: bool = False,
    tell: "Callable[[str], object]" = say,
) -> "Iterator[Linked]":
    """As `writing`, for what goes on for long: on a site's computer by the slice while the database is out of reach."""
    from attendance.linking import linked

    with linked(lambda: writing(home, flags, preload=preload, tell=tell), home, flags, actor()) as found:
        if found.link is not None and found.link.away:
            tell("the database is out of reach: marking goes on by the slice of this site, and is delivered later")
        yield found


def _asked_zone(home: "str | None", flags: "Mapping[str, Value] | None") -> str | None:
    """What a person at a terminal says; None where nobody is asked, as the zone is set or the home there already."""
    if not at_terminal():
        return None
    from attendance.app import zone_wanted
    from attendance.zones.computer import computer_zone

    if not zone_wanted(home, flags):
        return None

    found = computer_zone(SystemClock().utc())
    return ask("Time zone of the site, whose days are counted", found.likely[0] if found.likely else found.name, _zone)


def _zone(text: str) -> str:
    """The zone that was typed; raises SettingValue."""
    from attendance.settings import check

    return str(check("time_zone", text, "time zone"))


@contextmanager
def changing(
    home: "str | None",
    flags: "Mapping[str, Value] | None" = None,
    *,
    keyless: bool = False,
    preload: bool = False,
) -> "Iterator[Attendance]":
    """A home that must be there already; ``keyless`` is for who gives a lost key up."""
    from attendance.app import Attendance

    with Attendance.open(home, flags=flags, create=False, preload=preload, actor=actor()) as app:
        _ready_to_write(app, keyless=keyless)
        yield app


def _ready_to_write(app: "Attendance", *, keyless: bool = False) -> None:
    """Ask for what opens a wrapped key; refuse to write to a server's database from a folder without the home's key.

    Where several computers share a database the key is seldom lost: this one has not been given it. What it entered
    into the log could never be proved, on any of them.
    """
    app.vault.prepare()
    if app.store.engine == "postgresql" and not keyless and app.vault.has_check():
        app.vault.unlock()


@contextmanager
def reading(
    home: "str | None", flags: "Mapping[str, Value] | None" = None, *, preload: bool = False
) -> "Iterator[Attendance]":
    """The home, opened so that nothing can be written; it may lie where this account may only read."""
    from attendance.app import Attendance

    with Attendance.open(home, flags=flags, create=False, read_only=True, preload=preload, actor=actor()) as app:
        yield app


def actor() -> Actor:
    """The system's user, who may do everything."""
    return Actor.of_account("cli")
