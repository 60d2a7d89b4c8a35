"""attendance backup, attendance restore: a whole home in one sealed file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.output import json_line, line, say
from refusal import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.services.backup import Saved


def backup(
    target: Annotated[Path, typer.Argument(help="The new file.", metavar="FILE")],
    *,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Write the whole home, with its settings, to one sealed file; others may go on writing meanwhile.

    The key is not in it: without a copy of the key file, kept apart, nobody can ever open the backup. Before the file
    gets its name it is read back from the disk and compared.
    """
    from attendance.cli.opening import actor
    from attendance.clock import SystemClock
    from attendance.home import home_folder
    from attendance.paths import shown_path
    from attendance.services.backup import backup as save
    from attendance.services.backup import is_recoverable, key_words, settings_fault

    folder = home_folder(home)
    done = save(folder, target, SystemClock(), actor().name)
    _tell(done, {"file": shown_path(target), "bytes": target.stat().st_size}, as_json=as_json)
    say(f"wrote {shown_path(target)}, read it back and compared: {_counted(done)}")
    say(f"only {key_words(folder)} opens it: keep a copy of that file, apart from the backup")
    if is_recoverable(target):
        say("the private recovery key opens it, too: all but what the key of the home seals comes back by it")
    elif fault := settings_fault(folder):
        say(f"no recovery key opens it, as the settings cannot be read: {fault}")


def restore(
    source: Annotated[Path, typer.Argument(help="A file made by 'attendance backup'.", metavar="FILE")],
    *,
    key: Annotated[
        Path | None,
        typer.Option(help="A copy of the key file of the home; else it lies in the new folder.", metavar="KEYFILE"),
    ] = None,
    recovery: Annotated[
        Path | None,
        typer.Option(
            help="The private recovery key, where the home's own is lost: all but what that sealed comes back.",
            metavar="FILE",
        ),
    ] = None,
    erased: Annotated[
        list[Path] | None,
        typer.Option(
            help="A list of what was erased since, beside those that lie with the backup and in the folder.",
            metavar="FILE",
        ),
    ] = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Make a home from a backup, in a folder where there is none yet; what was erased since is erased again."""
    from attendance.cli.opening import actor
    from attendance.clock import SystemClock
    from attendance.home import home_folder
    from attendance.paths import shown_path
    from attendance.records import instant
    from attendance.services.backup import orphan_lines, orphans, upgraded_to
    from attendance.services.backup import restore as make

    if key is not None and recovery is not None:
        raise typer.BadParameter("give either --key or --recovery", param_hint="--recovery")
    folder, lists = home_folder(home), tuple(erased or ())
    done = make(source, folder, key, recovery=recovery, lists=lists, clock=SystemClock(), by=actor().name)
    more = {"erased_again": dict(done.erased), "gone": dict(done.gone), "without_owner": orphans(done)}
    _tell(done, {"file": shown_path(source), **more}, as_json=as_json)
    say(f"restored {folder} as it was at {instant(done.created)}: {_counted(done)}")
    for text in orphan_lines(done):
        say(text)
    if done.lost:
        had = counted(len(done.lost), "row had lost its owner", "rows had lost their owner")
        say(f"{had}: the next backup has another digest")
    if done.erased:
        say(f"erased again, as it was erased since: {_words(done.erased)}")
    if not done.lists:
        say(
            "no list of what was erased since lay beside the backup or in the folder: whoever was erased is there again"
        )
    if recovery is not None:
        say(f"sealed with the lost key, and gone: {_words(done.gone) or 'nothing'}; the home has a new key now")
    if newer := upgraded_to(done):
        say(f"its schema {done.revision} was upgraded to {newer}: the next backup has another digest")
    say("try it with 'attendance doctor --full', and delete the copy of the key where it should not stay")


def _tell(done: "Saved", more: dict[str, Any], *, as_json: bool) -> None:
    """The result: the digest, by which two homes are compared."""
    from attendance.records import instant

    if not as_json:
        line(f"sha256:{done.digest}")
        return
    told = {
        "digest": f"sha256:{done.digest}",
        "home": done.home_id,
        "schema_revision": done.revision,
        "created": instant(done.created),
        "rows": done.rows,
    }
    line(json_line({"schema": 1, **more, **told}))


def _words(counts: "Mapping[str, int]") -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items())


def _counted(done: "Saved") -> str:
    return ", ".join(f"{name} {count}" for name, count in done.rows.items() if count)
