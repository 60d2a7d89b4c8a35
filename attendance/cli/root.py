"""All commands in one place.

What a run does not ask for is neither imported nor built: that takes longer than many a command.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer
from typer.main import get_command

from attendance.cli import options

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "enroll": "enroll:enroll",
        "check": "check:check",
        "gallery": "gallery:app",
        "session": "session:app",
        "mark": "mark:mark",
        "void": "mark:void",
        "correct": "mark:correct",
        "approve": "approve:approve",
        "coverage": "coverage:app",
        "review": "review:app",
        "report": "report:report",
        "place": "place:app",
        "liveness": "liveness:app",
        "site": "site:app",
        "receiver": "receiver:app",
        "roster": "roster:app",
        "export": "export:export",
        "timetable": "timetable:app",
        "calendar": "calendar:app",
        "excuse": "excuse:app",
        "month": "month:app",
        "serve": "serve:serve",
        "account": "account:app",
        "token": "token:app",
        "credential": "credential:app",
        "audit": "audit:app",
        "consent": "consent:app",
        "backup": "backup:backup",
        "restore": "backup:restore",
        "backups": "backups:app",
        "home": "home:app",
        "privacy": "privacy:app",
        "purge": "purge:purge",
        "hold": "hold:app",
        "doctor": "doctor:doctor",
        "encoder": "encoder:app",
        "key": "key:app",
        "job": "job:app",
        "config": "config:app",
        "train": "train:train",
    }
)
"""Where each command or group of commands stands: a module of this folder, and a name in it."""
OTHER_PROGRAM: Final = {
    "add_help_option": False,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
}
"""How `train` is built, whose words another parser takes."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("attendance"))
        raise typer.Exit


def main(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False
) -> None:
    """Face attendance: one photo enrols a person, a file, folder, video or camera check marks them present."""


def commands(names: Collection[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands, or all."""
    built = typer.Typer(
        help="Face attendance: one photo enrols a person, a file, folder, video or camera check marks them present.",
        epilog=options.EXIT_CODES,
        no_args_is_help=True,
        rich_markup_mode=None,  # the plain form is twice as quick
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    built.callback()(main)
    for name in names:
        module, _, what = COMMANDS[name].partition(":")
        found = getattr(import_module(f"attendance.cli.{module}"), what)
        if isinstance(found, typer.Typer):
            built.add_typer(found, name=name, epilog=options.EXIT_CODES)
        else:
            built.command(name, **(OTHER_PROGRAM if name == "train" else {"epilog": options.EXIT_CODES}))(found)
    return built


def parser_of(words: Sequence[str]) -> Any:
    """What parses these words of a command line: it knows the command that they begin with, or else all of them."""
    return parser(words[0]) if words and words[0] in COMMANDS else parser()


@cache
def parser(name: str | None = None) -> Any:
    """What parses the words of this command, or of any, made once a process."""
    return get_command(commands(COMMANDS if name is None else (name,)))
