"""attendance key: what opens the home, a new key, another way to keep it, and what to do once it is lost."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import at_terminal, json_line, line, printable, say
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.keys import Keys, KeyState

WORD = "abandon"
PASSPHRASE_ENV = "ATTENDANCE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable

app = typer.Typer(
    help="The key that opens what is sealed: show, rotate, protect, copy, and what to do once it is lost.",
    no_args_is_help=True,
)


class Way(StrEnum):
    """How the key lies in its file."""

    FILE = "file"
    PASSPHRASE = "passphrase"  # noqa: S105 - the word
    ENVIRONMENT = "environment"
    COMMAND = "command"


@app.command(epilog=options.EXIT_CODES)
def show(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """Tell how the key is kept, what it needs, and whether it opens what is stored; nothing of the key itself."""
    with reading(home) as opened:
        found = opened.keys.state()
    if as_json:
        line(json_line(found.to_dict()))
    else:
        for text in _lines(found):
            line(text)
    if found.problem is not None:
        say(found.problem.line)
        raise typer.Exit(found.problem.exit_code)


def _lines(found: "KeyState") -> list[str]:
    from attendance.paths import shown_path
    from attendance.records import instant
    from attendance.services.keys import words

    since = "" if found.since is None else f", made on {instant(found.since)}"
    opens = "it opens what is stored" if found.problem is None else "it does not open what is stored"
    recovery = found.recovery_key or "none; 'attendance key recovery FILE' makes one for backups"
    return [f"{shown_path(found.file)}: {words(found.way)}{since}", opens, f"recovery key: {recovery}"]


@app.command(epilog=options.EXIT_CODES)
def rotate(*, home: options.Home = None) -> None:
    """Make a new key and seal everything anew with it; the service and others may go on working meanwhile."""
    with changing(home) as opened:
        count = opened.keys.rotate(opened.actor)
        say(f"a new key opens this home, sealed anew: {counted(count, 'value')}; the old key opens none of them")
        say("backups from before need the old key; copy the new one with 'attendance key copy FILE'")


@app.command(epilog=options.EXIT_CODES)
def protect(
    *,
    with_: Annotated[
        Way,
        typer.Option(
            "--with",
            help="A passphrase, the environment (ATTENDANCE_KEY), a command (ATTENDANCE_KEY_COMMAND); file: plain.",
        ),
    ],
    home: options.Home = None,
) -> None:
    """Keep the same key in another way; a new passphrase is asked for twice, or read from standard input."""
    from attendance.services.keys import words

    with changing(home) as opened:
        phrase = _new_passphrase(opened.keys) if with_ is Way.PASSPHRASE else None
        found = opened.keys.protect(opened.actor, with_.value, passphrase=phrase)
        say(f"the key is {words(found.way)}")
        if found.source is not None:
            say(f"the service and every program without a terminal need {found.source} from now on")
        say("a copy of the key file from before still opens this home; 'attendance key rotate' ends that")


def _new_passphrase(keys: "Keys") -> str | None:
    """Typed twice or a line of standard input; None where the environment has it, and not the one of now."""
    if os.environ.get(PASSPHRASE_ENV) and keys.state().way != Way.PASSPHRASE.value:
        return None
    if at_terminal():
        return new_passphrase("New passphrase")
    return sys.stdin.readline().rstrip("\r\n")


def new_passphrase(question: str) -> str:
    """A passphrase that somebody chooses, typed twice unseen."""
    told: str = typer.prompt(question, hide_input=True, err=True, confirmation_prompt="Once more")
    return told


@app.command(epilog=options.EXIT_CODES)
def recovery(
    target: Annotated[Path, typer.Argument(help="The new file for the private key.", metavar="FILE")],
    *,
    home: options.Home = None,
) -> None:
    """Make a pair of keys with which backups open once the home's own key is lost; prints the public one.

    The private key goes to FILE, to be kept apart; the public one into the setting recovery_key.
    """
    from attendance.paths import shown_path

    with changing(home) as opened:
        line(opened.keys.recovery(opened.actor, target))
        say(f"wrote {shown_path(target)}: keep it apart from home and backups; it opens the backups from now on")
        say("a service that runs takes it up when it is started again")
        if opened.configuration.named("recovery_key").overruled:
            say("ATTENDANCE_RECOVERY_KEY overrules the setting: give it the key above")


@app.command(epilog=options.EXIT_CODES)
def copy(
    target: Annotated[Path, typer.Argument(help="The new file.", metavar="FILE")],
    *,
    home: options.Home = None,
) -> None:
    """Write a copy of the key file, once it has proved to open what is stored; keep it apart from backups."""
    from attendance.paths import shown_path
    from attendance.services.keys import words

    with changing(home) as opened:
        opened.keys.copy(opened.actor, target)
        say(f"wrote {shown_path(target)}: the key is {words(opened.keys.state().way)}")


@app.command(epilog=options.EXIT_CODES)
def abandon(*, yes: options.Yes = False, home: options.Home = None) -> None:
    """Once the key is lost for good: give up all that is sealed, and begin with a new key.

    Templates, kept faces, addresses, secrets, QR codes, badges and second factors go; people, groups, marks and the
    timetable stay. A backup from before still needs the lost key.
    """
    with changing(home, keyless=True) as opened:
        found = opened.keys.state()
        if found.problem is not None and not yes:
            say(found.problem.line)
        _confirm_abandon(yes=yes)
        gone = opened.keys.abandon(opened.actor)
        say("given up: " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in gone.items()))
        say("a new key opens this home; people and marks are as before, and enrolling photos makes new templates")


def _confirm_abandon(*, yes: bool) -> None:
    if yes:
        return
    if not at_terminal():
        raise typer.BadParameter("pass --yes, as nobody can be asked here", param_hint="--yes")
    sys.stderr.write(printable(f"All templates and kept faces go for good. Type '{WORD}' to give them up: "))
    sys.stderr.flush()
    told = sys.stdin.readline()
    if not told:
        say("")
    if told.strip() != WORD:
        raise typer.Exit(1)
