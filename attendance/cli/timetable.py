"""attendance timetable: rules that say when who is expected, and what a change of them would do."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading, writing
from attendance.cli.output import confirm, json_line, line, printable, records, say

if TYPE_CHECKING:
    from attendance.services.previewing import Preview
    from attendance.services.shownrules import Changed
    from attendance.timetable.ruleparts import Parts

COLUMNS = ("name", "whom", "says", "since", "until")
PREVIEW_COLUMNS = ("kind", "day", "entry", "person", "before", "after")
NEXT = 10
"""Occurrences that 'show' looks ahead."""
MOST_REMARKS = 6

app = typer.Typer(
    help="When who is expected: add rules, change them from a day on, skip or move single days, preview a change.",
    no_args_is_help=True,
)


class How(StrEnum):
    """How marks become times of presence."""

    ONCE = "once"
    FIRST_LAST = "first-last"
    PAIRS = "pairs"


Name = Annotated[str, typer.Argument(help="The rule's name.", metavar="NAME")]
Begins = Annotated[str | None, typer.Option(help="When it begins, on the wall of its zone.", metavar="08:00")]
Ends = Annotated[str | None, typer.Option(help="When it ends; before --begins: on the next day.", metavar="08:45")]
Group = Annotated[str | None, typer.Option(help="For the people of this group.", metavar="NAME")]
Whom = Annotated[
    str | None, typer.Option("--person", help="For this person alone: id or exact name.", metavar="PERSON")
]
First = Annotated[str | None, typer.Option("--from", help="From this day on; else from today.", metavar="DAY")]
Until = Annotated[str | None, typer.Option(help="Its last day.", metavar="DAY")]
Reason = Annotated[str, typer.Option(help="Why; kept with the version.", metavar="TEXT")]
Day = Annotated[str, typer.Argument(help="The day, YYYY-MM-DD.", metavar="DAY")]


def _minutes(told: str) -> object:
    return Annotated[int | None, typer.Option(help=told, metavar="MIN")]


PARTS: Mapping[str, object] = MappingProxyType(
    {
        "weekly": Annotated[str | None, typer.Option(help="Its weekdays, such as MO,TU.", metavar="DAYS")],
        "begins": Begins,
        "ends": Ends,
        "on": Annotated[str | None, typer.Option(help="The one day it takes place on.", metavar="DAY")],
        "rrule": Annotated[
            str | None, typer.Option(help="Its days, such as FREQ=WEEKLY;INTERVAL=2;BYDAY=MO.", metavar="TEXT")
        ],
        "zone": Annotated[str | None, typer.Option(help="The zone of its times; else the site's.", metavar="ZONE")],
        "opens_before": _minutes("Marks count from so long before it begins."),
        "closes_after": _minutes("Marks count until so long after it ends."),
        "late_grace": _minutes("Up to so long after the beginning nobody is late."),
        "early_grace": _minutes("From so long before the end nobody leaves early."),
        "half_day": _minutes("Who was there for less is partly there; 0: no such rule."),
        "absent_below": _minutes("Who was there for less is absent; 0: no such rule."),
        "pairing": Annotated[
            How | None, typer.Option(help="once: one mark is enough; first-last and pairs: hours are counted.")
        ],
        "breaks": Annotated[
            list[str] | None,
            typer.Option(
                "--break", help="A break, unpaid unless ',paid' follows; may be repeated; none.", metavar="12:00-12:30"
            ),
        ],
        "auto_close": Annotated[
            str | None,
            typer.Option(help="Close what nobody checked out of so long after the end; none: never.", metavar="MIN"),
        ],
        "always": Annotated[
            bool | None, typer.Option("--always/--by-calendar", help="Also on days that the calendar closes, or not.")
        ],
        "site": Annotated[str | None, typer.Option(help="The building or branch it is at.", metavar="TEXT")],
    }
)
"""The flags that say what a rule is made of, by the names of `Parts`."""


def with_parts(command: Callable[..., None]) -> Callable[..., None]:
    """A command with a flag for each part of a rule; it gets them together, as ``parts``."""

    @wraps(command)
    def run(**given: Any) -> None:
        from attendance.timetable.ruleparts import Parts

        told = {part: given.pop(part) for part in PARTS}
        breaks = told.pop("breaks")
        command(parts=Parts(breaks=tuple(breaks) if breaks else None, **told), **given)

    own = [each for each in signature(command).parameters.values() if each.name != "parts"]
    flags = [Parameter(part, Parameter.KEYWORD_ONLY, default=None, annotation=told) for part, told in PARTS.items()]
    run.__signature__ = Signature([own[0], *flags, *own[1:]])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in (*own, *flags)}
    return run


@app.command(epilog=options.EXIT_CODES)
@with_parts
def add(
    name: Name,
    *,
    parts: "Parts",
    group: Group = None,
    person: Whom = None,
    first: First = None,
    until: Until = None,
    reason: Reason = "",
    home: options.Home = None,
) -> None:
    """Add a rule for a group, a person, or with neither for everybody."""
    begin, end = options.day_of(first, "--from"), options.day_of(until, "--until")
    with writing(home) as opened:
        made = opened.timetables.add(
            opened.actor, name, parts, group=group, person=person, first=begin, until=end, reason=reason
        )
        _tell("added", made)


@app.command("list", epilog=options.EXIT_CODES)
def list_(
    *,
    ended: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List the rules by name: what each says today, for whom, since when and until when."""
    with reading(home) as opened:
        found = opened.timetables.all(ended_too=ended)
        rows = [each.to_dict() if as_json else each.row() for each in found]
    records(rows, as_json=as_json, columns=COLUMNS, whole=("name", "says"))
    if not rows:
        say("there is no rule" if ended else "there is no rule that goes on; --all shows those that have ended")


@app.command(epilog=options.EXIT_CODES)
def show(name: Name, *, as_json: options.Json = False, home: options.Home = None) -> None:
    """Show what a rule said and says, from which day on, by whom and why, and when it takes place next."""
    with reading(home) as opened:
        found = opened.timetables.find(name, coming=NEXT)
    if as_json:
        line(json_line({"schema": 1, **found.to_dict(), "versions": found.versions(), "next": found.coming()}))
        return
    for text in found.lines():
        line(printable(text))


@app.command(epilog=options.EXIT_CODES)
@with_parts
def change(
    name: Name,
    *,
    parts: "Parts",
    first: First = None,
    until: Until = None,
    reason: Reason = "",
    home: options.Home = None,
) -> None:
    """Change what is given and nothing else, from a day on; days before it keep what held then.

    With --from alone a rule that begins later, or has ended, holds from that day on.
    """
    begin, end = _something(parts, first, until)
    with changing(home) as opened:
        _tell("changed", opened.timetables.change(opened.actor, name, parts, first=begin, until=end, reason=reason))


@app.command(epilog=options.EXIT_CODES)
@with_parts
def preview(
    name: Name,
    *,
    parts: "Parts",
    first: First = None,
    until: Until = None,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List each status that 'change' with the same flags would alter, and what would come and go; change nothing."""
    begin, end = _something(parts, first, until)
    with reading(home) as opened:
        _show(opened.timetables.preview(name, parts, first=begin, until=end), as_json=as_json)


@app.command(epilog=options.EXIT_CODES)
def skip(name: Name, day: Day, *, reason: Reason = "", home: options.Home = None) -> None:
    """Let it not take place on one day; all other days stay as they are."""
    on = _day(day)
    with changing(home) as opened:
        _tell("changed", opened.timetables.skip(opened.actor, name, on, reason=reason))


@app.command(epilog=options.EXIT_CODES)
def move(
    name: Name,
    day: Day,
    *,
    to: Annotated[str | None, typer.Option(help="The day it is moved to; else the same.", metavar="DAY")] = None,
    begins: Begins = None,
    ends: Ends = None,
    reason: Reason = "",
    home: options.Home = None,
) -> None:
    """Move what takes place on one day to another day or other times; all other days stay as they are."""
    if to is None and begins is None and ends is None:
        raise typer.BadParameter("say where to", param_hint="--to, --begins, --ends")
    on, target = _day(day), options.day_of(to, "--to")
    with changing(home) as opened:
        _tell("changed", opened.timetables.move(opened.actor, name, on, target, begins, ends, reason=reason))


@app.command(epilog=options.EXIT_CODES)
def extra(
    name: Name,
    day: Day,
    *,
    begins: Begins = None,
    ends: Ends = None,
    reason: Reason = "",
    home: options.Home = None,
) -> None:
    """Let it take place on one more day, at its own times unless others are given."""
    on = _day(day)
    with changing(home) as opened:
        made = opened.timetables.add_day(opened.actor, name, on, begins, ends, reason=reason)
        _tell("changed", made)


@app.command(epilog=options.EXIT_CODES)
def remove(
    name: Name,
    *,
    first: Annotated[str, typer.Option("--from", help="The first day on which it is none any more.", metavar="DAY")],
    reason: Reason = "",
    home: options.Home = None,
) -> None:
    """End a rule from a day on; days before it keep what held then."""
    begin = options.day_of(first, "--from")
    with changing(home) as opened:
        _tell("ended", opened.timetables.remove(opened.actor, name, first=begin or date.max, reason=reason))


@app.command("import", epilog=options.EXIT_CODES)
def import_(
    file: Annotated[Path, typer.Argument(help="A calendar (.ics) or a table (.csv) of rules.", metavar="FILE")],
    *,
    group: Group = None,
    person: Whom = None,
    first: First = None,
    yes: options.Yes = False,
    home: options.Home = None,
) -> None:
    """Take in the rules of a file: what would be added or changed is shown first, then all of it is done or nothing."""
    begin = options.day_of(first, "--from")
    with writing(home) as opened:
        found = opened.timetables.read_file(file, group=group, person=person, first=begin)
        for text in found.lines():
            say(text)
        if found.empty:
            say("all of it is there already")
        else:
            confirm("Take this in?", yes=yes)
            for each in opened.timetables.take_in(opened.actor, found):
                _tell("taken in", each)
    if found.refused:
        raise typer.Exit(1)


def _tell(what: str, made: "Changed") -> None:
    rule = made.rule
    if made.new:
        say(f"{what}: {rule.stored.name}, {rule.whom}, {made.told}")
    else:
        say(f"{rule.stored.name} says so already: nothing is changed")
    for remark in made.remarks[:MOST_REMARKS]:
        say(f"note: {remark}")
    if len(made.remarks) > MOST_REMARKS:
        say(f"note: and {len(made.remarks) - MOST_REMARKS} more of this kind")


def _show(found: "Preview", *, as_json: bool) -> None:
    rows = [each.to_dict() if as_json else each.row() for each in found.statuses]
    rows += [each.to_dict() if as_json else each.row() for each in found.times]
    records(rows, as_json=as_json, columns=PREVIEW_COLUMNS, whole=("person", "entry"))
    for text in found.lines():
        say(text)


def _something(parts: "Parts", first: str | None, until: str | None) -> tuple[date | None, date | None]:
    """The days given; that nothing is to be changed is wrong usage. With a day alone it holds from that day on, too."""
    if parts.empty and first is None and until is None:
        raise typer.BadParameter("say what to change", param_hint="--weekly, --begins, --ends, --until, …")
    return options.day_of(first, "--from"), options.day_of(until, "--until")


def _day(text: str) -> date:
    found = options.day_of(text, "DAY")
    if found is None:
        raise typer.BadParameter("give a day", param_hint="DAY")
    return found
