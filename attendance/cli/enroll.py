"""attendance enroll: photos, folders and lists become people who can be recognised."""

import itertools
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.consent import For, agreed
from attendance.cli.opening import writing
from attendance.cli.output import csv_line, json_line, line, on_terminal, printable, progress, say, table
from attendance.cli.renewing import renew

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.services.enrolment import Enrolled, NotEnrolled, Rules
    from attendance.services.rosters import Wanted

COLUMNS = ("source", "outcome", "name", "id", "quality", "reasons")


def enroll(
    source: Annotated[
        list[Path],
        typer.Argument(help="A photo (alone it needs --name), several photos, folders of photos, CSV lists."),
    ],
    *,
    name: Annotated[str | None, typer.Option(help="The person's name; for exactly one photo.")] = None,
    external_id: Annotated[
        str | None, typer.Option("--id", help="The person's id, for exactly one photo; else one is made up.")
    ] = None,
    group: options.Groups = None,
    replace: Annotated[bool, typer.Option("--replace", help="Drop the person's earlier templates.")] = False,
    allow_duplicate: Annotated[
        bool, typer.Option("--allow-duplicate", help="Enrol a new person even if they look like somebody enrolled.")
    ] = False,
    same_person: Annotated[
        bool, typer.Option("--same-person", help="File a face that is unlike the person's earlier photos, too.")
    ] = False,
    multi: Annotated[
        str | None, typer.Option(help="Several faces in a photo: portrait (the one clearly meant), error, or largest.")
    ] = None,
    consent: Annotated[
        options.GivenBy | None,
        typer.Option(help="They have agreed that their face is kept: self, or guardian for them.", show_default=False),
    ] = None,
    giver: Annotated[str | None, typer.Option(help="With --consent guardian: their name.", metavar="NAME")] = None,
    paper: Annotated[
        Path | None, typer.Option(help="With --consent: the signed paper; its SHA-256 alone is kept.", metavar="FILE")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="With --consent: the last day on which it holds.", metavar="DAY")
    ] = None,
    purpose: Annotated[
        list[For] | None,
        typer.Option("--for", help="With --consent: face, photo, unknown; may be repeated; else face alone."),
    ] = None,
    header: Annotated[
        bool, typer.Option("--header/--no-header", help="Name the columns above the lines of piped output.")
    ] = True,
    setting: options.Set = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Enrol one person from one photo, or many from several photos, folders or lists.

    Several photos, and those of a flat folder, name people by file ("Ada Lovelace.jpg"), a folder of folders by
    folder. A list is CSV with the columns photo and name (or first name and last name), and optionally id, group and
    consent (self or guardian). What is wrong with one row or file refuses that one alone. Running it again changes
    nothing.

    A face unlike the earlier photos under its name is refused: two people of one name need an id each. With --name
    and --id it is filed, as the id says who it is.

    A school or a firm asks people before: --consent records in the same step that those on the photos have agreed.
    """
    from attendance.services.enrolment import Rules

    found = _wanted(source, name, external_id, tuple(group or ()))
    insisting = same_person or (name is not None and external_id is not None)
    with writing(home, options.flags(setting, multi=multi), preload=name is not None) as app:
        renew(app)
        said = agreed(app, consent, giver, paper, until, purpose)
        rules = Rules(replace=replace, allow_duplicate=allow_duplicate, same_person=insisting, agreed=said)
        show = OutcomePrinter(as_json=as_json, header=header)
        refused = _run(app, found, rules, show, bulk=name is None)
    if refused:
        raise typer.Exit(1)


def _wanted(sources: list[Path], name: str | None, external_id: str | None, groups: tuple[str, ...]) -> "Wanted":
    from attendance.services.rosters import is_many, of_photo, of_sources

    one = len(sources) == 1 and not is_many(sources[0])
    if not one and (name is not None or external_id is not None):
        flag = "--name" if name is not None else "--id"
        raise typer.BadParameter(
            "is for exactly one photo; several photos, folders and lists name their people themselves", param_hint=flag
        )
    if one and name is None:
        raise typer.BadParameter(
            "a single photo needs it (several photos, or a folder, name people by their files)", param_hint="--name"
        )
    return of_photo(sources[0], name or "", external_id, groups) if one else of_sources(sources, groups)


def _run(app: "Attendance", found: "Wanted", rules: "Rules", show: "OutcomePrinter", *, bulk: bool) -> int:
    """Enrol and print; how many photos were refused."""
    tally: Counter[str] = Counter()
    told: set[str] = set()
    if found.passed_over:
        say(f"passed over, no picture: {found.passed_over}")
    with progress("Enrolling", len(found) if bulk else 0) as advance:
        for outcome in itertools.chain(found.refused, app.enrolment.many(app.actor, found.entries, rules)):
            show(outcome)
            _warn(outcome, told)
            tally.update(_kinds(outcome))
            advance()
    if bulk:
        _coverage(tally)
    return sum(count for kind, count in tally.items() if kind.startswith("refused"))


def _kinds(outcome: "Enrolled | NotEnrolled") -> list[str]:
    from attendance.services.enrolment import Enrolled

    if isinstance(outcome, Enrolled):
        return [outcome.outcome]
    return ["refused: " + (", ".join(outcome.problem.reasons) or outcome.problem.id)]


class OutcomePrinter:
    """Prints outcomes one by one: on a terminal in words, else as CSV of `COLUMNS` or as JSON Lines."""

    def __init__(self, *, as_json: bool, header: bool) -> None:
        self._form = "json" if as_json else "words" if on_terminal() else "csv"
        self._head = header and self._form == "csv"

    def __call__(self, outcome: "Enrolled | NotEnrolled") -> None:
        """Print one, the first with the header above it; what was refused also as a message."""
        from attendance.services.enrolment import Enrolled

        if not isinstance(outcome, Enrolled):
            say(outcome.problem.line)
        if self._form == "json":
            line(json_line(outcome.to_dict()))
        elif self._form == "csv":
            self.head()
            line(csv_line(_cells(outcome.to_dict())))
        elif isinstance(outcome, Enrolled):
            quality = "" if outcome.quality is None else f", quality {outcome.quality.score}"
            line(printable(f"{outcome.outcome:9} {outcome.person.name} ({outcome.person.id}){quality}"))

    def head(self) -> None:
        """Print the header unless that is done."""
        if self._head:
            self._head = False
            line(csv_line(COLUMNS))


def _cells(found: dict[str, Any]) -> tuple[object, ...]:
    quality = (found["quality"] or {}).get("score")
    why = found["reasons"] or ([found["error"]] if found["error"] else [])
    return found["source"], found["outcome"], found["name"], found["id"], quality, why


def _warn(outcome: "Enrolled | NotEnrolled", told: set[str]) -> None:
    """Say what is odd about a photo; each pair of look-alikes once."""
    from attendance.services.enrolment import Enrolled

    if not isinstance(outcome, Enrolled):
        return
    for text in outcome.warnings:
        say(f"warning: {outcome.source}: {text}")
    for other in outcome.lookalikes:
        pair = f"{outcome.person.name} ({outcome.person.id}) and {other.person.name} ({other.person.id})"
        if pair not in told:
            told.add(pair)
            say(f"look-alike: {pair}, score {other.score:.3f}; a mark of one needs a clear lead over the other")


def _coverage(tally: "Counter[str]") -> None:
    import sys

    rows = sorted(tally.items(), key=lambda item: (item[0].startswith("refused"), -item[1], item[0]))
    if sys.stderr.isatty():
        table(("outcome", "photos"), [*rows, ("total", tally.total())], to_stderr=True)
    else:
        say(", ".join(f"{kind} {count}" for kind, count in [*rows, ("total", tally.total())]))
