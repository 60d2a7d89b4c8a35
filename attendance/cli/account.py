"""attendance account: who may sign in to the service, in which role, and whose people they see."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import confirm, records, say
from attendance.cli.passwords import new_password

COLUMNS = ("name", "role", "groups", "active", "created")

app = typer.Typer(help="Accounts of the service: add, list, change, remove, give a new password.", no_args_is_help=True)


class Role(StrEnum):
    """What somebody may do."""

    ADMIN = "admin"
    TEACHER = "teacher"
    AUDITOR = "auditor"


Name = Annotated[str, typer.Argument(help="The account's name.", metavar="NAME")]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", help="Group whose people a teacher sees and marks; may be repeated.", metavar="NAME"),
]


@app.command(epilog=options.EXIT_CODES)
def add(
    name: Name,
    *,
    role: Annotated[Role, typer.Option(help="An admin sees and changes all, an auditor sees it.")] = Role.TEACHER,
    group: Groups = None,
    home: options.Home = None,
) -> None:
    """Add an account; its password is asked for, or read from standard input."""
    with writing(home) as opened:
        made = opened.accounts.add(opened.actor, name, new_password(), role.value, groups=group or ())
        say(f"added: {made.name}, {made.role}{_of(made.groups)}")


@app.command("list", epilog=options.EXIT_CODES)
def list_(*, as_json: options.Json = False, home: options.Home = None) -> None:
    """List the accounts by name, those out of use, too."""
    from attendance.services.accounts import told

    with reading(home) as opened:
        rows = [told(each) for each in opened.accounts.all()]
    records(rows, as_json=as_json, columns=COLUMNS, whole=("name",))


@app.command(epilog=options.EXIT_CODES)
def change(
    name: Name,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.", metavar="NAME")] = None,
    role: Annotated[Role | None, typer.Option(help="Another role.")] = None,
    group: Groups = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Out of use, it is signed out at once.")
    ] = None,
    home: options.Home = None,
) -> None:
    """Change what is given, and nothing else; --group '' takes all groups away."""
    groups = None if group is None else [each for each in group if each.strip()]
    given = {"name": new_name, "role": None if role is None else role.value, "groups": groups, "active": active}
    parts: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if not parts:
        flags = "--name, --role, --group, --active, --inactive"
        raise typer.BadParameter("say what to change", param_hint=flags)
    with changing(home) as opened:
        number = opened.accounts.named(name).id
        theirs = opened.accounts.tokens_of(number)
        made = opened.accounts.change(opened.actor, number, **parts)
        say(f"changed: {made.name}, {made.role}{_of(made.groups)}{'' if made.active else ', out of use'}")
        gone = opened.tokens.gone(theirs)
        if gone:
            say(f"revoked: {gone}")


@app.command(epilog=options.EXIT_CODES)
def password(name: Name, *, home: options.Home = None) -> None:
    """Give an account a new password, asked for or read from standard input; it is signed out everywhere."""
    with changing(home) as opened:
        found = opened.accounts.named(name)
        opened.accounts.set_password(opened.actor, found.id, new_password())
        say(f"{found.name} has a new password")


@app.command(epilog=options.EXIT_CODES)
def remove(name: Name, *, yes: options.Yes = False, home: options.Home = None) -> None:
    """Remove an account, which is signed out at once; what it did goes on naming it."""
    from attendance.services.tokens import in_words

    with changing(home) as opened:
        found = opened.accounts.named(name)
        made = opened.accounts.tokens_of(found.id)
        told = f", and revoke {in_words(made)}" if made else ""
        confirm(f"Remove the account {found.name}{told}?", yes=yes)
        opened.accounts.remove(opened.actor, found.id)
        say(f"removed: {found.name}")
        gone = opened.tokens.gone(made)
        if gone:
            say(f"revoked: {gone}")


@app.command(epilog=options.EXIT_CODES)
def totp(
    name: Name,
    *,
    off: Annotated[bool, typer.Option("--off", help="Turn it off, as telephone and codes are lost.")] = False,
    home: options.Home = None,
) -> None:
    """Tell whether an account signs in with a second factor, and turn it off."""
    with changing(home) if off else reading(home) as opened:
        found = opened.accounts.named(name)
        held = opened.second_factors.of(found.id)
        if off:
            opened.second_factors.remove(opened.actor, found.id)
            say(f"{found.name} signs in by password alone{'' if held else ', as before'}")
        else:
            say(f"{found.name}: " + (f"on, {held.codes} codes are left" if held else "off"))


def _of(groups: tuple[str, ...]) -> str:
    return f" of {', '.join(groups)}" if groups else ""
