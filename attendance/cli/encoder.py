"""attendance encoder: which encoder the home goes by, and how it comes to another one."""

from typing import TYPE_CHECKING, Annotated

import typer

from attendance.cli import options
from attendance.cli.opening import changing, reading
from attendance.cli.output import confirm, progress, records, say
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.encoders import Standing, Switched
    from attendance.services.reembedding import Reembedding

CHANGES = ("of", "number", "old", "new", "old_score", "new_score")
STATUS = ("encoder", "pipeline", "in_force", "people", "waiting", "lost", "missing")

Name = Annotated[
    str, typer.Argument(help="Name of a shipped encoder, or a folder.", metavar="ENCODER", show_default=False)
]

app = typer.Typer(help="Go over to another encoder: prepare, compare, switch, roll back.", no_args_is_help=True)


@app.command(epilog=options.EXIT_CODES)
def status(
    names: Annotated[
        list[str] | None, typer.Argument(help="Others to tell of, too.", metavar="ENCODER", show_default=False)
    ] = None,
    *,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Tell which encoder is in force, which was before, and how many people each reaches."""
    with reading(home) as opened:
        encoders = opened.encoders
        known = [encoders.in_force, *(names or ()), *([encoders.before] if encoders.before else [])]
        found = [(name, encoders.standing(name)) for name in dict.fromkeys(known)]
        rows = [_row(each, in_force=name == encoders.in_force) for name, each in found]
    records(rows, as_json=as_json, columns=STATUS)


@app.command(epilog=options.EXIT_CODES)
def prepare(name: Name, *, home: options.Home = None) -> None:
    """Make the templates of another encoder from the kept crops, beside those in force; may be broken off."""
    with changing(home) as opened:
        _run(opened.encoders.prepare(opened.actor, name))
        _tell(opened.encoders.standing(name))


@app.command(epilog=options.EXIT_CODES)
def compare(
    name: Name,
    *,
    most: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many sightings, and photos, at most.", metavar="COUNT")
    ] = 10_000,
    as_json: options.Json = False,
    home: options.Home = None,
) -> None:
    """List the decisions that would change with another encoder: of the newest sightings, and of enrolled photos.

    Each enrolled photo is judged as if it were not enrolled: by the person's other photos, and among all others.
    """
    from attendance.services.encodercompare import rows, summary

    with changing(home) as opened:
        found = opened.encoders.compare(opened.actor, name, most)
        with progress("Comparing", found.total) as advance:
            for _ in found:
                advance()
        records(rows(found), as_json=as_json, columns=CHANGES)
        for text in summary(found):
            say(text)


@app.command(epilog=options.EXIT_CODES)
def switch(name: Name, *, yes: options.Yes = False, home: options.Home = None) -> None:
    """Put another encoder in force for all processes of the home; what was not prepared yet is made first."""
    with changing(home) as opened:
        _run(opened.encoders.prepare(opened.actor, name))
        lost = opened.encoders.standing(name).reached
        if lost.lost or lost.waiting:
            whoever = counted(lost.lost + lost.waiting, "person is", "people are")
            confirm(f"Switch, though {whoever} not recognised until a photo is enrolled again?", yes=yes)
        _switched(opened.encoders.switch(opened.actor, name))


@app.command(epilog=options.EXIT_CODES)
def rollback(*, home: options.Home = None) -> None:
    """Put the encoder in force again that was before; who was enrolled since gets its templates from kept crops."""
    with changing(home) as opened:
        _switched(opened.encoders.rollback(opened.actor))


def _run(run: "Reembedding") -> None:
    with progress("Embedding", run.total) as advance:
        for _ in run:
            advance()
    if run.total:
        say(f"{counted(run.made, 'template')} made, {counted(run.failed, 'crop')} could not be used")
    if run.refused:
        say(f"left as they are, as their people have not agreed to it: {counted(run.refused, 'crop')}")


def _tell(found: "Standing") -> None:
    reached = found.reached
    say(f"{found.pipeline} reaches {counted(reached.have, 'person', 'people')}")
    if reached.lost or reached.waiting:
        whoever = counted(reached.lost + reached.waiting, "person", "people")
        say(f"not recognised with it until a photo is enrolled again: {whoever}")


def _switched(done: "Switched") -> None:
    if done.changed:
        say(f"in force is {done.new.encoder} now, before it was {done.old}")
        say(f"the templates of {done.old} stay: 'attendance encoder rollback' goes back")
    else:
        say(f"in force is {done.new.encoder} already")
    _tell(done.new)


def _row(found: "Standing", *, in_force: bool) -> dict[str, object]:
    reached = found.reached
    told = {"encoder": found.encoder, "pipeline": found.pipeline, "in_force": in_force, "people": reached.have}
    return told | {"waiting": reached.waiting, "lost": reached.lost, "missing": found.missing}
