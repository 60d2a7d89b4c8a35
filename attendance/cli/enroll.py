"""attendance enroll: a photo, a folder or a roster becomes people who can be recognised."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import writing
from attendance.cli.output import csv_line, json_line, line, on_terminal, printable, progress, say, table

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.enrolment import Enrolled, NotEnrolled
    from enroll.roster import Entry

LIST_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})


def enroll(
    source: Annotated[Path, typer.Argument(help="A photo (needs --name), a folder of photos, or a CSV list.")],
    *,
    name: Annotated[str | None, typer.Option(help="The person's name; for a single photo.")] = None,
    external_id: Annotated[str | None, typer.Option("--id", help="The person's id; else one is made up.")] = None,
    group: options.Groups = None,
    replace: Annotated[bool, typer.Option("--replace", help="Drop the person's earlier templates.")] = False,
    allow_duplicate: Annotated[
        bool, typer.Option("--allow-duplicate", help="Enrol a new person even if they look like somebody enrolled.")
    ] = False,
    multi: Annotated[str | None, typer.Option(help="Several faces in a photo: error or largest.")] = None,
    setting: options.Set = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Enrol one person from one photo, or many from a folder or a list.

    A flat folder names people by file ("Ada Lovelace.jpg"), a folder of folders by folder. A list is CSV
    with the columns photo and name, and optionally id and group. Running it again changes nothing.
    """
    entries = _entries(source, name, external_id, tuple(group or ()))
    with writing(home, options.flags(setting, multi=multi), preload=name is not None) as app:
        refused = _run(app, entries, bulk=name is None, as_json=as_json, replace=replace, duplicate=allow_duplicate)
    if refused:
        raise typer.Exit(1)


def _entries(source: Path, name: str | None, external_id: str | None, groups: tuple[str, ...]) -> "list[Entry]":
    import dataclasses

    from enroll.roster import Entry, clean_name, read_roster, skipped_files, walk_folder

    many = source.is_dir() or source.suffix.lower() in LIST_SUFFIXES
    if many and (name is not None or external_id is not None):
        raise typer.BadParameter("is for a single photo; a folder or list names its people itself", param_hint="--name")
    if not many and name is None:
        raise typer.BadParameter("a single photo needs it", param_hint="--name")
    if not many:
        return [Entry(source, clean_name(name or ""), external_id, groups)]
    if not source.is_dir():
        found = read_roster(source)
    else:
        found = walk_folder(source)
        for path in skipped_files(source):
            say(f"{path}: skipped, no photo by its name")
    return [dataclasses.replace(entry, groups=tuple(dict.fromkeys((*entry.groups, *groups)))) for entry in found]


def _run(
    app: "Attendance", entries: "list[Entry]", *, bulk: bool, as_json: bool, replace: bool, duplicate: bool
) -> int:
    """Enrol and print; how many photos were refused."""
    tally: Counter[str] = Counter()
    told: set[str] = set()
    with progress("Enrolling", len(entries) if bulk else 0) as advance:
        for outcome in app.enroll_many(entries, replace=replace, allow_duplicate=duplicate):
            _show(outcome, as_json=as_json)
            _warn(outcome, told)
            tally.update(_kinds(outcome))
            advance()
    if bulk:
        _coverage(tally)
    return sum(count for kind, count in tally.items() if kind.startswith("refused"))


def _kinds(outcome: "Enrolled | NotEnrolled") -> list[str]:
    from attendance.enrolment import Enrolled

    if isinstance(outcome, Enrolled):
        return [outcome.outcome]
    return ["refused: " + (", ".join(outcome.problem.reasons) or outcome.problem.id)]


def _show(outcome: "Enrolled | NotEnrolled", *, as_json: bool) -> None:
    from attendance.enrolment import Enrolled

    if not isinstance(outcome, Enrolled):
        say(outcome.problem.line)
    if as_json:
        line(json_line(outcome.to_dict()))
    elif not on_terminal():
        found: dict[str, Any] = outcome.to_dict()
        quality = (found["quality"] or {}).get("score")
        why = found["reasons"] or ([found["error"]] if found["error"] else [])
        line(csv_line((found["source"], found["outcome"], found["name"], found["id"], quality, why)))
    elif isinstance(outcome, Enrolled):
        quality = "" if outcome.quality is None else f", quality {outcome.quality.score}"
        line(printable(f"{outcome.outcome:9} {outcome.person.name} ({outcome.person.id}){quality}"))


def _warn(outcome: "Enrolled | NotEnrolled", told: set[str]) -> None:
    """Say what is odd about a photo; each pair of look-alikes once."""
    from attendance.enrolment import Enrolled

    if not isinstance(outcome, Enrolled):
        return
    for text in outcome.warnings:
        say(f"warning: {outcome.source}: {text}")
    for other in outcome.lookalikes:
        pair = f"{outcome.person.name} ({outcome.person.id}) and {other.person.name} ({other.person.id})"
        if pair not in told:
            told.add(pair)
            say(f"look-alike: {pair}, score {other.score:.3f}; checks between them ask for review")


def _coverage(tally: "Counter[str]") -> None:
    import sys

    rows = sorted(tally.items(), key=lambda item: (item[0].startswith("refused"), -item[1], item[0]))
    if sys.stderr.isatty():
        table(("outcome", "photos"), [*rows, ("total", tally.total())], to_stderr=True)
    else:
        say(", ".join(f"{kind} {count}" for kind, count in [*rows, ("total", tally.total())]))
