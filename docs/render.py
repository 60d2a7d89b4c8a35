"""Write errors.md, settings.md, commands.md and rights.md from the tables in the code: python docs/render.py."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from attendance.access import RIGHTS
from attendance.access.commands import COMMANDS
from attendance.errors import AttendanceError
from attendance.faults import catalogue
from attendance.settings import OTHER_VARIABLES, SETTINGS
from enroll.errors import EnrollError
from gallery.errors import GalleryError
from refusal import Refusal, drawn, named
from train.errors import TrainError

HERE = Path(__file__).resolve().parent

ERRORS = """# Errors

Every message is one line: `error[id] where: what. What to do.` The id is stable, so scripts may look for it.
`--debug` adds the traceback. Exit codes: 0 done; 1 done, but something was refused (it is listed); 2 wrong usage;
3 the home, database or encoder cannot be used; 4 the camera or stream cannot be used; 130 interrupted, what was
acknowledged is kept.

"""

TABLE = """| id | exit code | what to do |
|---|---|---|
"""

TRAINING = """
## Training

`attendance train` adds its own:

"""

REASONS = """
## Reasons of a decision

`refused` faces and photos that may not be enrolled say why:

| reason | meaning |
|---|---|
| `face_too_small` | fewer pixels than `min_face_px` (check) or `enroll_min_face_px` |
| `blurred` | no detail is left |
| `too_dark`, `too_bright` | features drown |
| `pose` | the head is turned or tilted too far |
| `detector_unsure` | perhaps no face at all |
| `edge` | the picture's edge cuts the face |
| `low_quality` | nothing fails alone, but all together is below `enroll_min_quality` |
| `not_finite` | a number that is none came out of a model: nothing is compared |

`review` says what a person should look at:

| reason | meaning |
|---|---|
| `close_call` | the score lies between the review threshold and the threshold |
| `small_lead` | the second person is closer than `margin` |
| `look_alike` | somebody remembered as hard to tell apart is a candidate, too, and the lead over them is not \
clear (`lookalike_margin`) |
| `person_taken` | another face in the same picture has the better claim |
| `track_switched` | the track of a video turned into somebody else |
| `few_frames` | too few frames of the track agree on the person (`vote_frames`) |
| `mark_voided` | somebody has voided this mark; only a person makes it again |
| `liveness_attack` | what was seen moves, or stands still, as a picture does ([liveness.md](liveness.md)) |
| `liveness_unsure` | it could not be told that a living face was there, which the setting `liveness` or a turn of the \
head asked for |
| `virtual_camera` | the pictures come from a program that calls itself a camera |

`unknown` with `gallery_empty`: nobody is enrolled (in the group asked for).
"""

FOR_PROGRAMS = """
## The classes

A program that uses the packages catches one class, a family (a class with others below it) or all: `refusal.Refusal`.

"""

SETTINGS_HEAD = """# Settings

Later wins: default, `config.toml` in the home (`attendance config set NAME VALUE`), environment, flag.
`attendance config show` tells each value and where it came from.

| name | default | may be | environment | meaning |
|---|---|---|---|---|
"""

VARIABLES_HEAD = """
## Other variables

| variable | meaning |
|---|---|
"""

COMMANDS_HEAD = """# Commands

`attendance COMMAND --help` tells the flags. Every command takes `--home` (or `ATTENDANCE_HOME`) and `--debug`.

| command | what it does |
|---|---|
"""

RIGHTS_HEAD = """# Who may do what

One table (`attendance/access/rights.py`) is asked by every page, every request of the API and every service. An admin
does everything; a teacher what concerns the people of their own groups; an auditor reads everything and changes
nothing; a kiosk marks people at its door. A program has what the scopes of its token open, until the token ends.
Commands are run at the machine: whoever may run them has the files of the home, and so may do everything. They act as
the system's user, whom the log names; the last column tells which of them make use of a right.

| right | it lets | who has it | scope of a token | commands |
|---|---|---|---|---|
"""


def errors() -> str:
    """errors.md: every id of the product's three error trees, of training's, and the reasons."""
    return ERRORS + _table(catalogue()) + TRAINING + _table(named(TrainError)) + REASONS + FOR_PROGRAMS + _trees()


def _trees() -> str:
    trees = ("\n".join(drawn(base)) for base in (AttendanceError, EnrollError, GalleryError, TrainError))
    return "\n".join(f"```\n{tree}\n```\n" for tree in trees)


def _table(entries: Iterable[type[Refusal]]) -> str:
    return TABLE + "".join(f"| `{entry.id}` | {entry.exit_code} | {entry.help} |\n" for entry in entries)


def settings() -> str:
    """settings.md: the settings table."""
    rows = (
        f"| `{row.name}` | {str(row.default).lower()} | {row.expected} | `{row.env}` | {row.help} |"
        for row in SETTINGS.values()
    )
    others = (f"| `{name}` | {text} |" for name, text in OTHER_VARIABLES.items())
    return SETTINGS_HEAD + "\n".join(rows) + "\n" + VARIABLES_HEAD + "\n".join(others) + "\n"


def commands() -> str:
    """commands.md: every command of the command line."""
    from attendance.cli.root import app

    rows = (f"| `attendance {name}` | {text} |" for name, text in _walk(typer.main.get_command(app), ""))
    return COMMANDS_HEAD + "\n".join(rows) + "\n"


def _walk(command: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for name, child in sorted(getattr(command, "commands", {}).items()):
        path = f"{prefix}{name}"
        if getattr(child, "commands", None):
            yield from _walk(child, f"{path} ")
        else:
            yield path, (child.help or "").strip().split("\n\n")[0].replace("\n", " ")


def rights() -> str:
    """rights.md: which role has which right, and which scopes and commands make use of it."""
    from attendance.cli.root import app

    there = [name for name, _ in _walk(typer.main.get_command(app), "")]
    rows = []
    for right, rule in RIGHTS.items():
        using = ", ".join(f"`{name}`" for name in there if COMMANDS.get(name) == right)
        roles, scopes = (", ".join(sorted(each)) for each in (rule.roles, rule.scopes))
        rows.append(f"| `{right}` | {rule.says} | {roles} | {f'`{scopes}`' if scopes else ''} | {using} |")
    return RIGHTS_HEAD + "\n".join(rows) + "\n"


PAGES = {"errors.md": errors, "settings.md": settings, "commands.md": commands, "rights.md": rights}


if __name__ == "__main__":
    for page, render in PAGES.items():
        (HERE / page).write_text(render(), encoding="utf-8")
